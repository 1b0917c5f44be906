"""What nobody told of an answer is estimated, and what was told stays."""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest

from proxy.call import Call, Json, Usage
from proxy.translate import DIALECTS, Plan
from proxy.upstream.body import Relay, Translation
from proxy.upstream.guess import fill, fill_whole, length_of, tokens_of
from tests.upstream.lane import Recorder
from tests.upstream.streams import ANTHROPIC, BLOCK, DONE, ENDING, ROLE, START, STOP, anthropic_text, openai_chunk

OPENAI, ANTHROPIC_DIALECT = DIALECTS["openai"], DIALECTS["anthropic"]
ENGLISH = "The proxy counts what it can and estimates what nobody has told it. "
#: What the sentence takes, give or take a third: it has 14 words.
TOKENS = 14
PROMPT: Json = {"model": "m", "messages": [{"role": "user", "content": ENGLISH * 10}]}


def make_call(operation: str = "chat", started: bool = True) -> Call:
    client = Recorder()
    client.started = started
    return Call("id", "openai", operation, b"{}", PROMPT, "m", True, {}, cast(Any, client))


def never() -> int:
    raise AssertionError("it was told")


def near(tokens: int) -> Any:
    return pytest.approx(tokens, rel=0.34)


@pytest.mark.parametrize("told", [Usage(5, output=1), Usage(reasoning=1), Usage(image_output=9), Usage()])
def test_what_was_told_stays(told: Usage) -> None:
    assert fill(make_call(), told, never) is told
    assert not told.estimated


def test_nothing_told() -> None:
    usage = fill(make_call(), None, lambda: 7)
    assert usage == Usage(usage.input if usage else 0, output=7, estimated=True)
    assert usage.input == near(10 * TOKENS)


def test_a_count_that_was_made_before_is_taken() -> None:
    call = make_call()
    call.tokens = 123
    assert fill(call, None, lambda: 0) == Usage(123, estimated=True)


def test_only_the_beginning_told() -> None:
    assert fill(make_call(), Usage(9, 5, 3), lambda: 7) == Usage(9, 5, 3, output=7, estimated=True)
    assert fill(make_call(), Usage(9), lambda: 0) == Usage(9), "an answer without a word takes nothing"


def test_an_embedding_has_no_words() -> None:
    assert fill(make_call("embeddings"), Usage(9), never) == Usage(9)
    usage = fill(make_call("embeddings"), None, never)
    assert usage is not None
    assert (usage.output, usage.estimated) == (0, True)


@pytest.mark.parametrize("operation", ["rerank", "count_tokens", "images", "speech", "moderations"])
def test_what_is_not_paid_for_by_the_token(operation: str) -> None:
    assert fill(make_call(operation), None, never) is None
    assert fill(make_call(operation), Usage(searches=1), never) == Usage(searches=1)


def test_a_whole_reply_without_usage() -> None:
    reply = {"choices": [{"message": {"role": "assistant", "content": ENGLISH * 20}}]}
    usage = fill_whole(make_call(), None, OPENAI, reply)
    assert usage is not None
    assert usage.output == near(20 * TOKENS)
    assert fill_whole(make_call(), Usage(3), ANTHROPIC_DIALECT, {"content": []}) == Usage(3)


def test_a_text_has_tokens() -> None:
    assert tokens_of("", "m") == 0
    assert tokens_of("a", "gpt-4o") == 1
    assert tokens_of(ENGLISH * 50, "claude-sonnet-4-5") == near(50 * TOKENS)


@pytest.mark.parametrize(
    ("choices", "length"),
    [
        ([{"delta": {"content": "hello"}}], 5),
        ([{"delta": {"content": "日本"}}], 6),
        ([{"delta": {"content": "\ud800"}}], 1),
        ([{"delta": {"role": "assistant", "content": "hi", "reasoning_content": "so"}}], 4),
        ([{"delta": {"content": "a"}}, {"delta": {"content": "bc"}}], 3),
        ([{"delta": {"tool_calls": [{"function": {"name": "f", "arguments": '{"a":1}'}}]}}], 8),
        ([{"delta": {}, "finish_reason": "stop"}], 0),
        ([], 0),
        (None, 0),
        ([5], 0),
        ([{"delta": 5}], 0),
    ],
)
def test_the_length_of_a_chunk(choices: Any, length: int) -> None:
    assert length_of({"choices": choices}) == length


# ---- streams


def relay(call: Call) -> Relay:
    return Relay(DIALECTS[call.dialect])


def translation(call: Call) -> Translation:
    plan = Plan(b"", "", False, OPENAI, ANTHROPIC_DIALECT, OPENAI, ANTHROPIC_DIALECT)
    return Translation(plan, call, created=1_700_000_000)


@pytest.mark.parametrize("piece", [7, 1000, 1 << 20])
@pytest.mark.parametrize("words", [3, 60, 3000])
def test_a_relay_that_was_told_nothing(words: int, piece: int) -> None:
    call = make_call()
    body = relay(call)
    wire = b"".join([ROLE, *[openai_chunk(content=ENGLISH)] * words, STOP, DONE])
    for start in range(0, len(wire), piece):
        body.feed(wire[start : start + piece])
    usage = body.usage(call)
    assert usage is not None
    assert usage.estimated
    assert usage.output == near(words * TOKENS)


@pytest.mark.parametrize("words", [3, 60, 3000])
@pytest.mark.parametrize("how", [relay, translation])
def test_a_cut_stream_keeps_the_prompt_that_was_told(how: Any, words: int) -> None:
    call = make_call()
    call.dialect = "anthropic" if how is relay else "openai"
    body = how(call)
    for event in (START, BLOCK, *[anthropic_text(ENGLISH)] * words):
        body.feed(event)
    usage = body.usage(call)
    assert usage.input == orjson.loads(START.partition(b"data: ")[2])["message"]["usage"]["input_tokens"]
    assert usage.output == near(words * TOKENS)
    assert usage.estimated


@pytest.mark.parametrize("how", [relay, translation])
def test_a_stream_that_told_all_is_not_estimated(how: Any) -> None:
    call = make_call()
    call.dialect = "anthropic" if how is relay else "openai"
    body = how(call)
    for event in ANTHROPIC:
        body.feed(event)
    assert not body.usage(call).estimated


def test_what_has_not_begun_takes_nothing() -> None:
    call = make_call(started=False)
    for body in (relay(call), translation(call)):
        assert body.usage(call) is None
    body = translation(call)
    body.feed(START)
    assert body.usage(call) == Usage(input=body.usage(call).input)  # type: ignore[union-attr]


def test_escapes_and_other_events_count_beside_the_short_cut() -> None:
    call = make_call()
    body = translation(call)
    for event in (START, BLOCK, anthropic_text('"' * 400), *[anthropic_text("plain ")] * 100, *ENDING[:1]):
        body.feed(event)
    assert body.usage(call).output == (400 + 600) // 4  # type: ignore[union-attr]
