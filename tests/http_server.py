"""An HTTP server on loopback that misbehaves as it is told to."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class File:
    """A file as the server has it.

    `faults` are used up, one a request; a request without one is answered well.
    """

    content: bytes
    etag: str | None = '"1"'
    modified: str | None = None
    ranges: bool = True
    length: bool = True  # state Content-Length
    kind: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)  # more of them
    faults: list["Fault"] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers)))
        file = self.server.files.get(self.path.partition("?")[0])
        if file is None:
            self.answer(404, {})
        elif file.faults:
            file.faults.pop(0)(self, file)
        else:
            self.send(file)

    def do_HEAD(self) -> None:
        """As a GET without its body, without faults and not among the requests."""
        file = self.server.files.get(self.path.partition("?")[0])
        if file is None:
            self.answer(404, {})
        else:
            self.send(file, 0)

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def send(self, file: File, limit: int | None = None) -> None:
        """Send the file or the range asked for; the body ends after `limit` bytes."""
        start, status = 0, 200
        headers = {"Content-Type": file.kind} | file.headers
        headers |= {"ETag": file.etag} if file.etag else {}
        headers |= {"Last-Modified": file.modified} if file.modified else {}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        if wanted and file.ranges and condition in (None, file.etag, file.modified):
            start, status = int(wanted[1]), 206
            if start >= len(file.content):
                self.answer(416, headers | {"Content-Range": f"bytes */{len(file.content)}"})
                return
            last = len(file.content) - 1
            headers["Content-Range"] = f"bytes {start}-{last}/{last + 1}"
        body = file.content[start:]
        if file.length:
            headers["Content-Length"] = str(len(body))
        self.answer(status, headers, body[:limit])


Fault = Callable[[Handler, File], None]


def drop(after: int) -> Fault:
    """The connection ends after so many bytes of the body, though more were announced."""
    return lambda handler, file: handler.send(file, after)


def status(code: int, headers: dict[str, str] | None = None) -> Fault:
    return lambda handler, file: handler.answer(code, headers or {})


def hang_up() -> Fault:
    """No answer at all."""
    return lambda handler, file: handler.connection.close()


def change(content: bytes, etag: str | None, limit: int | None = None) -> Fault:
    """From this request on the file is another."""

    def fault(handler: Handler, file: File) -> None:
        file.content, file.etag = content, etag
        handler.send(file, limit)

    return fault


class Server(ThreadingHTTPServer):
    def __init__(self, files: dict[str, File]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.requests: list[tuple[str, dict[str, str]]] = []

    def handle_error(self, *_: object) -> None:
        pass  # a client that was killed

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def ranges(self) -> list[str | None]:
        """The Range header of each request, in turn."""
        return [headers.get("Range") for _, headers in self.requests]


@contextmanager
def serve(files: dict[str, File]) -> Iterator[Server]:
    with Server(files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
