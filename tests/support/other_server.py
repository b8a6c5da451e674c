"""Another server: it answers every request, and remembers what it was sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class OtherServer:
    """What has arrived, as `POST /orders`, and where it listens."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.address = ""


@contextmanager
def other_server() -> Iterator[OtherServer]:
    """Serve meanwhile; `/moved` redirects to `/there`, `/moved-as-it-is` keeps the method."""
    known = OtherServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            known.got.append(f"{self.command} {self.path}")
            moved = {"/moved": 302, "/moved-as-it-is": 307}.get(self.path)
            self.send_response(moved or 200)
            if moved:
                self.send_header("location", "/there")
            body = b"" if self.command == "HEAD" else b"real"
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
