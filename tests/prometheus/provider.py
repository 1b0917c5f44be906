"""A provider behind TLS that does what the model's name says: answers well and tells its limits, or fails in each way."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from tests.promises.wires import OPENAI_OPENING, OPENAI_USAGE, openai_end, openai_reply, openai_word

SLOW_SECONDS = 0.3
STATUSES = {"bad": 500, "busy": 429, "keyless": 401}
WORDS = ("one", "two", "three", "four")
TOLD = {
    "x-ratelimit-limit-requests": "100000",
    "x-ratelimit-remaining-requests": "90000",
    "x-ratelimit-reset-requests": "60s",
    "x-ratelimit-limit-tokens": "9000000",
    "x-ratelimit-remaining-tokens": "8000000",
    "x-ratelimit-reset-tokens": "60s",
}


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
        model = asked["model"]
        if model == "slow":
            time.sleep(SLOW_SECONDS)
        if model in STATUSES:
            self._whole({"error": {"message": "no"}}, STATUSES[model])
        elif self.path.endswith("/embeddings"):
            self._whole(vectors(asked["input"]))
        elif asked.get("stream"):
            self._stream(cut=model == "cut")
        else:
            self._whole(openai_reply(usage=OPENAI_USAGE))

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the sidecar's log is what tests read."""

    def _whole(self, body: dict[str, Any], status: int = 200) -> None:
        data = orjson.dumps(body)
        self._head(status, {"content-type": "application/json", "content-length": str(len(data)), **TOLD})
        self.wfile.write(data)

    def _stream(self, cut: bool) -> None:
        self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked", **TOLD})
        self._chunk(OPENAI_OPENING)
        for word in WORDS:
            time.sleep(0.005)
            self._chunk(openai_word(word))
        if cut:
            self.close_connection = True
            return
        self._chunk(openai_end(OPENAI_USAGE))
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def vectors(inputs: str | list[str]) -> dict[str, Any]:
    count = 1 if isinstance(inputs, str) else len(inputs)
    data = [{"object": "embedding", "index": index, "embedding": [0.5, 0.25]} for index in range(count)]
    return {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": count, "total_tokens": count}}


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The sidecar closes connections in the middle of answers: that is no news."""


@contextmanager
def answering(tls: ssl.SSLContext) -> Iterator[int]:
    """The port on which it answers until the block ends."""
    server = Quiet(("127.0.0.1", 0), Answering)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
