"""Answers kept as they pass: of every dialect, whole and streamed, cut off, too long, and beside another tape."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from proxy.call import Call, Json, Source, Tape, Usage
from proxy.translate import DIALECTS
from proxy.upstream.overheard import BYTES_PER_CHARACTER, LARGEST, Overheard, Room


def words(dialect: str = "openai") -> Any:
    return SimpleNamespace(theirs=DIALECTS[dialect])


def begun(
    room: Room, stream: bool, characters: int = 2000, tape: Tape | None = None, dialect: str = "openai"
) -> Overheard:
    heard = Overheard(room, characters, tape)
    heard.begin(cast(Call, SimpleNamespace(stream=stream)), words(dialect), 0)
    return heard


def event(payload: Any) -> bytes:
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def word(text: str) -> bytes:
    return event({"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"content": text}}]})


STREAM = word("Hel") + word("lo, wo") + word("rld") + b"data: [DONE]\n\n"
ANTHROPIC = event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}})
GEMINI = event({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello"}]}}]})


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_words_that_came_in_pieces_are_put_together(size: int) -> None:
    room = Room()
    heard = begun(room, True)
    for at in range(0, len(STREAM), size):
        heard.keep(STREAM[at : at + size])
    assert room.fill == (len(STREAM), room.limit)
    heard.end()
    heard.close()
    assert room.held == 0
    assert heard.answer() == ("Hello, world", True)


@pytest.mark.parametrize(("dialect", "stream"), [("anthropic", ANTHROPIC), ("gemini", GEMINI)])
def test_other_dialects(dialect: str, stream: bytes) -> None:
    heard = begun(Room(), True, dialect=dialect)
    heard.keep(stream)
    heard.end()
    assert heard.answer() == ("Hello", True)


@pytest.mark.parametrize(
    ("dialect", "reply"),
    [
        ("openai", {"id": "x", "choices": [{"message": {"role": "assistant", "content": "Hello"}}]}),
        ("anthropic", {"id": "x", "role": "assistant", "content": [{"type": "text", "text": "Hello"}]}),
    ],
)
def test_a_whole_answer(dialect: str, reply: Json) -> None:
    heard = begun(Room(), False, dialect=dialect)
    heard.keep(orjson.dumps(reply))
    heard.end(reply, None)
    assert heard.answer() == ("Hello", True)
    at_once = Overheard(Room(), 2000, None)
    at_once.whole(cast(Call, SimpleNamespace()), words(dialect), 0, orjson.dumps(reply), reply)
    assert at_once.begun
    assert at_once.answer() == ("Hello", True)


def test_a_stream_that_was_cut_off_says_what_came() -> None:
    heard = begun(Room(), True)
    heard.keep(word("Hel") + word("lo")[:-10])
    heard.close()
    assert heard.answer() == ("Hel", False)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"data: {no json}\n\n", b"[1, 2]", b"data: [1]\n\n", b'{"a":' * 1000]
)
@pytest.mark.parametrize("stream", [True, False])
def test_what_cannot_be_read_says_nothing(data: bytes, stream: bool) -> None:
    heard = begun(Room(), stream)
    heard.keep(data)
    heard.end()
    assert heard.answer()[0] == ""


def test_depth_is_no_fault() -> None:
    heard = begun(Room(), False)
    heard.keep(b'{"a":' * 1000 + b"1" + b"}" * 1000)
    heard.end()
    assert heard.answer() == ("", False)


@pytest.mark.parametrize("characters", [10, 100_000])
def test_no_more_is_kept_than_may_be_wanted(characters: int) -> None:
    room = Room()
    heard = begun(room, True, characters)
    piece = word("a" * 100)
    for _ in range(LARGEST // len(piece) + 100):
        heard.keep(piece)
    assert room.held <= min(characters * BYTES_PER_CHARACTER, LARGEST)
    heard.end()
    text, whole = heard.answer()
    assert len(text) == room.held // len(piece) * 100
    assert not whole


def test_all_answers_together_are_bounded() -> None:
    room = Room(limit=1000)
    several = [begun(room, True) for _ in range(10)]
    for heard in several:
        heard.keep(word("a" * 300))
        assert room.held <= 1000
    assert sum(heard.answer()[0] != "" for heard in several) == 2
    for heard in several:
        heard.close()
    assert room.held == 0


class Other:
    """A tape behind it."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def begin(self, call: Call, words: Any, created: int) -> None:
        self.told.append(created)

    def follow(self, source: Source) -> Source:
        return cast(Source, self)

    def whole(self, call: Call, words: Any, created: int, body: bytes, reply: Json | None) -> None:
        self.told.append((body, reply))

    def keep(self, data: bytes) -> None:
        self.told.append(data)

    def end(self, reply: Json | None = None, usage: Usage | None = None) -> None:
        self.told.append((reply, usage))


def test_another_tape_hears_all_of_it() -> None:
    other = Other()
    heard = begun(Room(), True, 1, other)
    source = cast(Source, object())
    assert heard.follow(source) is cast(Source, other)
    assert Overheard(Room(), 1, None).follow(source) is source
    heard.keep(b"x" * 1000)
    heard.end({}, None)
    assert other.told == [0, b"x" * 1000, ({}, None)]
    heard.whole(cast(Call, SimpleNamespace()), words(), 0, b"{}", {})
    assert other.told[3:] == [(b"{}", {})]
    heard.close()
    heard.keep(b"late")
    assert len(other.told) == 4
