"""Unified chunks as lines."""

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.chunks import chunk_of, head_of
from proxy.dialects.ollama.generate import generate_line
from proxy.dialects.ollama.render_stream import StreamRenderer

HEAD = head_of("id", "served")
CREATED = 1749083509


def lines(*chunks: Json, renderer: StreamRenderer | None = None) -> list[Json]:
    renderer = renderer or StreamRenderer({"model": "asked"}, CREATED)
    data = b"".join([*map(renderer.feed, chunks), renderer.end()])
    assert data.endswith(b"\n")
    return [orjson.loads(line) for line in data.split(b"\n")[:-1]]


def messages(*chunks: Json) -> list[Json]:
    return [line["message"] for line in lines(*chunks)]


def delta(**said: Any) -> Json:
    return chunk_of(HEAD, said)


def call(index: int | None, **said: Any) -> Json:
    function = {name: said.pop(name) for name in ("name", "arguments") if name in said}
    return delta(tool_calls=[{**({} if index is None else {"index": index}), **said, "function": function}])


FINISH = chunk_of(HEAD, {}, finish_reason="stop", native_finish_reason="end_turn")
USAGE = {**HEAD, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}


def test_a_stream_of_text() -> None:
    first, second, last = lines(delta(role="assistant", content="he"), delta(content="l\nlo"), FINISH, USAGE)
    assert first == {
        "model": "served",
        "created_at": "2025-06-05T00:31:49Z",
        "message": {"role": "assistant", "content": "he"},
        "done": False,
    }
    assert second["message"]["content"] == "l\nlo"
    assert last == {
        **first,
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
        **dict.fromkeys(("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"), 0),
        "prompt_eval_count": 3,
        "eval_count": 2,
    }


def test_the_short_way_says_the_same_as_the_long_one() -> None:
    renderer = StreamRenderer({}, CREATED)
    words = 'a"\\\n\0é'
    assert renderer.feed(delta(content=words)) == renderer._feed(delta(content=words))
    assert b"".join(map(renderer.feed, [delta(role="assistant", content=""), FINISH])) == b""


def test_nothing_says_that_it_is_done_before_the_end() -> None:
    renderer = StreamRenderer({}, CREATED)
    said = b"".join(map(renderer.feed, [delta(content="x"), FINISH, USAGE]))
    assert b'"done":true' not in said
    assert b'"done":true' in renderer.end()


def test_thoughts_refusals_and_images() -> None:
    drawn = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    assert messages(delta(reasoning_content="hm"), delta(refusal="no"), delta(images=[drawn]), FINISH)[:-1] == [
        {"role": "assistant", "content": "", "thinking": "hm"},
        {"role": "assistant", "content": "no"},
        {"role": "assistant", "content": "", "images": ["iVBORw0KGgo="]},
    ]


def test_interleaved_calls_keep_their_arguments() -> None:
    said = lines(
        call(0, id="c0", name="a", arguments=""),
        call(1, id="c1", name="b", arguments='{"x"'),
        call(0, arguments='{"y":'),
        call(1, arguments=":1}"),
        call(0, arguments="2}"),
        chunk_of(HEAD, {}, finish_reason="tool_calls"),
    )
    assert len(said) == 2
    assert said[0]["message"]["tool_calls"] == [
        {"id": "c0", "function": {"index": 0, "name": "a", "arguments": {"y": 2}}},
        {"id": "c1", "function": {"index": 1, "name": "b", "arguments": {"x": 1}}},
    ]
    assert said[1]["done_reason"] == "stop"


def test_whole_calls_without_places_and_without_a_finish() -> None:
    said = messages(call(None, id="c0", name="a", arguments="{}"), call(None, id="c1", name="b", arguments=""))
    assert [call["id"] for call in said[0]["tool_calls"]] == ["c0", "c1"]


def test_a_call_that_never_got_a_name_or_an_object() -> None:
    for broken in (call(0, id="c", arguments="{}"), call(0, id="c", name="a", arguments="{")):
        with pytest.raises(Failure):
            lines(broken, FINISH)


def test_likelihoods_and_durations_go_along() -> None:
    likely = {"content": [{"token": "x", "logprob": 0, "bytes": None, "top_logprobs": []}]}
    said = lines(chunk_of(HEAD, {"content": "x"}, logprobs=likely), {**FINISH, "eval_duration": 7})
    assert said[0]["logprobs"] == [{"token": "x", "logprob": 0}]
    assert said[-1]["eval_duration"] == 7


def test_usage_on_every_chunk_is_not_added() -> None:
    usage = USAGE["usage"]
    said = lines({**delta(content="x"), "usage": usage}, {**FINISH, "usage": usage}, USAGE)
    assert said[-1]["eval_count"] == 2


def test_a_generate_stream() -> None:
    renderer = StreamRenderer({"model": "m"}, CREATED, generate_line)
    assert [line.get("response") for line in lines(delta(content="x"), FINISH, renderer=renderer)] == ["x", ""]


def test_a_chunk_without_a_model_goes_by_the_one_asked_for() -> None:
    assert lines({"choices": [{"delta": {"content": "x"}}]})[0]["model"] == "asked"


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": 3},
        {"choices": [3]},
        {"choices": [{"delta": 3}]},
        delta(content=[]) | {"choices": [{"delta": {"content": [1]}}]},
        delta(tool_calls=3),
        delta(tool_calls=[3]),
        delta(tool_calls=[{"function": {"arguments": {"a": 1}}}]),
    ],
)
def test_a_chunk_that_cannot_be_said(chunk: Json) -> None:
    with pytest.raises(Failure):
        lines(chunk)


def test_a_call_that_lost_its_end_to_the_limit_is_left_out() -> None:
    finish = chunk_of(HEAD, {}, finish_reason="length")
    whole, cut = call(0, id="a", name="f", arguments="{}"), call(1, id="b", name="g", arguments='{"x":')
    said = lines(whole, cut, finish)
    assert said[0]["message"]["tool_calls"] == [{"id": "a", "function": {"index": 0, "name": "f", "arguments": {}}}]
    assert (len(said), said[-1]["done_reason"]) == (2, "length")
    assert [line["done_reason"] for line in lines(cut, finish)] == ["length"]
    with pytest.raises(Failure):
        lines(cut, FINISH)
