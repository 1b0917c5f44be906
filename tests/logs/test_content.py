"""What calls say, in a line: what is asked for and no more, in any shape, without keys and without what belongs to a person."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from proxy.call import Json
from proxy.logs.content import MARGIN, Answer, Rules, content_line, prompt_of
from proxy.logs.formats import RENDERERS
from proxy.logs.pii import SORTS, Scrubber
from proxy.logs.redaction import Redactor
from tests.logs.test_lines import new_call

KEY = "canary-0123456789abcdefghij"
LIMIT = 100


def fields_of(
    asked: Json, answer: Callable[[], Answer] | None = None, *, prompts: bool = True, limit: int = LIMIT
) -> dict[str, Any]:
    redactor = Redactor()
    redactor.add(KEY)
    rules = Rules(prompts, limit, Scrubber(SORTS))
    line = content_line(1.5, new_call(json=asked), answer, rules, redactor.clean_cut)
    for render in RENDERERS.values():
        assert b"\n" not in render(line.fields())
    return line.fields()


def said(*messages: Any) -> Json:
    return {"messages": list(messages)}


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def test_the_whole_line() -> None:
    assert fields_of(said({"role": "system", "content": "be brief"}, user("hi")), lambda: ("hello", True)) == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "info",
        "event": "content",
        "id": "req-1",
        "provider": "openai",
        "model": "fast",
        "prompt": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
        "answer": "hello",
        "cut": None,
    }


def test_what_is_not_asked_for_is_not_there() -> None:
    assert "prompt" not in fields_of(said(user("hi")), lambda: ("hello", True), prompts=False)
    assert "answer" not in fields_of(said(user("hi")))


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (user("text"), "text"),
        (
            user([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:..."}}]),
            "a\n[image_url]",
        ),
        (user([{"type": "tool_result", "content": [{"type": "text", "text": "deep"}]}]), "deep"),
        (user(None), ""),
        (user(5), ""),
        (
            {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
            "f\n{}",
        ),
        ({"role": "assistant", "content": "a", "tool_calls": [5, {"function": 5}, {"function": {"name": 5}}]}, "a"),
    ],
)
def test_text_is_found_in_any_shape(message: Json, content: str) -> None:
    [shown] = fields_of(said(message))["prompt"]
    assert shown["content"] == content


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"input": ["a", "b"]}, [{"role": "input", "content": "a\nb"}]),
        ({"prompt": "p"}, [{"role": "prompt", "content": "p"}]),
        ({"query": "q", "documents": ["d"]}, [{"role": "query", "content": "q"}]),
        ({"input": [1, 2, 3]}, [{"role": "input", "content": ""}]),
        ({"messages": "no list"}, []),
        ({"messages": [5, None, []]}, []),
        ({"messages": [{"role": 5, "content": "x"}]}, [{"role": "", "content": "x"}]),
        ({}, []),
    ],
)
def test_every_operation_has_its_own_place(asked: Json, shown: list[dict[str, str]]) -> None:
    assert fields_of(asked)["prompt"] == shown


def test_the_newest_goes_before_the_oldest_and_the_order_stays() -> None:
    fields = fields_of(said(user("a" * 90), user("b" * 60), user("c" * 30)))
    assert [message["content"] for message in fields["prompt"]] == ["a" * 10, "b" * 60, "c" * 30]
    assert fields["cut"] is True


def test_an_answer_is_cut() -> None:
    fields = fields_of({}, lambda: ("x" * 5000, True))
    assert (fields["answer"], fields["cut"]) == ("x" * LIMIT, True)
    assert fields_of({}, lambda: ("x" * LIMIT, True))["cut"] is None
    assert fields_of({}, lambda: ("x", False))["cut"] is True


@pytest.mark.parametrize("before", [0, 1, LIMIT - 1, LIMIT, LIMIT + MARGIN - 10, LIMIT + MARGIN + 5])
@pytest.mark.parametrize("where", ["prompt", "answer"])
def test_no_part_of_a_key_is_left_wherever_it_stands(before: int, where: str) -> None:
    text = "." * before + KEY + "." * 50
    fields = fields_of(said(user(text)), lambda: (text, True))
    shown = fields["prompt"][0]["content"] if where == "prompt" else fields["answer"]
    assert KEY[:8] not in shown
    assert shown == ("." * before + "[redacted]" + "." * 50)[:LIMIT]


@pytest.mark.parametrize("half", range(8, len(KEY)))
def test_half_a_key_at_the_end_of_an_answer_that_was_cut_off_is_known(half: int) -> None:
    assert fields_of({}, lambda: (f"it is {KEY[:half]}", False))["answer"] == "it is [redacted]"


def test_what_belongs_to_a_person_is_known_beyond_the_cut() -> None:
    text = "." * (LIMIT - 10) + "4111 1111 1111 1111"
    assert fields_of(said(user(text)))["prompt"][0]["content"] == "." * (LIMIT - 10) + "[redacted:"


def test_keys_go_before_numbers_that_are_in_them() -> None:
    redactor = Redactor()
    redactor.add("pw-4111111111111111-x")
    line = content_line(
        1.5,
        new_call(json=said(user("pw-4111111111111111-x"))),
        None,
        Rules(True, 100, Scrubber(SORTS)),
        redactor.clean_cut,
    )
    assert line.fields()["prompt"][0]["content"] == "[redacted]"


def test_little_is_kept_of_much() -> None:
    """Text is not copied, parts are not counted, depth is not followed, beyond what will be shown."""
    deep: Any = "deep"
    for _ in range(900):
        deep = [{"type": "x", "content": deep}]
    huge = said(*[user("old" * 1000)] * 100_000, user([{"type": "text", "text": "y" * 10_000_000}] * 50), user(deep))
    began = time.process_time()
    found, more = prompt_of(huge, LIMIT)
    assert time.process_time() - began < 0.2
    assert more
    assert sum(len(text) for _, text in found) <= LIMIT + 2 * MARGIN


@pytest.mark.parametrize("text", ["\ud800 half", "\x1b[2J", "é模\U0001f916", "\0"])
def test_any_text_stays_itself(text: str) -> None:
    assert fields_of(said(user(text)), lambda: (text, True))["answer"] == text
