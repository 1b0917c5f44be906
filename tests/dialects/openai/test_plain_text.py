"""Plain texts are known by the first of a stream, however the server writes it; what differs in anything else is not one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.call import Json
from proxy.dialects.openai.plain_text import PlainText

HEAD: Json = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def payload(delta: Json, finish: str | None = None, **more: Any) -> bytes:
    return orjson.dumps({**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})


def text(words: str, **more: Any) -> bytes:
    return payload({"content": words}, **more)


def piece(data: bytes) -> bytes:
    return b"data: %b\n\n" % data


def taught(*payloads: bytes) -> PlainText:
    plain = PlainText()
    for data in payloads:
        if not data.startswith(plain.known):
            plain.learn(data, orjson.loads(data))
    return plain


def test_nothing_is_known_at_first() -> None:
    assert PlainText().match(piece(text("a"))) is None
    assert PlainText().match(b"\0") is None


def test_what_is_the_same_but_for_the_text_is_known_by_the_first() -> None:
    plain = taught(text("first"))
    assert plain.match(piece(text("second one"))) == b"second one"
    assert plain.chunk("third") == orjson.loads(text("third"))


@pytest.mark.parametrize(
    "data",
    [
        b'{"choices": [{"delta": {"role": "assistant", "content": "a"}, "index": 0}], "model": "m"}',
        b'{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"a"},"logprobs":null}],"usage":null,"x":{"y":1}}',
        b'{"choices":[{"index":0,"delta":{"content":"a","refusal":null,"reasoning":""}}],"obfuscation":"k3 "}',
        b'{"choices":[{"index":0,"delta":{"content":"a"}}],"also":"\\"content\\":\\"a\\""}',
    ],
)
def test_every_servers_way_of_writing(data: bytes) -> None:
    assert taught(data).match(piece(data.replace(b'"a"', b'"other"'))) == b"other"


@pytest.mark.parametrize(
    "data",
    [
        payload({"content": ""}),
        payload({"content": None}),
        payload({"content": "a", "reasoning_content": "b"}),
        payload({"content": "a", "tool_calls": [{"index": 0}]}),
        payload({"content": "a"}, "stop"),
        payload({"content": "a"}, usage={"prompt_tokens": 1}),
        payload({"content": 'quoted "a"'}),
        orjson.dumps({**HEAD, "choices": [{"index": 1, "delta": {"content": "a"}}]}),
        orjson.dumps({**HEAD, "choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": []}}]}),
        orjson.dumps({**HEAD, "choices": []}),
        orjson.dumps({**HEAD, "choices": [{"index": 0, "delta": "a"}]}),
        b'{"also":{"content":"a"},"choices":[{"index":0,"delta":{"content":"\\u0061"}}]}',
        text("a") + b" ",
    ],
)
def test_nothing_is_learned_from_anything_else(data: bytes) -> None:
    plain = taught(data)
    assert plain.match(piece(data)) is None
    assert plain.match(piece(data.replace(b'"a"', b'"other"'))) is None


@pytest.mark.parametrize(
    "data",
    [
        text('"'),
        text("a\nb"),
        text(""),
        text("b").replace(b'"m"', b'"n"'),
        text("b").replace(b"null", b'"stop"'),
        text("b", usage=None),
        text("b", obfuscation="xy"),
        text("b").replace(b"b", b"\xff"),
        text("b").replace(b'"b"', b'"b\x01"'),
        text("b") + b"}",
        text("b")[:-1],
    ],
)
def test_what_differs_in_anything_else_is_not_one(data: bytes) -> None:
    assert taught(text("a")).match(piece(data)) is None


def test_a_piece_is_one_whole_event() -> None:
    plain = taught(text("a"))
    whole = piece(text("b"))
    assert all(plain.match(whole[:size]) is None for size in range(len(whole)))
    assert plain.match(whole + whole) is None
    assert plain.match(whole + b"\n") is None


def test_padding_is_of_any_length_where_there_is_some() -> None:
    plain = taught(text("a", obfuscation="x"))
    assert plain.match(piece(text("b", obfuscation="longer one"))) == b"b"
    assert plain.match(piece(text("b"))) is None
    assert plain.chunk("c")["obfuscation"] == "x"


def test_what_is_known_changes_with_the_server() -> None:
    later = text("b").replace(b'"m"', b'"n"')
    plain = taught(text("a"), later)
    assert plain.match(piece(later)) == b"b"
    assert plain.match(piece(text("b"))) is None
