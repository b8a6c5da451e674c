"""Reaches other servers past the ports of the host."""

import smtplib
from urllib.request import urlopen


def send(text: str) -> bytes:
    with smtplib.SMTP("mail.example.com") as server:
        server.sendmail("a@example.com", ["b@example.com"], text)
    with urlopen("https://example.com") as answer:
        return bytes(answer.read())
