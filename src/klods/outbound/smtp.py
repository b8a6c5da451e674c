"""Hands mails to a mail server."""

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from klods.db.mail_queue import QueuedMail
from klods.errors import InvalidMail, InvalidSettings
from klods.kernel.mailing import Verdict, checked_address, with_sender

SECONDS = 30.0
PERMANENT = 500
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {("smtp", False): 25, ("smtp", True): 587, ("smtps", False): 465, ("smtps", True): 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and in whose name."""

    host: str
    port: int
    sender: str
    tls: bool = False
    """From the first byte; otherwise as soon as the server offers it."""

    user: str = ""
    password: str = field(default="", repr=False)
    seconds: float = SECONDS

    def send(self, mail: QueuedMail) -> Verdict:
        """Hand one mail in, and say what became of it."""
        sender = parseaddr(self.sender)[1]
        domain = sender.rpartition("@")[2]
        message = with_sender(mail.message, self.sender, f"<{mail.id}@{domain}>")
        try:
            with self._session() as session:
                refused = session.sendmail(sender, mail.recipients, message)
        except smtplib.SMTPRecipientsRefused as error:
            return Verdict(sent=False, reason=_told(error.recipients), final=_is_final(error.recipients))
        except smtplib.SMTPAuthenticationError as error:
            return Verdict(sent=False, reason=f"the mail server lets nobody in: {_sentence(error)}", reached=False)
        except smtplib.SMTPResponseException as error:
            return Verdict(sent=False, reason=_sentence(error), final=error.smtp_code >= PERMANENT)
        except (OSError, smtplib.SMTPException) as error:
            return Verdict(sent=False, reason=f"the mail server cannot be reached: {error}", reached=False)
        return Verdict(sent=True, reason=_told(refused))

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        context = ssl.create_default_context()
        session = (
            smtplib.SMTP_SSL(self.host, self.port, timeout=self.seconds, context=context)
            if self.tls
            else smtplib.SMTP(self.host, self.port, timeout=self.seconds)
        )
        try:
            self._greet(session, context)
            yield session
        finally:
            with suppress(smtplib.SMTPException, OSError):
                session.quit()
            session.close()

    def _greet(self, session: smtplib.SMTP, context: ssl.SSLContext) -> None:
        session.ehlo_or_helo_if_needed()
        if not self.tls and session.has_extn("starttls"):
            session.starttls(context=context)
            session.ehlo()
        elif not self.tls and self.user and self.host not in _THIS_MACHINE:
            raise smtplib.SMTPNotSupportedError("it offers no STARTTLS, and the password is not sent in the clear")
        if self.user:
            session.login(self.user, self.password)


def read_mail_server(url: str, sender: str) -> MailServer:
    """The server that a URL means, as ``smtp://user:password@mail.example.com:587``; raise `InvalidSettings`.

    A user and a password are spelled as in any URL: ``@`` is ``%40``. Neither is ever part of an error.
    """
    parts, port = _split(url)
    try:
        checked_address(sender)
    except InvalidMail:
        raise InvalidSettings(reason="KLODS_MAIL_FROM: KLODS_SMTP_URL needs an address to send from") from None
    user = unquote(parts.username or "")
    return MailServer(
        parts.hostname or "",
        port or _PORTS[parts.scheme, bool(user)],
        sender,
        tls=parts.scheme == "smtps",
        user=user,
        password=unquote(parts.password or ""),
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    spelling = "KLODS_SMTP_URL: it is not spelled smtp://user:password@host:port or smtps://…"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidSettings(reason=spelling) from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise InvalidSettings(reason=spelling)
    return parts, port


def _is_final(recipients: Mapping[str, tuple[int, bytes]]) -> bool:
    return all(code >= PERMANENT for code, _ in recipients.values())


def _told(recipients: Mapping[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{who}: {code} {_text(said)}" for who, (code, said) in recipients.items())


def _sentence(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_text(error.smtp_error)}"


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())
