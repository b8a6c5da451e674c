"""A mail server for tests: it takes mail by the book, or refuses as it was told to."""

import base64
import shutil
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

USER, PASSWORD = "hub", "pass@word"


@dataclass
class MailServer:
    """What has arrived, and what the server says to it."""

    port: int = 0
    got: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    """From whom, to whom, and what."""

    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refusing: dict[str, str] = field(default_factory=dict)
    """Answers to recipients, such as ``550 no such user``."""

    answer_to_data: str = "250 taken"
    certificate: Path | None = None
    """STARTTLS is offered with this one."""

    needs_login: bool = False
    meanwhile: threading.Event | None = None
    """What it waits for before it takes a message."""

    receiving: threading.Event = field(default_factory=threading.Event)
    """Set when a message has come, and was not yet taken."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"smtp://localhost:{self.port}"


@contextmanager
def mail_server(**fields) -> Iterator[MailServer]:
    """Serve meanwhile."""
    known = MailServer(**fields)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            Conversation(known, self.request).hold()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with Server(("127.0.0.1", known.port), Handler) as server:
        known.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()


class Conversation:
    """What is said on one connection."""

    def __init__(self, server: MailServer, connection) -> None:
        self.server = server
        self.connection = connection
        self.file = connection.makefile("rb")
        self.sender, self.recipients, self.allowed = "", [], not server.needs_login

    def hold(self) -> None:
        """Answer until the other side is done."""
        self.say("220 test")
        while line := self.file.readline().decode("ascii").strip():
            word = line.split(" ")[0].split(":")[0].lower()
            if word == "quit":
                self.say("221 bye")
                break
            getattr(self, f"on_{word}", self.on_anything)(line)
        self.file.close()
        self.connection.close()

    def say(self, *lines: str) -> None:
        *before, last = lines
        text = "".join(f"{line[:3]}-{line[4:]}\r\n" for line in before) + f"{last}\r\n"
        self.connection.sendall(text.encode())

    def on_anything(self, line: str) -> None:
        self.say("500 what?")

    def on_ehlo(self, line: str) -> None:
        offers = [] if isinstance(self.connection, ssl.SSLSocket) or not self.server.certificate else ["250 STARTTLS"]
        self.say("250 test", *offers, "250 AUTH PLAIN")

    def on_starttls(self, line: str) -> None:
        self.say("220 go on")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.certificate)
        self.file.close()
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.file = self.connection.makefile("rb")

    def on_auth(self, line: str) -> None:
        _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
        self.server.logins.append(user)
        self.allowed = (user, password) == (USER, PASSWORD)
        self.say("235 hello" if self.allowed else "535 who are you?")

    def on_mail(self, line: str) -> None:
        self.sender, self.recipients = line.split("<")[1].split(">", maxsplit=1)[0], []
        self.say("250 ok" if self.allowed else "530 log in first")

    def on_rset(self, line: str) -> None:
        self.say("250 ok")

    def on_rcpt(self, line: str) -> None:
        who = line.split("<")[1].split(">", maxsplit=1)[0]
        if who not in self.server.refusing:
            self.recipients.append(who)
        self.say(self.server.refusing.get(who, "250 ok"))

    def on_data(self, line: str) -> None:
        self.say("354 go on")
        lines = []
        while (piece := self.file.readline()) != b".\r\n":
            lines.append(piece.removeprefix(b".") if piece.startswith(b"..") else piece)
        self.server.receiving.set()
        if self.server.meanwhile:
            assert self.server.meanwhile.wait(20)
        if self.server.answer_to_data.startswith("250"):
            message = message_from_bytes(b"".join(lines), EmailMessage, policy=default)
            self.server.got.append((self.sender, self.recipients, message))
            self.server.encrypted.append(isinstance(self.connection, ssl.SSLSocket))
        self.say(self.server.answer_to_data)


def self_signed(folder: Path) -> Path:
    """A certificate for localhost with its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl")
    file = folder / "localhost.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        ["openssl", *words.split(), "-keyout", file, "-out", folder / "certificate.pem"],
        check=True,
        capture_output=True,
    )
    with file.open("a") as both:
        both.write((folder / "certificate.pem").read_text())
    return file
