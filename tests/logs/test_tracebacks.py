"""Exceptions as text: where they came from, always; their words, unless those may be a call's."""

from __future__ import annotations

import json
import traceback

import pytest

from proxy.call import Failure
from proxy.logs.tracebacks import WITHHELD, told

PROMPT = "the secret of the prompt"


class Odd(Exception):
    """Of a package of somebody else's."""


def raised(error: BaseException) -> BaseException:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def raised_by(code: str) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        exec(code, {"prompt": PROMPT, "json": json})
    return caught.value


@pytest.mark.parametrize(
    "code",
    ["int(prompt)", "{}[prompt]", "json.loads(prompt)", "(prompt + '\\ud800').encode()", "raise Exception(prompt)"],
)
def test_words_that_may_be_a_call_s_are_withheld(code: str) -> None:
    text = told(raised_by(code))
    assert PROMPT not in text
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith(f": {WITHHELD}\n")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("None.x", "AttributeError: 'NoneType' object has no attribute 'x'\n"),
        ("1 + ''", "TypeError: unsupported operand type(s) for +: 'int' and 'str'\n"),
        ("{}['usage']", "KeyError: 'usage'\n"),
        ("open('/nowhere')", "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere'\n"),
        ("[][1]", "IndexError: list index out of range\n"),
        ("assert False", "AssertionError\n"),
    ],
)
def test_words_that_are_not_are_told(code: str, words: str) -> None:
    assert told(raised_by(code)).endswith(words)


def test_a_failure_says_its_kind() -> None:
    text = told(raised(Failure("provider_error", PROMPT)))
    assert text.endswith("proxy.call.Failure: provider_error\n")
    assert PROMPT not in text


def test_what_it_came_from_is_told_in_the_same_way() -> None:
    def fail() -> None:
        try:
            int(PROMPT)
        except ValueError as first:
            try:
                raise Odd(PROMPT) from first
            except Odd:
                raise KeyError(PROMPT)  # noqa: B904

    try:
        fail()
    except KeyError as caught:
        text = told(caught)
        order = [line.partition(":")[0] for line in text.splitlines() if line.endswith(WITHHELD)]
        assert order == ["ValueError", f"{__name__}.Odd", "KeyError"]
        assert PROMPT not in text.replace("int(PROMPT)", "").replace("(PROMPT)", "")
        assert text.count("direct cause") == text.count("During handling") == 1
        assert text.count('File "') == traceback.format_exc().count('File "')


def test_a_group_tells_of_each() -> None:
    text = told(raised(ExceptionGroup(PROMPT, [ValueError(PROMPT), OSError(5, "gone")])))
    assert PROMPT not in text.replace("(PROMPT", "")
    assert "ValueError: (" in text
    assert "OSError: [Errno 5] gone" in text


def test_a_circle_of_causes_has_an_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert told(first).count("ValueError") == 2


def test_whole_is_what_python_prints() -> None:
    error = raised_by("int(prompt)")
    assert PROMPT in told(error, whole=True)
    assert told(error, whole=True) == "".join(traceback.format_exception(error))
