"""What an answer is, by its head and its bytes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from proxy.call import Failure
from proxy.translate import DIALECTS
from proxy.upstream.answer import is_stream, load_reply, read_whole
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
