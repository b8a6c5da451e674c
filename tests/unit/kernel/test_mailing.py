"""What a mail looks like, and that nothing in it becomes a header."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.errors import InvalidMail
from klods.kernel.mailing import MOST_TRIES, Content, checked_address, compose, wait_seconds, with_sender

AT = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
KNOWN_HEADERS = {"subject", "to", "date", "reply-to", "content-type", "content-transfer-encoding", "mime-version"}


def made(to="anna@example.com", subject="Hello", text="Hi", **more):
    reply_to = more.pop("reply_to", None)
    letter = compose(to, subject, Content(text, **more), at=AT, reply_to=reply_to)
    return letter, message_from_bytes(letter.message, policy=default)


def test_a_mail_has_a_text_and_perhaps_html_and_attachments():
    pdf = ("May æøå.pdf", b"%PDF")
    letter, message = made(html="<p>Hi</p>", attachments=[pdf, ("data", b"1234", "text/csv")], text="Hi æ")
    assert letter.parts == {
        "text": 5, "html": 9, "attachments": [{"name": "May æøå.pdf", "size": 4}, {"name": "data", "size": 4}]
    }  # fmt: skip
    assert message.get_body(("plain",)).get_content().strip() == "Hi æ"
    assert message.get_body(("html",)).get_content().strip() == "<p>Hi</p>"
    attached = [(part.get_filename(), part.get_content_type()) for part in message.iter_attachments()]
    assert attached == [("May æøå.pdf", "application/pdf"), ("data", "text/csv")]
    assert message["date"].datetime == AT


def test_names_of_people_are_shown_and_only_addresses_are_sent_to():
    letter, message = made(
        to=["Anna Bjørn <anna@example.com>", '"Berg, Bo" <bo@example.com>'], reply_to="desk@example.com"
    )
    assert letter.recipients == ("anna@example.com", "bo@example.com")
    assert [(one.display_name, one.addr_spec) for one in message["to"].addresses] == [
        ("Anna Bjørn", "anna@example.com"),
        ("Berg, Bo", "bo@example.com"),
    ]
    assert message["reply-to"] == "desk@example.com"


@pytest.mark.parametrize("address", [
    "", "anna", "anna@", "@example.com", "anna@example.com, bo@example.com", "anna@exa mple.com", "anna bo@example.com",
    "anna@example.com\nBcc: eve@example.com", "anna@example.com\r\n", "Anna\nBcc: x <anna@example.com>", "<anna@example.com",
    "anna@example.com>", "a@b@c", ".anna@example.com", "anna..b@example.com", "anna@example..com", "ænna@example.com",
    "Anna <anna@example.com> Bo <bo@example.com>", "anna@example.com\x00", "anna@example.com\u2028x",
])  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidMail):
        checked_address(address)
    with pytest.raises(InvalidMail):
        made(to=address)
    with pytest.raises(InvalidMail):
        made(reply_to=address)


@pytest.mark.parametrize(
    "subject", ["", "  ", "Hi\nBcc: eve@example.com", "Hi\r\n\r\nbody", "Hi\rx", "x" * 501, "Hi\x0b"]
)
def test_a_subject_is_one_line(subject):
    with pytest.raises(InvalidMail, match="subject"):
        made(subject=subject)


def test_neither_the_name_nor_the_type_of_an_attachment_makes_a_header():
    with pytest.raises(InvalidMail, match="attachment"):
        made(attachments=[("a\r\nX-Bad: 1", b"")])
    with pytest.raises(InvalidMail, match="media type"):
        made(attachments=[("a", b"", "text/plain\r\nX-Bad: 1")])


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30), st.text(max_size=60))
def test_whatever_is_said_only_known_headers_are_made(to, subject, name, text):
    try:
        letter, message = made(f"{to}<anna@example.com>", subject, text, attachments=[(name, b"x")])
    except InvalidMail:
        return
    assert {header.lower() for header in message} <= KNOWN_HEADERS
    assert letter.recipients == ("anna@example.com",)
    assert str(message["subject"]).split() == subject.split()


@given(st.text(max_size=40))
def test_an_address_is_taken_as_it_is_or_refused(text):
    try:
        address = checked_address(text)
    except InvalidMail:
        return
    assert address.addr_spec in text
    assert "\n" not in str(address)


def test_a_mail_has_recipients_but_not_ever_so_many():
    for to in ([], ["anna@example.com"] * 101):
        with pytest.raises(InvalidMail, match="recipients"):
            made(to=to)


def test_what_no_server_takes_is_not_made():
    with pytest.raises(InvalidMail, match="bytes"):
        made(attachments=[("a.bin", b"x" * (20 * 1024 * 1024))])
    with pytest.raises(InvalidMail, match="no character"):
        made(text="\ud800")


def test_the_sender_stands_before_the_rest():
    letter, _ = made()
    message = message_from_bytes(
        with_sender(letter.message, "Hub Ø <hub@example.com>", "<1@example.com>"), policy=default
    )
    assert message["from"].addresses[0].display_name == "Hub Ø"
    assert (message["message-id"], message["subject"]) == ("<1@example.com>", "Hello")
    assert message.get_content().strip() == "Hi"


def test_the_waits_grow_and_last_longer_than_a_night():
    waits = [wait_seconds(tries) for tries in range(1, MOST_TRIES)]
    assert waits[:3] == [10, 30, 90]
    assert waits == sorted(waits)
    assert 24 * 3600 < sum(waits) < 3 * 24 * 3600


FORGED = "=?utf-8?q?Invoice=0d=0aBcc:_evil@example.com=0d=0a=0d=0a<h1>Pay</h1>?="


@pytest.mark.parametrize(
    "said",
    [
        {"subject": FORGED},
        {"subject": "=?UTF-8?B?SGk=?= there"},
        {"to": f"{FORGED} <anna@example.com>"},
        {"reply_to": f"{FORGED} <anna@example.com>"},
        {"attachments": [(f"{FORGED}.pdf", b"x")]},
    ],
)
def test_an_encoded_word_is_refused_because_headers_may_be_hidden_in_it(said):
    with pytest.raises(InvalidMail):
        made(**said)
