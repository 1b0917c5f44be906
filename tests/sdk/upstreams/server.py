"""A server that keeps every request and answers as it is told to. It knows HTTP and refuses to know any provider."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 20.0

Json = dict[str, Any]


class Turn:
    """One request, and the ways to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, request: Json) -> None:
        self.handler = handler
        self.path = handler.path
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.request = request
        self.gone = threading.Event()

    def reply(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self._head(status, {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})})
        self.handler.wfile.write(data)

    def begin(self, content_type: str = "text/event-stream; charset=utf-8") -> None:
        self._head(200, {"content-type": content_type, "transfer-encoding": "chunked"})

    def event(self, event: Json) -> None:
        self.send(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    def send(self, data: bytes) -> None:
        self.handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        self.handler.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Reset the connection: linger on, for no time."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handler.close_connection = True

    def stall(self) -> None:
        """Say nothing more until the other side closes the connection."""
        self.handler.connection.settimeout(PATIENCE)
        if not self.handler.connection.recv(1):
            self.gone.set()
        self.handler.close_connection = True

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()


class Upstream:
    """Keeps the turns it had in `turns`; `answer` is another class's."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self._arrived = threading.Condition()
        self.server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def requests(self) -> list[Json]:
        return [turn.request for turn in self.turns]

    def turn(self, number: int) -> Turn:
        """That turn, once it has begun."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.turns) > number, PATIENCE)
            return self.turns[number]

    def answer(self, turn: Turn) -> None:
        raise NotImplementedError

    @contextmanager
    def listening(self) -> Iterator[None]:
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.server.shutdown()
            thread.join()
            self.server.server_close()

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        turn = Turn(handler, json.loads(body))
        with self._arrived:
            self.turns.append(turn)
            self._arrived.notify_all()
        self.answer(turn)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = PATIENCE
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                upstream._take(self, self.rfile.read(int(self.headers["content-length"])))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
