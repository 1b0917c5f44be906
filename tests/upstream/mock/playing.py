"""What the mock's tests share: requests, a reader of its HTTP answers, and a client's end of a connection."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
import orjson

from proxy.upstream.mock import MockSettings
from proxy.upstream.mock.checks import check_request
from proxy.upstream.mock.models import parse_model
from proxy.upstream.mock.openai import OPENAI
from proxy.upstream.mock.script import chat_script
from proxy.upstream.mock.steps import Script

DIGEST = bytes(range(12))
AT_ONCE = MockSettings((0.0, 0.0), (0.0, 0.0))
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}, "note": {}},
            "required": ["city", "days"],
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "get_time"}}


def chat(text: str = "hello", model: str = "mock", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def script_of(request: dict[str, Any], settings: MockSettings = AT_ONCE) -> Script:
    return chat_script(OPENAI, check_request(request), parse_model(request["model"]), DIGEST, settings)


def sent(script: Script) -> bytes:
    return b"".join(step.data for step in script.steps)


class Answer:
    """An HTTP response read from its bytes; `complete` only when the message ended as HTTP says."""

    def __init__(self, wire: bytes) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self.complete = False
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(wire)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.complete = True

    @property
    def body(self) -> bytes:
        return b"".join(self._body)

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found

    @property
    def data(self) -> list[bytes]:
        """The payloads of the complete events."""
        return [block.removeprefix(b"data: ") for block in self.body.split(b"\n\n")[:-1]]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        return [orjson.loads(data) for data in self.data if data != b"[DONE]"]

    @property
    def text(self) -> str:
        return "".join(delta(chunk).get("content") or "" for chunk in self.chunks)

    @property
    def content_events(self) -> int:
        return sum(bool(delta(chunk).get("content")) for chunk in self.chunks)

    @property
    def finish_reasons(self) -> list[str]:
        return [
            each["finish_reason"] for chunk in self.chunks for each in chunk.get("choices", []) if each["finish_reason"]
        ]


def delta(chunk: dict[str, Any]) -> dict[str, Any]:
    choices = chunk.get("choices") or [{"delta": {}}]
    found: dict[str, Any] = choices[0]["delta"]
    return found


def answer_to(request: dict[str, Any]) -> Answer:
    return Answer(sent(script_of(request)))


def http(
    body: dict[str, Any] | bytes, path: str = "/v1/chat/completions", method: str = "POST", extra: str = ""
) -> bytes:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    head = f"{method} {path} HTTP/1.1\r\nhost: mock.invalid\r\ncontent-length: {len(data)}\r\n{extra}\r\n"
    return head.encode() + data


class Client(asyncio.Protocol):
    """The client's end: what came over the `wire`, in how many `reads`, and whether the server has `gone`."""

    def __init__(self) -> None:
        self.wire = bytearray()
        self.reads = 0
        self._news = asyncio.Event()
        self.gone = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.wire += data
        self.reads += 1
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        self._news.set()

    async def until(self, ending: bytes) -> bytes:
        async with asyncio.timeout(5):
            while not self.wire.endswith(ending):
                assert not self.gone.is_set(), self.wire
                self._news.clear()
                await self._news.wait()
        return bytes(self.wire)

    async def answer(self) -> Answer:
        """The next whole answer; what was read is forgotten, so that another may follow."""
        async with asyncio.timeout(5):
            while not (self.wire and Answer(bytes(self.wire)).complete):
                assert not self.gone.is_set(), self.wire
                self._news.clear()
                await self._news.wait()
        found = Answer(bytes(self.wire))
        self.wire.clear()
        return found

    async def ended(self) -> bytes:
        async with asyncio.timeout(5):
            await self.gone.wait()
        return bytes(self.wire)
