"""What the page about the world outside shows is true, and what it says of the command line too."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from support import documents
from support.mail_server import mail_server
from support.other_server import other_server
from support.served import Hub
from support.tree import ROOT
from support.waiting import until

PAGE = ROOT / "docs" / "howto" / "talk-to-the-outside.md"
SENDING = """

@router.post("/mailed")
def mailed(to: str) -> str:
    from klods import mail

    return mail.send(to, "Hello", "Hi there")


@router.post("/asked")
def asked(at: str) -> int:
    from klods import http

    return http.get(at).status_code
"""


@pytest.fixture
def hub(tmp_path, host_database):
    it = Hub(tmp_path, host_database)
    it.klods("module", "create", "reports", "Reports")
    return it


def test_the_examples_work_and_their_test_passes(hub):
    *examples, test = documents.blocks(PAGE, "python")
    (hub.modules / "reports" / "backend" / "outside.py").write_text("\n\n".join(examples))
    (hub.modules / "reports" / "tests" / "test_outside.py").write_text(test + REFUSED)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", hub.modules / "reports" / "tests" / "test_outside.py"],
        check=False, env=hub.environment | {"KLODS_SMTP_URL": "smtp://localhost:1"}, cwd=hub.folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "4 passed" in done.stdout
    assert hub.run("module", "check", "reports").returncode == 0


REFUSED = """

def test_a_request_without_an_answer_fails_the_test():
    import pytest
    from klods import http

    with pytest.raises(AssertionError, match=r"nothing answers GET https://a.example/ here"):
        http.get("https://a.example/")


def test_the_query_counts_where_it_is_given(outgoing_http):
    from klods import http

    outgoing_http.on("GET", "https://a.example/x", httpx2.Response(200, text="any"))
    outgoing_http.on("GET", "https://a.example/x?page=2", httpx2.Response(200, text="second"))
    assert [http.get(f"https://a.example/x{query}").text for query in ("", "?page=1", "?page=2")] == ["any", "any", "second"]


def test_no_mail_and_no_request_is_left_from_the_test_before(outgoing_http, sent_mail):
    assert (list(sent_mail), len(sent_mail), outgoing_http.requests) == ([], 0, [])
"""


def test_secrets_in_addresses_do_not_get_into_the_log(hub):
    prepare(hub)
    with other_server() as server, hub.served():
        assert hub.post(f"/api/v1/reports/asked?at={server.address}/x%3Fkey=hidden")[0] == 200
        assert server.got == ["GET /x?key=hidden"]
    assert "hidden" not in (hub.folder / "server.log").read_text()


def prepare(hub):
    router = hub.modules / "reports" / "backend" / "router.py"
    router.write_text(router.read_text() + SENDING)
    hub.klods("module", "enable", "reports", "--live")


def test_mail_goes_from_a_request_to_the_mail_server_and_is_shown(hub):
    prepare(hub)
    with mail_server() as server:
        hub.extra |= {"KLODS_SMTP_URL": f"smtp://localhost:{server.port}", "KLODS_MAIL_FROM": "hub@example.com"}
        with hub.served("--workers", "2"):
            mail_ids = [hub.post(f"/api/v1/reports/mailed?to=anna{n}@example.com")[1] for n in range(6)]
            assert hub.post("/api/v1/reports/mailed?to=dry@example.com&dry_run=true")[0] == 200
            assert hub.post("/api/v1/reports/mailed?to=nobody")[0] == 422
            until(lambda: len(server.got) == 6)
            until(lambda: len(hub.klods("mail", "list", "--state", "sent")) == 6)
    assert sorted(recipients[0] for _, recipients, _ in server.got) == [f"anna{n}@example.com" for n in range(6)]
    shown = hub.klods("mail", "show", mail_ids[0])
    assert (shown["state"], shown["recipients"], shown["text"]) == ("sent", ["anna0@example.com"], "Hi there")
    refused = hub.run("mail", "retry", mail_ids[0])
    assert (refused.returncode, "was sent already" in refused.stderr) == (3, True)
    assert hub.run("mail", "show", "nothing").returncode == 4


def test_a_process_that_is_killed_while_it_sends_loses_no_mail(hub):
    prepare(hub)
    with mail_server(meanwhile=threading.Event()) as server:
        hub.extra |= {"KLODS_SMTP_URL": f"smtp://localhost:{server.port}", "KLODS_MAIL_FROM": "hub@example.com"}
        with hub.served() as process:
            assert hub.post("/api/v1/reports/mailed?to=anna@example.com")[0] == 200
            until(server.receiving.is_set)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        (waiting,) = hub.klods("mail", "list")
        assert (waiting["state"], waiting["tries"]) == ("waiting", 0)
        server.meanwhile.set()
        with hub.served():
            until(lambda: hub.klods("mail", "list")[0]["state"] == "sent")
    assert {message["message-id"] for _, _, message in server.got} == {f"<{waiting['id']}@example.com>"}


def test_without_a_mail_server_mail_waits_and_health_says_so(hub):
    prepare(hub)
    with hub.served():
        assert hub.get("/health")[1]["warnings"] == []
        mail_id = hub.post("/api/v1/reports/mailed?to=anna@example.com")[1]
        (warning,) = hub.get("/health")[1]["warnings"]
        assert "KLODS_SMTP_URL" in warning
    assert "waiting" in hub.run("mail", "list").stdout
    assert "Hi there" in hub.run("mail", "show", mail_id).stdout
    assert hub.klods("mail", "retry", mail_id) == {"waiting": mail_id}


def test_a_wrong_mail_server_stops_the_start_and_does_not_show_the_password(hub):
    hub.extra |= {"KLODS_SMTP_URL": "smtp://u:hidden@host/path", "KLODS_MAIL_FROM": "hub@example.com"}
    done = hub.run("mail", "list")
    assert (done.returncode, "KLODS_SMTP_URL" in done.stderr, "hidden" in done.stderr) == (2, True, False)
