"""Usage of what is relayed as it is: read where the path says how, never at the cost of the bytes."""

from __future__ import annotations

import orjson
import pytest

from proxy.call import Json, Usage
from proxy.providers import Provider, openai_paths
from proxy.upstream.tap import LONGEST, Tap, pattern_of, tap_for
from tests.upstream.lane import make_call

OPENAI = Provider("openai", "", paths=openai_paths("images", "transcriptions", "rerank"))
GEMINI = Provider("gemini", "", paths={"chat": "/v1beta/models/{model}:generateContent", "models": "/v1beta/models"})
JSON = "application/json; charset=utf-8"


def total(wire: Json) -> Usage | None:
    return Usage(wire["n"]) if "n" in wire else None


def tapped(*pieces: bytes) -> tuple[Usage | None, bytes]:
    written: list[bytes] = []
    tap = Tap(total, written.append)
    for piece in pieces:
        tap.write(piece)
    return tap.usage(), b"".join(written)


def test_a_reply_is_read_and_passed_on() -> None:
    assert tapped(b'{"n"', b":7}") == (Usage(7), b'{"n":7}')


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\x1f\x8b\x00", b'{"m":1}'])
def test_what_cannot_be_read_says_nothing(body: bytes) -> None:
    assert tapped(body) == (None, body)


def test_a_long_reply_is_not_kept() -> None:
    piece = b"x" * (LONGEST // 2)
    written: list[bytes] = []
    tap = Tap(total, written.append)
    for _ in range(3):
        tap.write(piece)
    assert tap._kept == []
    assert tap.usage() is None
    assert b"".join(written) == piece * 3


def test_without_a_reader_nothing_is_kept() -> None:
    tap = Tap(None, lambda data: None)
    tap.write(b'{"n":7}')
    assert (tap._kept, tap.usage()) == ([], None)


REPLIES: dict[str, tuple[Provider, Json, Usage]] = {
    "/embeddings": (OPENAI, {"usage": {"prompt_tokens": 7, "total_tokens": 7}}, Usage(7)),
    "/chat/completions?x=y": (OPENAI, {"usage": {"prompt_tokens": 7, "completion_tokens": 2}}, Usage(7, output=2)),
    "/images/generations": (OPENAI, {"usage": {"input_tokens": 4, "output_tokens": 6}}, Usage(4, output=6)),
    "/rerank": (OPENAI, {"usage": {"total_tokens": 26}}, Usage(26)),
    "/v1beta/models/gemini-x:generateContent": (
        GEMINI,
        {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}},
        Usage(3, output=2),
    ),
}


@pytest.mark.parametrize("path", REPLIES)
def test_the_path_says_how_a_reply_is_read(path: str) -> None:
    provider, reply, usage = REPLIES[path]
    assert read(provider, path, JSON, orjson.dumps(reply)) == usage


def read(provider: Provider, path: str, content_type: str, *pieces: bytes) -> Usage | None:
    written: list[bytes] = []
    tap = tap_for(make_call(), provider, path, content_type, written.append)
    for piece in pieces:
        tap.write(piece)
    assert written == list(pieces)
    return tap.usage()


EVENTS = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n' * 500
LAST = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\ndata: [DONE]\n\n'


def test_a_stream_says_it_at_its_end() -> None:
    said = read(OPENAI, "/chat/completions", "text/event-stream; charset=utf-8", EVENTS, LAST)
    assert said == Usage(7, output=2)


def test_of_a_stream_that_does_not_say_it_nothing_is_estimated() -> None:
    assert read(OPENAI, "/chat/completions", "text/event-stream", EVENTS) is None


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/files", JSON),
        ("/embeddings/x", JSON),
        ("/models", JSON),
        ("/embeddings", "audio/mpeg"),
        ("/embeddings", ""),
        ("/images/generations", "text/event-stream"),
    ],
)
def test_of_other_replies_nothing_is_known(path: str, content_type: str) -> None:
    assert read(OPENAI, path, content_type, b'{"usage":{"prompt_tokens":7}}') is None


@pytest.mark.parametrize(
    ("path", "matches"),
    [("/m/a/run", True), ("/m/a/b/run", False), ("/m//run", False), ("/m/a.b:c/run", True), ("/m/a/runs", False)],
)
def test_what_is_in_braces_is_one_segment(path: str, matches: bool) -> None:
    assert bool(pattern_of("/m/{model}/run?alt=sse").fullmatch(path)) is matches
