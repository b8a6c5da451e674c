"""`klods.mail`: nothing goes out of what was undone, and nothing is lost of what was kept."""

# ruff: noqa: PT012 — what is tested here is what a block that fails leaves behind

import threading
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest
from support.isolated import install, isolated, working
from support.mail_server import PASSWORD, USER, mail_server, self_signed
from support.migrating import module_of
from support.waiting import until

from klods.db.database import Database
from klods.db.mail_queue import MailQueue
from klods.db.scope import enter
from klods.db.statements import savepoint
from klods.errors import AlreadySent, BlockingCall, InvalidMail, InvalidSettings, NoScope, NoSuchMail, ReadOnlyModule
from klods.kernel.mailing import MOST_TRIES, Verdict
from klods.outbound import mail
from klods.outbound.postman import Postman
from klods.outbound.smtp import read_mail_server

__all__ = ["isolated"]

SHOP = {"001_a.sql": "create table shop_items(id int);"}
SENDER = "The Hub <hub@example.com>"


@pytest.fixture
def hub(isolated, tmp_path):
    install(isolated, module_of(tmp_path, SHOP))
    install(isolated, module_of(tmp_path, {"001_a.sql": "create table other_items(id int);"}, "other"))
    return isolated


@pytest.fixture
def queue(hub):
    return MailQueue(hub)


def send(database, subject="Hello", to="anna@example.com", **more):
    with working(database, "shop"):
        return mail.send(to, subject, "Hi", **more)


def deliver(queue, server, **changes):
    made = read_mail_server(server.url, SENDER)
    return queue.deliver(replace(made, seconds=5, **changes).send)


@contextmanager
def posting(database, send):
    postman = Postman(MailQueue(database), send, database.mail_waits, seconds=60)
    postman.start()
    try:
        yield postman
    finally:
        postman.stop(10)


def subjects(queue, state=""):
    return [one.subject for one in queue.newest(50, state)]


def make_due(database):
    with database.connection() as connection:
        connection.execute("update klods.outgoing_mail set next_try_at = now() where state = 'waiting'")


def test_a_mail_that_is_kept_arrives(hub, queue):
    with mail_server() as server:
        mail_id = send(
            hub, to=["anna@example.com", "Bo <bo@example.com>"], html="<b>Hi</b>", attachments=[("a.txt", b"a")]
        )
        assert server.got == []
        assert deliver(queue, server) == 1
        assert deliver(queue, server) == 0
    ((sender, recipients, message),) = server.got
    assert (sender, recipients) == ("hub@example.com", ["anna@example.com", "bo@example.com"])
    assert (message["from"], message["subject"]) == (SENDER, "Hello")
    assert message["message-id"] == f"<{mail_id}@example.com>"
    assert [part.get_filename() for part in message.iter_attachments()] == ["a.txt"]
    found = queue.find(mail_id)
    assert (found.module, found.platform_id, found.state, found.tries, found.reason) == ("shop", 1, "sent", 1, "")


def test_what_is_rolled_back_is_never_sent(hub, queue):
    with pytest.raises(ZeroDivisionError), working(hub, "shop"):
        mail.send("anna@example.com", "undone", "Hi")
        raise ZeroDivisionError
    with working(hub, "shop"):
        with pytest.raises(ZeroDivisionError), savepoint():
            mail.send("anna@example.com", "undone too", "Hi")
            raise ZeroDivisionError
        mail.send("anna@example.com", "kept", "Hi")
    assert subjects(queue) == ["kept"]


def test_a_dry_run_tells_what_it_would_send_and_sends_nothing(hub, queue):
    with working(hub, "shop", dry=True) as dry:
        mail.send(["anna@example.com", "bo@example.com"], "Invoice 7", "Hi", attachments=[("7.pdf", b"1234")])
    assert subjects(queue) == []
    assert not hub.mail_waits.is_set()
    (noted,) = dry.changes.outgoing
    assert (noted.kind, noted.op, noted.target) == ("mail", "send", "anna@example.com, bo@example.com")
    assert noted.details == {"subject": "Invoice 7", "text": 2, "attachments": [{"name": "7.pdf", "size": 4}]}
    assert noted.size > 4
    assert dry.changes.header == "mail=1"


def test_a_read_only_module_sends_nothing(hub, queue):
    with working(hub, "shop", read_only=True), pytest.raises(ReadOnlyModule):
        mail.send("anna@example.com", "no", "Hi")
    assert subjects(queue) == []


def test_there_is_no_mail_without_a_scope_and_none_from_the_loop_of_the_server(hub):
    with pytest.raises(NoScope):
        mail.send("anna@example.com", "no", "Hi")
    with working(hub, "shop") as here:
        here.host_thread = threading.get_ident()
        with pytest.raises(BlockingCall):
            mail.send("anna@example.com", "no", "Hi")
    with enter(here), pytest.raises(NoScope):
        mail.send("anna@example.com", "no", "Hi")


def test_a_mail_with_a_fault_leaves_the_unit_as_it_was(hub, queue):
    with working(hub, "shop"):
        with pytest.raises(InvalidMail):
            mail.send("anna@example.com\nBcc: eve@example.com", "no", "Hi")
        mail.send("anna@example.com", "yes", "Hi")
    assert subjects(queue) == ["yes"]


@pytest.mark.parametrize("call", [
    "select klods.queue_mail('other', '{a@b.example}', 'x', '{}', 'x')",
    "select * from klods.outgoing_mail",
    "insert into klods.outgoing_mail(module, platform_id, recipients, subject, parts, message) values ('other', 1, '{a}', 'x', '{}', 'x')",
    "update klods.outgoing_mail set recipients = '{eve@example.com}'",
])  # fmt: skip
def test_postgresql_refuses_mail_in_the_name_of_another_module(hub, queue, call):
    with working(hub, "shop") as here, pytest.raises(psycopg.errors.InsufficientPrivilege), savepoint():
        here.unit.run(call)
    assert subjects(queue) == []


def test_without_roles_it_works_by_the_name_of_the_module(host_database):
    with Database(host_database, pool_size=2) as database:
        send(database)
        assert [one.module for one in MailQueue(database).newest(5)] == ["shop"]


def test_the_thread_is_woken_by_the_commit_and_not_before(hub, queue):
    tried = threading.Event()

    def take(mail):
        tried.set()
        return Verdict(sent=True)

    with posting(hub, take):
        with working(hub, "shop"):
            mail.send("anna@example.com", "Hello", "Hi")
            assert not tried.wait(0.3)
        assert tried.wait(10)
        until(lambda: subjects(queue, "sent") == ["Hello"])


def test_the_thread_survives_whatever_happens(hub, queue, caplog):
    answers = iter([ZeroDivisionError("first"), ZeroDivisionError("first"), None])

    def take(mail):
        if error := next(answers):
            raise error
        return Verdict(sent=True)

    postman = Postman(queue, take, hub.mail_waits, seconds=0.05)
    postman.start()
    try:
        send(hub)
        until(lambda: subjects(queue, "sent") == ["Hello"])
    finally:
        postman.stop(10)
    assert len([record for record in caplog.records if "mail cannot" in record.message]) == 1


def test_a_server_that_is_away_costs_nothing_but_time(hub, queue):
    with mail_server() as gone:
        pass
    for subject in ("one", "two"):
        send(hub, subject)
    assert deliver(queue, gone) == 0
    tried = [(one.tries, one.state) for one in queue.newest(5)]
    assert sorted(tried) == [(0, "waiting"), (1, "waiting")]
    assert any("cannot be reached" in one.reason for one in queue.newest(5))
    make_due(hub)
    with mail_server() as server:
        assert deliver(queue, server) == 2
    assert sorted(subjects(queue, "sent")) == ["one", "two"]


def test_a_mail_that_was_refused_waits_longer_each_time_and_is_given_up_in_the_end(hub, queue):
    mail_id = send(hub)
    with mail_server(answer_to_data="451 come back later") as server:
        for tries in range(1, MOST_TRIES + 1):
            assert deliver(queue, server) == 0
            assert deliver(queue, server) == 0
            assert queue.find(mail_id).tries == tries
            assert (queue.find(mail_id).state == "failed") is (tries == MOST_TRIES)
            make_due(hub)
        assert queue.find(mail_id).reason == "451 come back later"
        server.answer_to_data = "250 taken"
        assert deliver(queue, server) == 0
        queue.retry(mail_id)
        assert deliver(queue, server) == 1
    with pytest.raises(AlreadySent):
        queue.retry(mail_id)
    with pytest.raises(NoSuchMail):
        queue.retry("nothing")


@pytest.mark.parametrize("fields", [
    {"answer_to_data": "554 no"}, {"refusing": {"anna@example.com": "550 no such user"}}, {"needs_login": True}
])  # fmt: skip
def test_a_refusal_for_good_is_not_tried_again(hub, queue, fields):
    mail_id = send(hub)
    with mail_server(**fields) as server:
        deliver(queue, server)
    assert (queue.find(mail_id).state, queue.find(mail_id).tries) == ("failed", 1)


def test_recipients_that_are_refused_are_named_and_the_others_get_their_mail(hub, queue):
    mail_id = send(hub, to=["anna@example.com", "bo@example.com"])
    with mail_server(refusing={"bo@example.com": "550 no such user"}) as server:
        assert deliver(queue, server) == 1
    assert [recipients for _, recipients, _ in server.got] == [["anna@example.com"]]
    assert queue.find(mail_id).reason == "bo@example.com: 550 no such user"


def test_two_processes_do_not_send_the_same_mail(hub, queue):
    held = threading.Event()
    send(hub, "held")
    with mail_server(meanwhile=held) as server:
        first = threading.Thread(target=deliver, args=(queue, server))
        first.start()
        until(lambda: hub_locks(hub) > 0)
        send(hub, "free")
        other = []
        assert queue.deliver(lambda one: other.append(one.subject) or Verdict(sent=True)) == 1
        held.set()
        first.join(20)
    assert other == ["free"]
    assert [message["subject"] for _, _, message in server.got] == ["held"]


def hub_locks(database):
    with database.connection() as connection:
        return connection.execute(
            "select from pg_locks where relation = 'klods.outgoing_mail'::regclass and mode = 'RowShareLock'"
        ).rowcount


def test_a_crash_while_sending_loses_nothing(hub, queue):
    mail_id = send(hub)

    def crash(mail):
        raise SystemExit

    with pytest.raises(SystemExit):
        queue.deliver(crash)
    assert (queue.find(mail_id).state, queue.find(mail_id).tries) == ("waiting", 0)


def test_the_password_goes_only_through_tls(hub, queue, tmp_path, monkeypatch):
    certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(certificate=certificate, needs_login=True) as server:
        made = read_mail_server(f"smtp://{USER}:pass%40word@localhost:{server.port}", SENDER)
        assert made.password == PASSWORD
        assert PASSWORD not in repr(made)
        send(hub)
        assert queue.deliver(made.send) == 1
    assert (server.encrypted, server.logins) == ([True], [USER])


def test_no_password_is_sent_in_the_clear_to_another_machine(hub, queue, monkeypatch):
    mail_id = send(hub)
    with mail_server(needs_login=True) as server:
        made = read_mail_server(f"smtp://{USER}:secret@mail.example.com:{server.port}", SENDER)
        import smtplib

        monkeypatch.setattr(smtplib.SMTP, "_get_socket", lambda self, host, port, timeout: connect(server.port))
        assert queue.deliver(made.send) == 0
    assert server.logins == []
    assert "in the clear" in queue.find(mail_id).reason


def connect(port):
    import socket

    return socket.create_connection(("127.0.0.1", port), 5)


def test_a_certificate_that_nobody_knows_is_refused(hub, queue, tmp_path):
    mail_id = send(hub)
    with mail_server(certificate=self_signed(tmp_path)) as server:
        assert deliver(queue, server) == 0
    assert "certificate" in queue.find(mail_id).reason.lower()
    assert queue.find(mail_id).state == "waiting"


def test_a_wrong_password_is_waited_out(hub, queue):
    mail_id = send(hub)
    with mail_server() as server:
        made = read_mail_server(f"smtp://{USER}:wrong@localhost:{server.port}", SENDER)
        assert queue.deliver(made.send) == 0
    assert queue.find(mail_id).state == "waiting"
    assert "wrong" not in queue.find(mail_id).reason


@pytest.mark.parametrize("url", [
    "mail.example.com", "http://mail.example.com", "smtp://", "smtp://host:port", "smtp://host:99999", "smtp://u:hidden@host/path",
    "smtp://u:hidden@[::1", "smtp://host?x=1",
])  # fmt: skip
def test_a_url_that_names_no_server_is_refused_without_being_shown(url):
    with pytest.raises(InvalidSettings, match="KLODS_SMTP_URL") as refused:
        read_mail_server(url, SENDER)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("sender", ["", "hub", "hub@example.com\nBcc: x@example.com"])
def test_there_is_no_mail_without_a_sender(sender):
    with pytest.raises(InvalidSettings, match="KLODS_MAIL_FROM"):
        read_mail_server("smtp://localhost", sender)


def test_the_usual_ports_are_known():
    ports = {
        url: read_mail_server(url, SENDER).port for url in ("smtp://h", "smtp://u:p@h", "smtps://h", "smtps://h:1")
    }
    assert list(ports.values()) == [25, 587, 465, 1]


def test_what_was_sent_is_forgotten_after_a_month_and_what_waits_is_not(hub, queue):
    for subject in ("old", "waiting"):
        send(hub, subject)
    with hub.connection() as connection:
        connection.execute("update klods.outgoing_mail set at = now() - interval '40 days'")
        connection.execute(
            "update klods.outgoing_mail set state = 'sent', sent_at = now() - interval '31 days' where subject = 'old'"
        )
    assert queue.forget_sent() == 1
    assert subjects(queue) == ["waiting"]


def test_a_hub_without_a_mail_server_says_so_only_when_mail_waits(hub):
    from klods.bootstrap import Klods
    from klods.db.roles.isolating import Isolation
    from klods.settings import Settings

    silent = Klods(Settings(_env_file=None, smtp_url=None), hub, Isolation.ROLES, SimpleNamespace())
    assert silent.warnings() == ()
    send(hub)
    assert silent.warnings() == ("mail waits (1), because KLODS_SMTP_URL names no mail server",)
    served = Klods(
        Settings(_env_file=None, smtp_url="smtp://localhost", mail_from=SENDER), hub, Isolation.ROLES, SimpleNamespace()
    )
    assert served.warnings() == ()
