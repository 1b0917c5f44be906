"""Patterns of operators: what is taken is quick on the worst text there can be, and what is not says why."""

from __future__ import annotations

import time

import pytest

from proxy.config.regexes import LONGEST, Unfit, compile_bounded

#: As long as the longest text that a pattern is ever tried on.
TEXT = 5024


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"EMP-[0-9]{4,8}", "EMP-1234"),
        (r"(?i)acme-[a-z]{1,16}-\d{1,16}x", "ACME-ab-12x"),
        (r"\w++@acme\.com", "me@acme.com"),
        (r"(?>[a-z0-9.]{1,64}+)@acme", "a.b@acme"),
        (r"cust_\w+", "cust_1"),
        (r"(?:red|green|blue){1,5}!", "redblue!"),
        (r"(?<!\w)[A-Z]{2}\d{6}(?!\w)", "AB123456"),
        (r"(?<=id=)\d{1,20}+", "1"),
    ],
)
def test_a_pattern_that_is_taken(pattern: str, text: str) -> None:
    found = compile_bounded(pattern).search(f"id={text}")
    assert found is not None
    assert found[0] == text


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(a+)+b", "have an end"),
        (r"\w+@acme", "have an end"),
        (r".*secret", "have an end"),
        (r"a{2,}b", "have an end"),
        (r"(a|aa){1,20}b", "at most 1024 ways"),
        (r"[a-z]{1,64}@[a-z]{1,64}\.com", "at most 1024 ways"),
        (r"(a{1,100}){1,100}b", "at most 1024 ways"),
        (r"(((a{1,1000}){1,1000}){1,1000}){1,1000}b", "at most 1024 ways"),
        (r"a{1,60000}b", "at most 1024 ways"),
        (r"(?>(a|aa){1,30}b)c", "at most 1024 ways"),
        (r"(?=(a|aa){1,30}b)x", "at most 1024 ways"),
        (r"(a)\1", "references"),
        (r"(a)?(?(1)b|c)", "references"),
        (r"x*", "empty text"),
        (r"\b", "empty text"),
        (r"(", "regular expression"),
        (r"[", "regular expression"),
        (r"", "at most 500 characters"),
        ("a" * (LONGEST + 1), "at most 500 characters"),
        ("(" * 200 + ")" * 200, "empty text"),
    ],
)
def test_a_pattern_that_is_refused_says_why(pattern: str, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        compile_bounded(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\w++@acme\.com", "a" * TEXT),
        (r"[a-z]{1,32}@?[a-z]{1,16}!", "a" * TEXT),
        (r"(?:a|aa){1,9}b", "a" * TEXT),
        (r"(?:x?){1,8}x{1,2}y", "x" * TEXT),
        (r"cust_\w+", "cust_" * (TEXT // 5)),
    ],
)
def test_what_is_taken_is_quick_on_the_worst_text(pattern: str, text: str) -> None:
    compiled = compile_bounded(pattern)
    began = time.process_time()
    compiled.sub("", text)
    assert time.process_time() - began < 0.8
