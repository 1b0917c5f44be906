"""Streams of OpenAI and those who speak like it: begun, ended or cut, the same however the bytes were divided."""

from contextlib import suppress
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json, Usage
from proxy.dialects.openai import DIALECT
from proxy.dialects.openai.stream import ChunkParser, read_event, render_error_event
from proxy.wire.events import Event
from proxy.wire.sse import Reader
from tests.dialects.openai.recorded import ANYTHING, OBJECTS, STREAMS, each

#: A stream that fails after it has begun, and says so.
BROKEN = "groq/stream-error-pydantic-ai-test-tool-use-failed-error-streaming-0"
FEW_PLACES = 200


def parse(pieces: list[bytes]) -> tuple[list[Json], str, Usage | None]:
    """The chunks, how it ended, and the usage."""
    reader, parser = Reader(), ChunkParser()
    chunks: list[Json] = []
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                chunks += parser.feed(event)
        chunks += parser.end()
    except Failure as failure:
        return chunks, failure.kind, parser.usage
    return chunks, "well", parser.usage


def event(payload: Any, name: str = "") -> Event:
    return Event(name, payload if isinstance(payload, bytes) else orjson.dumps(payload))


def chunk(delta: Json | None = None, finish: str | None = None, index: int = 0, **rest: Any) -> Json:
    return {"choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}], **rest}


def parser_after(*payloads: Any) -> ChunkParser:
    parser = ChunkParser()
    for payload in payloads:
        parser.feed(event(payload))
    return parser


def failure_of(payload: Any, name: str = "") -> Failure:
    """The one Failure that both readers of events raise."""
    with pytest.raises(Failure) as caught:
        read_event(event(payload, name))
    with pytest.raises(Failure) as parsed:
        ChunkParser().feed(event(payload, name))
    assert (caught.value.kind, caught.value.detail) == (parsed.value.kind, parsed.value.detail)
    return caught.value


# ---- recorded


@each(STREAMS)
def test_a_recorded_stream_is_the_same_however_it_is_cut(name: str, recorded: bytes) -> None:
    whole = parse([recorded])
    assert whole[1] == ("invalid_request" if name == BROKEN else "well")
    places = range(1, len(recorded))
    if len(places) > FEW_PLACES:
        places = Random(name).sample(places, FEW_PLACES)  # type: ignore[assignment]
    for place in places:
        assert parse([recorded[:place], recorded[place:]]) == whole
    assert parse([recorded[at : at + 1] for at in range(len(recorded))]) == whole


@each(STREAMS)
def test_a_recorded_stream_that_is_cut_off_is_never_taken_for_whole(name: str, recorded: bytes) -> None:
    events = Reader().feed(recorded)
    ends = [
        index for index, event in enumerate(events) if b'"finish_reason"' in event.data and read_safely(event) == "end"
    ]
    first = ends[0] if ends else len(events) - 1
    for index in range(first):
        parser = ChunkParser()
        for event in events[:index]:
            parser.feed(event)
        with pytest.raises(Failure) as caught:
            parser.end()
        assert caught.value.kind == "provider_stream_cut"


def read_safely(event: Event) -> str:
    try:
        return read_event(event)
    except Failure:
        return "failure"


@each({name: stream for name, stream in STREAMS.items() if name != BROKEN})
def test_a_recorded_stream_says_when_the_model_speaks_and_when_it_ends(name: str, recorded: bytes) -> None:
    signs = [read_event(event) for event in Reader().feed(recorded)]
    spoken = signs.index("spoken") if "spoken" in signs else signs.index("end")
    assert set(signs[:spoken]) <= {"wait"}
    assert signs[-1] == "end"


#: Reasoning that the total has no room for.
LEFT_OUT = {"vercel-gateway/stream-tool-call-fantasy-tool-streaming-0": 48}


@each({name: stream for name, stream in STREAMS.items() if name != BROKEN})
def test_a_recorded_stream_comes_out_with_every_word(name: str, recorded: bytes) -> None:
    chunks, _, usage = parse([recorded])
    renderer = DIALECT.renderer({"stream_options": {"include_usage": True}}, 0)
    rendered = Reader().feed(b"".join([*map(renderer.feed, chunks), renderer.end()]))
    assert [orjson.loads(event.data) for event in rendered[:-1]] == chunks
    assert rendered[-1].data == b"[DONE]"
    reports = [payload.get("usage") or (payload.get("x_groq") or {}).get("usage") or {} for payload in chunks]
    told = max(report.get("total_tokens") or 0 for report in reports)
    assert (usage.total if usage else 0) == told + LEFT_OUT.get(name, 0)


# ---- when the model speaks


@pytest.mark.parametrize(
    ("payload", "sign"),
    [
        (chunk({"role": "assistant", "content": ""}), "wait"),
        (chunk({"role": "assistant"}), "wait"),
        (chunk({"content": "a"}), "spoken"),
        (chunk({"content": [{"type": "thinking"}]}), "spoken"),
        (chunk({"reasoning_content": "a"}), "spoken"),
        (chunk({"reasoning": "a"}), "spoken"),
        (chunk({"tool_calls": [{"index": 0}]}), "spoken"),
        (chunk({"refusal": "no"}), "spoken"),
        (chunk(None, "stop"), "end"),
        (chunk({"content": "a"}, "length"), "end"),
        ({"choices": [{"index": 0, "message": {"content": "a"}}]}, "spoken"),
        ({"choices": [], "usage": {"prompt_tokens": 1}}, "wait"),
        ({"choices": [], "prompt_filter_results": [{}]}, "wait"),
        ({"choices": None}, "wait"),
        ({"choices": [5]}, "wait"),
        ({"object": "ping"}, "wait"),
        (b"[DONE]", "end"),
        (b" [DONE] ", "end"),
        (b"", "wait"),
        (b"  ", "wait"),
    ],
)
def test_the_signs(payload: Any, sign: str) -> None:
    assert read_event(event(payload)) == sign


@pytest.mark.parametrize(
    ("payload", "name", "kind", "detail"),
    [
        ({"error": {"message": "slow", "code": 429}}, "", "provider_rate_limited", "slow"),
        ({"error": "down"}, "", "provider_error", "down"),
        (
            {"choices": [{"finish_reason": "error"}], "error": {"message": "down", "code": 502}},
            "",
            "provider_error",
            "down",
        ),
        ({"message": "down"}, "error", "provider_error", "down"),
        ({"error": {"message": "down", "type": "overloaded_error"}}, "error", "provider_overloaded", "down"),
        (["down"], "error", "provider_error", "down"),
        (b"down", "error", "provider_error", "down"),
        (b"down", "", "provider_error", "the provider sent a stream event that is not JSON"),
        (b"{", "", "provider_error", "the provider sent a stream event that is not JSON"),
        (b"[" * 2000, "", "provider_error", "the provider sent a stream event that is not JSON"),
        ([], "", "provider_error", "the provider sent a stream event that is no object"),
    ],
)
def test_an_error_event_is_a_failure(payload: Any, name: str, kind: str, detail: str) -> None:
    failure = failure_of(payload, name)
    assert (failure.kind, failure.detail, failure.provider_status) == (kind, detail, 200)


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        ({"object": "ping"}, "the provider sent a stream event without choices"),
        ({"choices": {}}, "the provider sent a stream event without choices"),
        ({"choices": [5]}, "the provider sent a stream event with a choice that is no object"),
        ({"detail": "Internal Server Error"}, "Internal Server Error"),
    ],
)
def test_an_event_that_is_no_chunk(payload: Json, detail: str) -> None:
    with pytest.raises(Failure) as caught:
        ChunkParser().feed(event(payload))
    assert (caught.value.kind, caught.value.detail) == ("provider_error", detail)


# ---- how it ends


@pytest.mark.parametrize(
    "payloads",
    [
        [chunk({"content": "a"}), chunk(None, "stop")],
        [chunk({"content": "a"}), b"[DONE]"],
        [chunk({"content": "a"}), b"[DONE] "],
        [chunk(None, "stop"), {"choices": [], "usage": {}}],
        [chunk(None, "stop"), chunk({"content": ""})],
        [chunk({"content": "a"}), chunk({"content": "b"}, index=1), chunk(None, "stop"), chunk(None, "stop", 1)],
        [{"choices": [{"finish_reason": "stop", "index": None}]}],
        [{"choices": [{"finish_reason": "stop", "index": [1]}]}],
    ],
)
def test_a_stream_that_ended_well(payloads: list[Any]) -> None:
    assert parser_after(*payloads).end() == []


@pytest.mark.parametrize(
    "payloads",
    [
        [],
        [chunk({"content": "a"})],
        [b""],
        [{"choices": [], "usage": {"prompt_tokens": 1}}],
        [chunk({"content": "a"}), chunk({"content": "b"}, index=1), chunk(None, "stop")],
        [chunk({"content": "b"}, index=1), chunk(None, "stop", 1)],
    ],
    ids=["nothing", "no finish", "white space", "usage only", "second choice open", "first choice open"],
)
def test_a_stream_that_was_cut(payloads: list[Any]) -> None:
    with pytest.raises(Failure) as caught:
        parser_after(*payloads).end()
    assert caught.value.kind == "provider_stream_cut"


def test_choices_are_counted_only_as_far_as_anyone_asks() -> None:
    parser = parser_after(*(chunk({"content": "a"}, index=index) for index in range(1000)))
    for index in range(128):
        parser.feed(event(chunk(None, "stop", index)))
    assert parser.end() == []


def test_tool_calls_pass_untouched_and_interleaved() -> None:
    calls = [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in "ab" for index in (0, 1)]
    parser = ChunkParser()
    passed = [parser.feed(event(chunk(delta)))[0]["choices"][0]["delta"] for delta in calls]
    assert passed == calls


# ---- usage


def usage(prompt: int, completion: int, cached: int = 0) -> Json:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([usage(10, 0), usage(10, 5)], Usage(10, output=5)),
        ([usage(10, 0), usage(10, 5, cached=8)], Usage(2, cache_read=8, output=5)),
        ([usage(10, 5, cached=8), usage(10, 5, cached=8)], Usage(2, cache_read=8, output=5)),
        ([usage(10, 5), usage(0, 0)], Usage(10, output=5)),
        ([usage(10, 5), None], Usage(10, output=5)),
    ],
)
def test_reports_are_of_the_whole_and_the_largest_is_true(reports: list[Json | None], expected: Usage) -> None:
    assert parser_after(*({"choices": [], "usage": report} for report in reports)).usage == expected


def test_a_report_without_choices_is_a_chunk_without_any() -> None:
    parser = ChunkParser()
    assert parser.feed(event({"id": "x", "usage": usage(1, 2)})) == [{"id": "x", "usage": usage(1, 2), "choices": []}]
    assert parser.usage == Usage(1, output=2)


# ---- towards the application


@pytest.mark.parametrize("request_", [{}, {"stream_options": None}, {"stream_options": {"include_usage": False}}])
def test_the_usage_chunk_is_for_those_who_asked(request_: Json) -> None:
    last = {"id": "x", "created": 1, "choices": [], "usage": usage(1, 2)}
    renderer = DIALECT.renderer(request_, 0)
    assert renderer.feed(last) == b""
    assert renderer.feed({**last, "usage": None}) != b""
    assert renderer.feed(chunk({"content": "a"}, usage=usage(1, 2))) != b""
    assert DIALECT.renderer({"stream_options": {"include_usage": True}}, 0).feed(
        last
    ) == b"data: %b\n\n" % orjson.dumps(last)


def test_a_chunk_without_a_date_gets_the_callers() -> None:
    renderer = DIALECT.renderer({}, 1754667634)
    assert orjson.loads(renderer.feed(chunk(created=0))[6:])["created"] == 1754667634
    assert orjson.loads(renderer.feed(chunk(created=5))[6:])["created"] == 5


def test_the_end_of_a_stream_that_ended_well() -> None:
    assert DIALECT.renderer({}, 0).end() == b"data: [DONE]\n\n"


def test_an_error_event_is_read_as_one_by_this_dialect_itself() -> None:
    [broken] = Reader().feed(render_error_event(Failure("provider_stream_cut", "the provider hung up")))
    with pytest.raises(Failure, match="the provider hung up"):
        read_event(broken)


def test_a_chunk_too_deep_to_be_written_is_a_failure() -> None:
    deep = orjson.loads(b"[" * 900 + b"]" * 900)
    [read] = ChunkParser().feed(event(b'{"choices":[],"x":%b}' % (b"[" * 900 + b"]" * 900)))
    assert read["x"] == deep
    with pytest.raises(Failure, match="nested too deeply"):
        DIALECT.renderer({}, 0).feed(read)


# ---- anything

CHOICES = st.lists(
    st.fixed_dictionaries({}, optional={"index": ANYTHING, "delta": ANYTHING, "finish_reason": ANYTHING}) | ANYTHING,
    max_size=3,
)
EVENTS = st.builds(
    Event,
    st.sampled_from(["", "", "error", "x"]),
    (OBJECTS | ANYTHING | CHOICES.map(lambda choices: {"choices": choices})).map(orjson.dumps) | st.binary(max_size=9),
)


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(EVENTS, max_size=6))
def test_any_events_are_chunks_or_a_failure(events: list[Event]) -> None:
    parser, renderer = ChunkParser(), DIALECT.renderer({}, 0)
    for event in events:
        with suppress(Failure):
            assert read_event(event) in ("wait", "spoken", "end")
        with suppress(Failure):
            for payload in parser.feed(event):
                assert renderer.feed(payload) in (b"", b"data: %b\n\n" % orjson.dumps(payload))
    with suppress(Failure):
        assert parser.end() == []
