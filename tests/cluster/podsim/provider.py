"""A provider outside the pods: it speaks OpenAI's chat completions and Anthropic's messages, whole and as streams.

It answers only to keys that it knows, counts what it told of usage in answers that it could give whole, and takes its time
with a model whose name has `slow` in it.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("one ", "two ", "three ", "four ")
SLOW_WORDS = 40
SLOW_SECONDS = 0.1

Json = dict[str, Any]


class Told:
    """keys: those it answers to. told: (dialect, input or output or calls) -> tokens or calls. refused: keys it did not know."""

    def __init__(self, *keys: str) -> None:
        self.keys = set(keys)
        self.told: Counter[tuple[str, str]] = Counter()
        self.used: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, key: str) -> bool:
        with self._lock:
            good = key in self.keys
            (self.used if good else self.refused)[key] += 1
            return good

    def tokens(self) -> tuple[int, int]:
        """Of one more answer: as many as nobody else is told, so that sums cannot agree by chance."""
        with self._lock:
            number = self.used.total()
        return 100 + number, 10 + number % 7

    def count(self, dialect: str, usage: tuple[int, int]) -> None:
        with self._lock:
            self.told.update({(dialect, "calls"): 1, (dialect, "input"): usage[0], (dialect, "output"): usage[1]})

    def sums(self, dialect: str = "openai") -> tuple[int, int, int]:
        """calls, input and output tokens"""
        return self.told[dialect, "calls"], self.told[dialect, "input"], self.told[dialect, "output"]


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: Told

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.told.take(key):
            return self._whole({"error": {"type": "authentication_error", "message": "unknown key"}}, 401)
        dialect = "anthropic" if self.path.endswith("/messages") else "openai"
        usage = self.told.tokens()
        slow = "slow" in asked["model"]
        if asked.get("stream"):
            self._stream(
                EVENTS[dialect](asked["model"], usage, SLOW_WORDS if slow else len(WORDS)),
                SLOW_SECONDS if slow else 0.002,
            )
        else:
            time.sleep(SLOW_SECONDS if slow else 0)
            self._whole(REPLIES[dialect](asked["model"], usage))
        return self.told.count(dialect, usage)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: it counts, and does not write."""

    def _whole(self, body: Json, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self._head(status, {"content-type": "application/json", "content-length": str(len(data))})
        self.wfile.write(data)

    def _stream(self, events: Iterator[bytes], pause: float) -> None:
        self._head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        for number, event in enumerate(events):
            time.sleep(pause if number else 0)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def openai_reply(model: str, usage: tuple[int, int]) -> Json:
    message = {"role": "assistant", "content": "".join(WORDS)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [choice],
        "usage": openai_usage(usage),
    }


def openai_usage(usage: tuple[int, int]) -> Json:
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}


def openai_events(model: str, usage: tuple[int, int], words: int) -> Iterator[bytes]:
    common = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model}
    for number in range(words):
        delta = {"role": "assistant", "content": WORDS[number % len(WORDS)]}
        yield event({**common, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield event({**common, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield event({**common, "choices": [], "usage": openai_usage(usage)})
    yield b"data: [DONE]\n\n"


def anthropic_reply(model: str, usage: tuple[int, int]) -> Json:
    content = [{"type": "text", "text": "".join(WORDS)}]
    counted = {"input_tokens": usage[0], "output_tokens": usage[1]}
    facts = {"id": "m1", "type": "message", "role": "assistant", "model": model, "stop_sequence": None}
    return {**facts, "content": content, "stop_reason": "end_turn", "usage": counted}


def anthropic_events(model: str, usage: tuple[int, int], words: int) -> Iterator[bytes]:
    message = {**anthropic_reply(model, (usage[0], 1)), "content": [], "stop_reason": None}
    yield named("message_start", message=message)
    yield named("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for number in range(words):
        yield named("content_block_delta", index=0, delta={"type": "text_delta", "text": WORDS[number % len(WORDS)]})
    yield named("content_block_stop", index=0)
    yield named(
        "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": usage[1]}
    )
    yield named("message_stop")


def event(payload: Json) -> bytes:
    return b"data: %b\n\n" % json.dumps(payload).encode()


def named(name: str, **members: Any) -> bytes:
    return f"event: {name}\n".encode() + event({"type": name, **members})


REPLIES = {"openai": openai_reply, "anthropic": anthropic_reply}
EVENTS = {"openai": openai_events, "anthropic": anthropic_events}


class Quiet(ThreadingHTTPServer):
    """Of both families."""

    daemon_threads = True
    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that the sidecar closes in the middle of answers are no news."""


@contextmanager
def answering(told: Told) -> Iterator[int]:
    """The port on which it answers until the block ends, in the network namespace of who asks for it."""
    server = Quiet(("::", 0), type("Provider", (Answering,), {"told": told}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
