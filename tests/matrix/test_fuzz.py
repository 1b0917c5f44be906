"""Any JSON, any bytes, any order of events into every reader of every dialect: a result or a Failure, in bounded time.

The examples are the same in every run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects import Dialect, Speech
from proxy.relay import encode
from proxy.wire.events import Event, FrameError
from proxy.wire.framing import FRAMINGS, FrameReader
from tests.goldens.crossing import STREAMED, render_request
from tests.goldens.spoken import CREATED, MODELS
from tests.goldens.spoken import EVERY as DIALECTS
from tests.matrix.mutations import events, family, mutations, replies, requests

FEW = settings(
    max_examples=80,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
EACH = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
OTHERS = st.sampled_from(list(DIALECTS)).map(DIALECTS.__getitem__)
ASKED: Json = {"messages": [{"role": "user", "content": "Hello"}], **STREAMED}
OPERATIONS = ("embeddings", "count_tokens", "completions")


def ends(act: Callable[[], Any]) -> Any:
    """`act` ends in a Failure, or in something that can be sent."""
    with suppress(Failure):
        value = act()
        if isinstance(value, dict):
            encode(value, "provider_error", "it")
        return value
    return None


@EACH
def test_any_request(dialect: Dialect) -> None:
    @FEW
    @given(mutations(requests(dialect.name)), OTHERS)
    def fuzz(wire: Any, other: Dialect) -> None:
        unified = ends(lambda: dialect.parse_request(wire)) if isinstance(wire, dict) else None
        if isinstance(unified, dict):
            ends(lambda: render_request(unified, other, MODELS[family(other.name)]).wire)

    fuzz()


@EACH
def test_any_unified_request(dialect: Dialect) -> None:
    @FEW
    @given(mutations(requests("openai")))
    def fuzz(wire: Any) -> None:
        unified = ends(lambda: DIALECTS["openai"].parse_request(wire)) if isinstance(wire, dict) else None
        if isinstance(unified, dict):
            ends(lambda: render_request(unified, dialect, MODELS[family(dialect.name)]).wire)

    fuzz()


@EACH
def test_any_reply(dialect: Dialect) -> None:
    @FEW
    @given(mutations(replies(dialect.name)), OTHERS)
    def fuzz(wire: Any, other: Dialect) -> None:
        unified = ends(lambda: dialect.parse_reply(wire))
        if isinstance(unified, dict):
            ends(lambda: other.render_reply(unified, ASKED))
        usage = dialect.parse_usage(wire) if isinstance(wire, dict) else None
        assert usage is None or usage.total >= 0
        gathered = dialect.gather_usage([wire, wire] if isinstance(wire, dict) else [])
        assert gathered is None or gathered.total >= 0

    fuzz()


def test_nothing_in_a_reply_frightens_the_parsers_of_usage() -> None:
    """What is metered is not checked by any parser before."""

    @FEW
    @given(mutations([reply for name in MODELS for reply in replies(name)]))
    def fuzz(wire: Any) -> None:
        if isinstance(wire, dict):
            for dialect in DIALECTS.values():
                usage = dialect.parse_usage(wire)
                assert usage is None or usage.total >= 0

    fuzz()


TEXTS = st.sampled_from(
    [b"", b"{", b'{"a":NaN}', b'{"type":"\\ud800"}', b"\xff\xfe", b"[" * 2000, b'{"a":1,"a":2}', b"null", b"[DONE]"]
)


@EACH
def test_any_events_in_any_order(dialect: Dialect) -> None:
    known = events(dialect.name)
    payloads = [(name, data) for name, data in known if data.startswith(b"{")]
    wrong = st.builds(
        lambda event, made: Event(event[0], orjson.dumps(made)),
        st.sampled_from(payloads),
        mutations([orjson.loads(data) for _, data in payloads]).filter(is_writable),
    )
    right = st.sampled_from([Event(name, data) for name, data in known])
    bare = st.builds(Event, st.sampled_from(["", "error", "exception/x", "ping"]), TEXTS)

    @FEW
    @given(st.lists(right | right | wrong | bare, max_size=12), OTHERS)
    def fuzz(given_events: list[Event], other: Dialect) -> None:
        parser, renderer = dialect.parser(), other.renderer(ASKED, CREATED)
        with suppress(Failure):
            for event in given_events:
                with suppress(Failure):
                    assert dialect.read_event(event) in ("wait", "spoken", "end")
                for chunk in parser.feed(event):
                    renderer.feed(chunk)
            for chunk in parser.end():
                renderer.feed(chunk)
            renderer.end()

    fuzz()


def is_writable(value: Any) -> bool:
    try:
        return bool(orjson.dumps(value))
    except orjson.JSONEncodeError:
        return False


@EACH
def test_any_error(dialect: Dialect) -> None:
    bodies: list[Any] = [
        {
            "error": {
                "type": "a",
                "code": 1,
                "message": "b",
                "status": "c",
                "param": "d",
                "details": [{"retryDelay": "1s"}],
            }
        },
        {"message": "a", "id": "b", "detail": [{"loc": ["a"], "msg": "b"}]},
    ]
    headers = st.dictionaries(
        st.sampled_from(
            ["retry-after", "retry-after-ms", "x-ratelimit-reset", "x-amzn-errortype", "x-ratelimit-reset-requests"]
        ),
        st.sampled_from(
            ["", "1", "-1", "1.5", "1h2m", "99999999999999999999", "nan", "inf", "Wed, 21 Oct 2026 07:28:00 GMT", "é"]
        ),
        max_size=2,
    )

    @FEW
    @given(st.integers(100, 999), headers, mutations(bodies).filter(is_writable).map(orjson.dumps) | TEXTS, OTHERS)
    def fuzz(status: int, said: dict[str, str], body: bytes, other: Dialect) -> None:
        failure = dialect.parse_error(status, said, body)
        assert failure.detail
        assert failure.retry_after is None or 0 <= failure.retry_after < float("inf")
        assert orjson.dumps(other.render_error(failure))
        assert other.render_error_event(failure)
        assert all(isinstance(name, str) and isinstance(value, str) for name, value in other.error_headers(failure))

    fuzz()


@EACH
def test_any_other_operation(dialect: Dialect) -> None:
    asked: list[Any] = [
        {"model": "m", "input": ["a", "b"], "dimensions": 8, "encoding_format": "base64"},
        {"model": "m", "texts": ["a"], "input_type": "search_query", "embedding_types": ["float"]},
        {"requests": [{"model": "models/m", "content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL_QUERY"}]},
        {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8},
        {"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "a"}]}]}}},
        {"prompt": "a", "model": "m", "stream": False},
        *requests(dialect.name)[:5],
    ]
    answered: list[Any] = [
        {
            "object": "list",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1]}],
            "model": "m",
            "usage": {"prompt_tokens": 1},
        },
        {"id": "a", "embeddings": {"float": [[0.5]]}, "texts": ["a"], "meta": {"billed_units": {"input_tokens": 1}}},
        {"embeddings": [{"values": [0.5]}], "model": "m", "prompt_eval_count": 1},
        {"embedding": [0.5], "inputTextTokenCount": 1, "totalTokens": 1, "input_tokens": 1, "inputTokens": 1},
        {"id": "a", "choices": [{"text": "a", "index": 0, "finish_reason": "stop"}]},
    ]

    @FEW
    @given(mutations(asked), mutations(answered))
    def fuzz(wire: Any, reply: Any) -> None:
        for name in OPERATIONS:
            speech = dialect.operation(name)
            if speech is not None and isinstance(wire, dict) and isinstance(reply, dict):
                converse(speech, wire, reply)

    fuzz()


def converse(speech: Speech, wire: Json, reply: Json) -> None:
    unified = ends(lambda: speech.parse_request(wire))
    if unified is not None:
        ends(lambda: speech.render_request(unified, "m").wire)
    said = ends(lambda: speech.parse_reply(reply))
    if said is not None:
        ends(lambda: speech.render_reply(said, unified or {}))
    speech.parse_usage(reply)


@pytest.mark.parametrize("name", FRAMINGS)
def test_any_bytes(name: str) -> None:
    framing = FRAMINGS[name]
    likely = st.sampled_from(
        [b"data: {}\n\n", b"\r\n", b"\n", b":", b"event: a\n", b"[", b"{", b'"', b"\\", b",", b"]", b"}", b"\0\0\0\x10"]
    )

    @FEW
    @given(st.lists(likely | st.binary(max_size=20), max_size=20))
    def fuzz(pieces: list[bytes]) -> None:
        reader, whole = framing.reader(1000), b"".join(pieces)
        with suppress(FrameError):
            for piece in pieces:
                reader.feed(piece)
            reader.end()
        assert framing.midway(whole) in (True, False)
        for upto in range(0, len(whole), 7):
            framing.cut(whole, upto)
        framing.resume(whole)

    fuzz()


# ---- bounded in time and memory

HUGE = "x" * 100_000_000
SECONDS = 3.0


@EACH
def test_a_string_of_100_megabytes(dialect: Dialect) -> None:
    """It is handed on, or refused; it is not copied over and over."""
    began = time.perf_counter()
    reply: Json = {
        "id": "a",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": HUGE}, "finish_reason": "stop"}],
    }
    wire = dialect.render_reply(reply, ASKED)
    assert dialect.parse_reply(wire)["choices"][0]["message"]["content"] == HUGE
    unified = {"messages": [{"role": "user", "content": HUGE}], "max_tokens": 5}
    with suppress(Failure):
        dialect.parse_request(render_request(unified, dialect, MODELS[family(dialect.name)]).wire)
    assert time.perf_counter() - began < SECONDS


@pytest.mark.parametrize("name", FRAMINGS)
def test_an_event_without_end_is_given_up(name: str) -> None:
    """Piece by piece, in time that grows with the bytes and no faster."""
    opening = {"json_array": b'[{"a":"', "eventstream": b"\x7f\xff\xff\xff\0\0\0\0"}.get(name, b'data: {"a":"')
    reader = FRAMINGS[name].reader(16 << 20)
    began = time.perf_counter()
    with pytest.raises(FrameError):
        feed_all(reader, [opening, *[b"x" * 65536] * 300])
    assert time.perf_counter() - began < SECONDS


def feed_all(reader: FrameReader, pieces: list[bytes]) -> None:
    for piece in pieces:
        reader.feed(piece)
