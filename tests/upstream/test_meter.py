"""What a relayed stream said of its tokens and its end, whatever the sizes of its events and the places where it was cut."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from proxy.call import Call, Failure, Json, Usage
from proxy.dialects import Dialect
from proxy.translate import DIALECTS
from proxy.upstream.meter import FRESH, TAIL, Ending, Meter
from tests.upstream.lane import Recorder, make_call
from tests.upstream.streams import (
    ANTHROPIC,
    ANTHROPIC_ERROR,
    BLOCK,
    DONE,
    ENDING,
    OPENAI,
    OPENAI_ERROR,
    ROLE,
    START,
    STOP,
    anthropic_text,
    event,
    openai_chunk,
    openai_usage,
)

OPENAI_DIALECT, ANTHROPIC_DIALECT = DIALECTS["openai"], DIALECTS["anthropic"]
LONG = [openai_chunk(content=f"word {number} and its usage") for number in range(2000)]
STREAMS = {
    "openai": (OPENAI_DIALECT, OPENAI, Usage(9, output=2)),
    "openai, long": (OPENAI_DIALECT, [ROLE, *LONG, STOP, openai_usage(9, 4000), DONE], Usage(9, output=4000)),
    "openai, one large event": (
        OPENAI_DIALECT, [ROLE, openai_chunk(content="x" * 100_000), STOP, openai_usage(9, 7), DONE], Usage(9, output=7),
    ),
    "anthropic": (ANTHROPIC_DIALECT, ANTHROPIC, Usage(9, output=2)),
    "anthropic, long": (
        ANTHROPIC_DIALECT, [START, BLOCK, *[anthropic_text("word " * 20)] * 1000, *ENDING], Usage(9, output=2),
    ),
}  # fmt: skip


def metered(dialect: Dialect, wire: bytes, size: int) -> Meter:
    meter = Meter(dialect)
    for start in range(0, len(wire), size):
        meter.note(wire[start : start + size])
    return meter


def call_of(prompt: int = 100) -> Call:
    call = make_call()
    call.client = Recorder()
    call.client.started = True
    call.tokens = prompt
    return call


@pytest.mark.parametrize("size", [1, 7, 100, 4096, TAIL + FRESH, 1 << 20])
@pytest.mark.parametrize("name", STREAMS)
def test_usage_and_end_are_read_in_pieces_of_any_size(name: str, size: int) -> None:
    dialect, events, usage = STREAMS[name]
    meter = metered(dialect, b"".join(events), size)
    assert meter.usage(call_of()) == usage
    meter.verdict()


@pytest.mark.parametrize("name", STREAMS)
def test_line_ends_of_either_kind(name: str) -> None:
    dialect, events, usage = STREAMS[name]
    meter = metered(dialect, b"".join(events).replace(b"\n", b"\r\n"), 1000)
    assert meter.usage(call_of()) == usage
    meter.verdict()


@pytest.mark.parametrize("filler", range(TAIL + FRESH - 400, TAIL + FRESH + 200, 7))
def test_no_size_around_the_limits_loses_the_ending(filler: int) -> None:
    wire = b"".join([ROLE, openai_chunk(content="x" * filler), STOP, openai_usage(9, 2), DONE])
    for size in (333, len(wire)):
        meter = metered(OPENAI_DIALECT, wire, size)
        assert meter.usage(call_of()) == Usage(9, output=2)
        meter.verdict()


def test_memory_does_not_grow_with_the_stream() -> None:
    meter, piece = Meter(OPENAI_DIALECT), openai_chunk(content="x" * 300)
    tracemalloc.start()
    try:
        for number in range(20_000):
            meter.note(bytes(piece))
            if number == 1000:
                gc.collect()
                before = tracemalloc.get_traced_memory()[0]
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 64 * 1024
    finally:
        tracemalloc.stop()
    assert meter.size == 20_000 * len(piece)


# ---- when nothing was reported


def test_an_estimate_is_marked_as_one() -> None:
    meter = metered(OPENAI_DIALECT, b"".join([ROLE, *LONG, STOP, DONE]), 1000)
    usage = meter.usage(call_of(1000))
    assert usage is not None
    assert usage.estimated
    assert usage.input == 1000
    assert usage.output == pytest.approx(2000 * 6, rel=0.3), "each says five words and a number"


def test_nothing_heard_is_no_output() -> None:
    assert Meter(OPENAI_DIALECT).usage(call_of()) == Usage(100, estimated=True)


@pytest.mark.parametrize("length", [1_000, 3_000, 20_000, 60_000])
@pytest.mark.parametrize("piece", [7, 100, 4096])
def test_usage_in_a_long_last_event_is_read(length: int, piece: int) -> None:
    """Some providers send a whole tool call, the finish and the usage in one chunk."""
    last = {"choices": [{"index": 0, "delta": {"content": "x" * length}, "finish_reason": "stop"}]}
    counts = {"usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    wire = b"".join([ROLE, *[openai_chunk(content="word")] * 40, event(last | counts)])
    meter = metered(OPENAI_DIALECT, wire, piece)
    assert meter.usage(call_of()) == Usage(9, output=2)
    meter.verdict()


LARGE = {"choices": [{"index": 0, "delta": {"content": "x" * 1_000_000}, "finish_reason": "stop"}]}
REPORTED = {"usage": {"prompt_tokens": 9, "completion_tokens": 2}}


@pytest.mark.parametrize(("last", "usage"), [(LARGE | REPORTED, Usage(9, output=2)), (REPORTED | LARGE, None)])
def test_usage_in_an_event_too_large_to_keep_is_read_if_it_is_at_its_end(last: Json, usage: Usage | None) -> None:
    meter = metered(OPENAI_DIALECT, b"".join([ROLE, event(last)]), 4096)
    assert meter.told() == usage
    meter.verdict()


def test_words_about_usage_are_no_usage() -> None:
    wire = b"".join(
        [ROLE, openai_chunk(content='"usage": {"prompt_tokens": 1}'), event(b"usage"), event(b"[1]"), STOP, DONE]
    )
    assert metered(OPENAI_DIALECT, wire, 100).told() is None


def test_cumulative_reports_are_not_added() -> None:
    wire = b"".join([ROLE, openai_usage(9, 1), openai_usage(9, 3), openai_usage(9, 2), STOP, DONE])
    assert metered(OPENAI_DIALECT, wire, 100).usage(call_of()) == Usage(9, output=3)


# ---- the verdict

CUT = {
    "nothing": (OPENAI_DIALECT, b""),
    "comments only": (OPENAI_DIALECT, b": keep-alive\n\n" * 10),
    "many comments only": (OPENAI_DIALECT, b": keep-alive\n\n" * 10_000),
    "nothing but the role": (OPENAI_DIALECT, ROLE),
    "between events": (OPENAI_DIALECT, b"".join(OPENAI[:3])),
    "in an event": (OPENAI_DIALECT, b"".join(OPENAI[:3]) + STOP[:40]),
    "before the blank line of the only ending": (OPENAI_DIALECT, b"".join(OPENAI[:3]) + STOP[:-1]),
    "anthropic before message_stop": (ANTHROPIC_DIALECT, b"".join([START, BLOCK, anthropic_text("a")])),
    "after a long stream": (OPENAI_DIALECT, b"".join([ROLE, *LONG])),
    "in an event of 100 kB": (OPENAI_DIALECT, ROLE + openai_chunk(content="x" * 100_000)[:-2]),
    "in an event of 100 kB, half": (OPENAI_DIALECT, ROLE + openai_chunk(content="x" * 100_000)[:50_000]),
    "in the first event": (OPENAI_DIALECT, openai_chunk(content="x" * 100_000)[:90_000]),
    "in an event of 5 kB that is all there is": (OPENAI_DIALECT, openai_chunk(content="x" * 5000)[:5000]),
}


@pytest.mark.parametrize("size", [100, 1 << 20])
@pytest.mark.parametrize("where", CUT)
def test_a_stream_without_its_ending_was_cut(where: str, size: int) -> None:
    dialect, wire = CUT[where]
    with pytest.raises(Failure) as caught:
        metered(dialect, wire, size).verdict()
    assert (caught.value.kind, caught.value.told) == ("provider_stream_cut", False)


@pytest.mark.parametrize("ending", [[STOP], [STOP, openai_usage(1, 1)], [DONE]])
def test_either_ending_of_openai_is_enough(ending: list[bytes]) -> None:
    metered(OPENAI_DIALECT, b"".join([ROLE, openai_chunk(content="a"), *ending]), 100).verdict()


@pytest.mark.parametrize(
    ("dialect", "wire", "kind"),
    [
        (OPENAI_DIALECT, b"".join([ROLE, openai_chunk(content="a"), OPENAI_ERROR]), "provider_error"),
        (OPENAI_DIALECT, b"".join([ROLE, *LONG, OPENAI_ERROR, DONE]), "provider_error"),
        (ANTHROPIC_DIALECT, b"".join([START, BLOCK, anthropic_text("a"), ANTHROPIC_ERROR]), "provider_overloaded"),
    ],
)
def test_an_error_event_at_the_end_has_been_told_by_the_provider(dialect: Dialect, wire: bytes, kind: str) -> None:
    with pytest.raises(Failure) as caught:
        metered(dialect, wire, 100).verdict()
    assert (caught.value.kind, caught.value.told) == (kind, True)


# ---- a whole reply that is too long to hold


@pytest.mark.parametrize("piece", [100, 4096, 1 << 20])
@pytest.mark.parametrize(
    ("end", "usage"),
    [
        (b'], "usage": {"prompt_tokens": 9, "total_tokens": 9}}', Usage(9)),
        (b'], "usage":{"prompt_tokens":9,"total_tokens":9},"model":"m"}\n', Usage(9)),
        (b'], "model": "m"}', Usage(100, estimated=True)),
        (b'], "usage": {"prompt_tok', Usage(100, estimated=True)),
    ],
)
def test_the_end_of_a_long_reply(end: bytes, usage: Usage, piece: int) -> None:
    wire = b'{"object": "list", "data": [' + b"0.125, " * 20_000 + end
    call, passed = call_of(), list[bytes]()
    call.operation = "embeddings"
    speech = OPENAI_DIALECT.operation("embeddings")
    assert speech is not None
    ending = Ending(OPENAI_DIALECT.usage_mark, speech.parse_usage, passed.append)
    for start in range(0, len(wire), piece):
        ending.write(wire[start : start + piece])
    assert b"".join(passed) == wire
    assert ending.usage(call) == usage
