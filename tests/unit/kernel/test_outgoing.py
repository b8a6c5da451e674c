"""What is known about a request before it is sent."""

from hypothesis import given
from hypothesis import strategies as st

from klods.kernel.changes import Changes, Outgoing
from klods.kernel.outgoing import READS, only_reads, shown_url

WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-~%&=+", min_size=1, max_size=20)


def test_what_http_says_about_a_method_counts_and_a_mark():
    assert [method for method in ("GET", "head", "OPTIONS", "POST", "DELETE") if only_reads(method, {}, {})] == [
        "GET",
        "head",
        "OPTIONS",
    ]
    assert only_reads("POST", {}, {READS: True})
    assert not only_reads("POST", {}, {READS: "no"})


def test_a_request_for_a_socket_is_no_reading():
    assert not only_reads("GET", {"upgrade": "websocket"}, {})


def test_a_reading_method_that_means_another_one_is_no_reading():
    assert not only_reads("GET", {"x-http-method-override": "DELETE"}, {})


@given(st.dictionaries(WORDS, st.just("a-very-secret-value"), max_size=5), st.booleans())
def test_no_value_of_a_query_and_no_account_is_shown(query, with_account):
    account = "anna:a-very-secret-value@" if with_account else ""
    pairs = "&".join(f"{name}={value}" for name, value in query.items())
    shown = shown_url(f"https://{account}example.com:8443/path?{pairs}#a-very-secret-value")
    assert shown.startswith("https://example.com:8443/path")
    assert "secret" not in shown


def test_the_header_counts_what_would_go_out_behind_the_tables():
    sent = [
        Outgoing("mail", "send", "a@b.example"),
        Outgoing("http", "POST", "https://x"),
        Outgoing("mail", "send", "c@d"),
    ]
    changes = Changes({"b_items": (1, 0, 2), "a_items": (0, 3, 0)}, (), sent)
    assert changes.header == "a_items=+0~3-0, b_items=+1~0-2, http=1, mail=2"
    assert Changes({}, (), sent[:1])
    assert not Changes()
