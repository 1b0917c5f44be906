"""An OpenAI chat inside a job of RunPod's queue: how it is asked for, what came out, and a stream fetched piece by piece."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.jobs import State
from proxy.dialects.runpod import DIALECT, ROUTE, Parser, frame, order, read_state
from proxy.wire.ndjson import Reader
from tests.upstream.job_servers import ID, completion

HI: Json = {"role": "user", "content": "hi"}
USAGE: Json = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}


def done(output: Any, **more: Any) -> Json:
    return {"id": ID, "status": "COMPLETED", "output": output, "delayTime": 8, "executionTime": 9, **more}


def chunk(delta: Json, **ended: Any) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": None, **ended}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


WORDS = [chunk({"role": "assistant", "content": ""}), chunk({"content": "Once"}), chunk({"content": " upon"})]
END = [chunk({}, finish_reason="stop"), {**chunk({}), "choices": [], "usage": USAGE}]


def as_text(chunks: list[Json]) -> str:
    return "".join(f"data: {orjson.dumps(each).decode()}\n\n" for each in chunks)


def batch(*outputs: Any, status: str = "IN_PROGRESS") -> Json:
    return {"status": status, "stream": [{"output": output} for output in outputs]}


def parse(*answers: Json) -> tuple[Parser, list[Json]]:
    parser, reader = Parser(), Reader(1 << 20)
    return parser, [
        said
        for answer in answers
        for event in reader.feed(frame(orjson.dumps(answer, option=orjson.OPT_INDENT_2)))
        for said in parser.feed(event)
    ]


def text_of(chunks: list[Json]) -> str:
    return "".join(choice["delta"].get("content") or "" for each in chunks for choice in each["choices"])


# ---- asking


def test_a_chat_goes_whole_into_the_input() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    unified = {"model": "x", "messages": [HI], "tools": [tool], "top_k": 5, "stream": True, "max_tokens": 9}
    wire, dropped, translated = DIALECT.render_request(unified, "llama")
    asked = {**unified, "model": "llama", "stream_options": {"include_usage": True}}
    assert wire == {"input": {"openai_route": ROUTE, "openai_input": asked}}
    assert (dropped, list(translated)) == ([], [])
    assert "model" in unified


def test_only_a_stream_is_asked_for_its_counts() -> None:
    unified = {"model": "x", "messages": [HI], "stream_options": {"include_usage": True}}
    assert "stream_options" not in DIALECT.render_request(unified, "m").wire["input"]["openai_input"]


@pytest.mark.parametrize(
    ("seconds", "run", "life"), [(600.0, 600_000, 600_000), (0.0, 5_001, 10_000), (1e7, 10_000_000_000, 604_800_000)]
)
def test_it_is_asked_to_end_itself(seconds: float, run: int, life: int) -> None:
    body, headers = order(b'{"input":{"a":1}}', False, seconds)
    assert orjson.loads(body) == {"policy": {"executionTimeout": run, "ttl": life}, "input": {"a": 1}}
    assert headers == ()


@pytest.mark.parametrize(
    ("status", "ended", "good"),
    [
        *(("IN_QUEUE", False, False), ("IN_PROGRESS", False, False), ("RUNNING", False, False)),
        *(("COMPLETED", True, True), ("FAILED", True, False), ("CANCELLED", True, False), ("TIMED_OUT", True, False)),
    ],
)
def test_the_states_of_a_job(status: str, ended: bool, good: bool) -> None:
    assert read_state({"id": f"sync-{ID}-u1", "status": status}) == State(f"sync-{ID}-u1", ended, good)
    assert read_state({"status": status}).id == ""


@pytest.mark.parametrize("job", [{"id": ID}, {"id": ID, "status": "dreaming"}, {"id": "../x", "status": "IN_QUEUE"}])
def test_what_is_no_job_is_the_provider_s_fault(job: Json) -> None:
    with pytest.raises(Failure) as caught:
        read_state(job)
    assert caught.value.kind == "provider_error"


# ---- whole


@pytest.mark.parametrize("output", [completion(), [completion()]])
def test_a_completion_is_the_reply(output: Any) -> None:
    assert DIALECT.parse_reply(done(output)) == completion()
    assert DIALECT.parse_usage(done(output)) == Usage(11, output=3)
    assert DIALECT.gather_usage([{}, done(output)]) == Usage(11, output=3)


TRACEBACK = orjson.dumps(
    {"error_type": "<class 'ValueError'>", "error_message": "no GPU", "error_traceback": "..."}
).decode()
VLLM = {"object": "error", "message": "max_tokens is too large", "type": "BadRequestError", "code": 400}


@pytest.mark.parametrize(
    ("job", "kind", "detail"),
    [
        ({"status": "FAILED", "error": TRACEBACK}, "provider_error", "no GPU"),
        ({"status": "FAILED", "error": "boom"}, "provider_error", "boom"),
        ({"status": "FAILED", "error": {"message": "boom"}}, "provider_error", "boom"),
        ({"status": "FAILED"}, "provider_error", "the job ended as FAILED"),
        ({"status": "CANCELLED"}, "provider_error", "the job ended as CANCELLED"),
        ({"status": "TIMED_OUT"}, "timeout", "the job ended as TIMED_OUT"),
        ({"status": "COMPLETED", "output": [VLLM]}, "invalid_request", "max_tokens is too large"),
        ({"status": "COMPLETED", "output": {"error": VLLM}}, "invalid_request", "max_tokens is too large"),
        (
            {"status": "COMPLETED", "output": [{"error": "CUDA is not available"}]},
            "provider_error",
            "CUDA is not available",
        ),
        ({"status": "COMPLETED"}, "provider_error", None),
        ({"status": "COMPLETED", "output": [completion(), completion()]}, "provider_error", None),
        ({"status": "COMPLETED", "output": {"text": ["so"]}}, "provider_error", None),
        ({"status": "COMPLETED", "output": "so"}, "provider_error", None),
    ],
)
def test_no_completion_is_no_reply(job: Json, kind: str, detail: str | None) -> None:
    with pytest.raises(Failure) as caught:
        DIALECT.parse_reply({"id": ID, **job})
    assert caught.value.kind == kind
    assert detail is None or caught.value.detail == detail


# ---- a stream

COMPLETE: Json = {"status": "COMPLETED", "stream": []}


@pytest.mark.parametrize(
    "outputs",
    [
        [as_text(WORDS + END) + "data: [DONE]\n\n"],
        [as_text(WORDS), as_text(END) + "data: [DONE]\n\n"],
        [as_text(WORDS + END)[:40], as_text(WORDS + END)[40:]],
        [*WORDS, *END],
        [WORDS, END],
        [[as_text(WORDS)], [*END]],
    ],
    ids=["one text", "two texts", "cut anywhere", "chunks", "lists of chunks", "mixed"],
)
def test_the_worker_s_own_stream_comes_out(outputs: list[Any]) -> None:
    parser, chunks = parse({"status": "IN_QUEUE", "stream": []}, *(batch(output) for output in outputs), COMPLETE)
    assert (text_of(chunks), parser.spoken, parser.ended, parser.end()) == ("Once upon", True, True, [])
    assert parser.usage == Usage(11, output=3)


def test_several_outputs_in_one_answer_keep_their_order() -> None:
    _, chunks = parse(batch(*WORDS, *END, status="COMPLETED"))
    assert text_of(chunks) == "Once upon"


def test_it_has_ended_when_nothing_more_comes() -> None:
    parser, _ = parse(batch(*WORDS, *END, status="COMPLETED"))
    assert not parser.ended
    with pytest.raises(Failure) as caught:
        parser.end()
    assert caught.value.kind == "provider_stream_cut"


def test_a_job_may_end_before_the_model_has() -> None:
    parser, _ = parse(batch(*WORDS), COMPLETE)
    with pytest.raises(Failure) as caught:
        parser.end()
    assert caught.value.kind == "provider_stream_cut"


def test_a_worker_that_does_not_stream_is_heard_at_the_end() -> None:
    parser, chunks = parse({"status": "COMPLETED"}, done([completion()]))
    assert (text_of(chunks), parser.usage, parser.end()) == ("Once upon a time", Usage(11, output=3), [])


def test_what_was_streamed_is_not_said_again() -> None:
    parser, chunks = parse(batch(*WORDS, *END), COMPLETE, done([[*WORDS, *END]]))
    assert (text_of(chunks), parser.end()) == ("Once upon", [])


@pytest.mark.parametrize(
    ("answers", "detail"),
    [
        ([batch({"error": {"message": "boom", "code": 500}})], "boom"),
        ([batch(*WORDS), {"status": "FAILED", "stream": []}, {"id": ID, "status": "FAILED", "error": "boom"}], "boom"),
        ([batch(7)], None),
        ([{"status": "IN_PROGRESS", "stream": [7]}], None),
        ([{"status": "IN_PROGRESS", "stream": 7}], None),
        ([batch("data: {\n\n")], None),
    ],
)
def test_a_failure_is_told(answers: list[Json], detail: str | None) -> None:
    with pytest.raises(Failure) as caught:
        parse(*answers)
    assert caught.value.kind == "provider_error"
    assert detail is None or caught.value.detail == detail


def test_pieces_of_a_job_that_failed_come_out_first() -> None:
    parser, chunks = parse(batch(*WORDS, status="FAILED"))
    assert (text_of(chunks), parser.ended) == ("Once upon", False)


@pytest.mark.parametrize(
    ("job", "sign"),
    [
        ({"status": "IN_QUEUE", "stream": []}, "wait"),
        (batch(as_text(WORDS[:1])), "wait"),
        (batch(as_text(WORDS)), "spoken"),
        (batch(as_text(END)), "end"),
        (COMPLETE, "end"),
    ],
)
def test_the_sign_of_an_answer(job: Json, sign: str) -> None:
    [event] = Reader(1 << 20).feed(frame(orjson.dumps(job)))
    assert DIALECT.read_event(event) == sign
