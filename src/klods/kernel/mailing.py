"""What a mail looks like: who gets it, what is in it, and when a server that refused it is asked again."""

import mimetypes
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Any, TypeAlias

from klods.errors import InvalidMail

Attachment: TypeAlias = tuple[str, bytes] | tuple[str, bytes, str]
"""A name, a content, and a media type such as ``application/pdf`` where the name does not say it."""

POLICY = SMTP.clone(cte_type="7bit")
MOST_BYTES = 25 * 1024 * 1024
MOST_RECIPIENTS = 100
LONGEST_SUBJECT = 500
MOST_TRIES = 15
FIRST_WAIT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 4 * 3600.0

_BARE = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_ENCODED = re.compile(r"=\?[^?]*\?[bBqQ]\?")
"""How an encoded word begins: what is encoded in it may be the end of a header."""

_ADDRESS = re.compile(rf"(?P<name>[^<>]*)<(?P<named>{_BARE})>|(?P<bare>{_BARE})")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is ready but for its sender."""

    recipients: tuple[str, ...]
    """The addresses without the names."""

    subject: str
    parts: dict[str, Any]
    """The sizes of its text, its HTML and its attachments."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one try to send a mail."""

    sent: bool
    reason: str = ""
    """What the server said against it, or against some of its recipients."""

    final: bool = False
    """Whether asking again is of no use."""

    reached: bool = True
    """Whether the server was there at all."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, in one or two forms, and what comes along."""

    text: str
    html: str | None = None
    attachments: Sequence[Attachment] = ()


def compose(
    to: str | Sequence[str], subject: str, content: Content, *, at: datetime, reply_to: str | None = None
) -> Letter:
    """Make a mail, or raise `InvalidMail` with what is wrong; no text can become a header of its own."""
    addresses = [checked_address(one) for one in ([to] if isinstance(to, str) else to)]
    if not 1 <= len(addresses) <= MOST_RECIPIENTS:
        raise InvalidMail(reason=f"it has {len(addresses)} recipients, and 1 to {MOST_RECIPIENTS} are possible")
    message = EmailMessage(policy=POLICY)
    message["Subject"] = _one_line(subject, "the subject")
    message["To"] = addresses
    message["Date"] = at
    if reply_to is not None:
        message["Reply-To"] = checked_address(reply_to)
    parts = _fill(message, content)
    raw = message.as_bytes()
    if len(raw) > MOST_BYTES:
        raise InvalidMail(reason=f"it has {len(raw)} bytes, and {MOST_BYTES} are allowed")
    return Letter(tuple(address.addr_spec for address in addresses), subject, parts, raw)


def checked_address(text: str) -> Address:
    """An address like ``anna@example.com`` or ``Anna Berg <anna@example.com>``; raise `InvalidMail` for anything else."""
    found = _ADDRESS.fullmatch(text.strip(" ")) if _is_plain(text) and not _ENCODED.search(text) else None
    bare = found and (found["named"] or found["bare"])
    if not found or not bare or ".." in bare or bare.startswith(".") or ".@" in bare:
        raise InvalidMail(reason=f"{text[:100]!r} is no mail address")
    return Address((found["name"] or "").strip().strip('"').strip(), addr_spec=bare)


def with_sender(message: bytes, sender: str, message_id: str) -> bytes:
    """The mail as it goes to the server."""
    head = EmailMessage(policy=POLICY)
    head["From"] = checked_address(sender)
    head["Message-ID"] = message_id
    return head.as_bytes().rstrip(b"\r\n") + b"\r\n" + message


def content_of(message: bytes) -> Content:
    """What a mail says, as its reader sees it."""
    parsed = message_from_bytes(message, EmailMessage, policy=default)
    attachments = [
        (str(part.get_filename()), bytes(part.get_payload(decode=True)), part.get_content_type())
        for part in parsed.iter_attachments()
    ]
    return Content(_body(parsed, "plain") or "", _body(parsed, "html"), attachments)


def wait_seconds(tries: int) -> float:
    """How long to wait after so many tries that failed: 10 s at first, three times as long each time, at most 4 h."""
    return float(min(FIRST_WAIT_SECONDS * 3 ** min(tries - 1, 20), LONGEST_WAIT_SECONDS))


def _body(message: EmailMessage, kind: str) -> str | None:
    body = message.get_body((kind,))
    return str(body.get_content()).replace("\r\n", "\n").removesuffix("\n") if body is not None else None


def _fill(message: EmailMessage, content: Content) -> dict[str, Any]:
    message.set_content(_encodable(content.text, "the text"))
    parts: dict[str, Any] = {"text": len(content.text.encode())}
    if content.html is not None:
        message.add_alternative(_encodable(content.html, "the HTML"), subtype="html")
        parts["html"] = len(content.html.encode())
    for name, data, *kind in content.attachments:
        main, _, sub = _media_type(_one_line(name, "the name of an attachment"), *kind).partition("/")
        message.add_attachment(bytes(data), maintype=main, subtype=sub, filename=name)
        parts.setdefault("attachments", []).append({"name": name, "size": len(data)})
    return parts


def _media_type(name: str, said: str = "") -> str:
    if said and not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", said):
        raise InvalidMail(reason=f"{said[:100]!r} is no media type")
    return said or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _one_line(text: str, what: str) -> str:
    if not text.strip() or len(text) > LONGEST_SUBJECT or not _is_plain(text):
        raise InvalidMail(reason=f"{what} is not one line of at most {LONGEST_SUBJECT} characters")
    if _ENCODED.search(text):
        raise InvalidMail(reason=f"{what} holds an encoded word (=?…?=); write the text itself, in any language")
    return text


def _encodable(text: str, what: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidMail(reason=f"{what} contains what is no character") from None
    return text


def _is_plain(text: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)
