"""What an answer is, by its head and its bytes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from proxy.call import Call, Client, Failure, Headers, Target
from proxy.estimate import estimate_prompt
from proxy.translate import DIALECTS
from proxy.upstream.answer import answer_count, is_stream, load_reply, read_whole
from proxy.upstream.connection import Connection
from proxy.upstream.secrecy import Secrets


class Pieces:
    """A connection that gives what it was given."""

    def __init__(self, *pieces: bytes, complete: bool = True, content_type: str = "") -> None:
        self._pieces = list(pieces)
        self.complete = complete
        self.headers = [("content-type", content_type)]

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def connection(*pieces: bytes, complete: bool = True, content_type: str = "") -> Connection:
    return cast(Connection, Pieces(*pieces, complete=complete, content_type=content_type))


SECRETS = cast(Secrets, SimpleNamespace(hide_bytes=lambda body: body.replace(b"sk-1", b"[redacted]")))


@pytest.mark.parametrize(
    ("dialect", "content_type", "stream"),
    [
        ("openai", "text/event-stream; charset=utf-8", True),
        ("openai", "application/json", False),
        ("anthropic", "text/html", False),
        ("gemini_array", "application/json; charset=UTF-8", True),
        ("bedrock", "application/vnd.amazon.eventstream", True),
        ("ollama", "application/x-ndjson", True),
        ("ollama", "application/json; charset=utf-8", False),
    ],
)
def test_a_stream_is_what_its_dialect_frames(dialect: str, content_type: str, stream: bool) -> None:
    assert is_stream(connection(content_type=content_type), DIALECTS[dialect]) is stream


async def test_a_body_is_read_to_its_end_or_to_the_limit() -> None:
    assert await read_whole(connection(b"ab", b"cd"), 100) == b"abcd"
    assert await read_whole(connection(b"ab", b"cd", b"ef"), 3) == b"abcd"


@pytest.mark.parametrize("body", [b"<html>sk-1 is down</html>", b"[1]", b"", b'{"half":'])
def test_what_is_no_object_is_shown_without_secrets(body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        load_reply(connection(), body, SECRETS)
    assert caught.value.kind == "provider_error"
    assert "sk-1" not in caught.value.detail


def test_half_a_reply_is_none() -> None:
    with pytest.raises(Failure, match="longer than"):
        load_reply(connection(complete=False), b"{}", SECRETS)


# ---- counts


class Counter:
    """Counts the calls of one model."""

    def fits(self, call: Call) -> bool:
        return call.target is not None and call.target.model == "exact"

    async def count_aside(self, call: Call) -> None:
        call.tokens = 7


class Told:
    """What the application was told."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""

    def start(self, status: int, headers: Headers) -> None:
        self.headers = dict(headers)

    def write(self, data: bytes) -> None:
        self.body += data

    async def finish(self) -> None:
        pass


@pytest.mark.parametrize(
    ("counter", "model", "by"),
    [(None, "exact", "estimate"), (Counter(), "other", "estimate"), (Counter(), "exact", "tiktoken")],
)
async def test_a_count_says_whose_it_is(counter: Counter | None, model: str, by: str) -> None:
    told = Told()
    asked = {"messages": [{"role": "user", "content": "two words"}]}
    call = Call("id", "anthropic", "count_tokens", b"", asked, model, False, {}, cast(Client, told))
    call.target = Target("up", model, None)
    await answer_count(call, lambda: 0.0, counter)
    assert told.headers["x-outrider-counted-by"] == by
    assert ("x-outrider-estimated" in told.headers) is (by == "estimate")
    assert told.body == b'{"input_tokens":%d}' % (7 if by == "tiktoken" else estimate_prompt(asked, model))
