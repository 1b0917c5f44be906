"""Secrets in every notation in which they have been seen to leave, and ordinary words that must stay."""

from __future__ import annotations

import json
from urllib.parse import quote

import orjson
import pytest

from proxy.logs.redaction import SPELLINGS, Redactor


def clean(text: str, *secrets: str) -> str:
    redactor = Redactor()
    for secret in secrets:
        redactor.add(secret)
    return redactor.clean(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key sk-proj-abcDEF_123456 used", "key [redacted] used"),
        ("sk-ant-api03-AAAA-bbbb_cccc", "[redacted]"),
        ('{"m":"line\\nsk-abcdefgh12"}', '{"m":"line\\n[redacted]"}'),
        ('{"m":"\\u0001sk-abcdefgh12"}', '{"m":"\\u0001[redacted]"}'),
        ("gsk_abcdefgh12345", "[redacted]"),
        ("https://host/v1?key=AIzaSyA1234567890abcdefg&alt=sse", "https://host/v1?key=[redacted]&alt=sse"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
        ("ASIAIOSFODNN7EXAMPLE", "[redacted]"),
        ("Bearer abc.def-123", "Bearer [redacted]"),
        ("bearer%20abc123", "bearer%20[redacted]"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
        ('{"authorization":"Basic dXNlcjpwdw=="}', '{"authorization":"Basic [redacted]"}'),
        ("authorization=dXNlcjpwdw", "authorization=[redacted]"),
        ("x-api-key: abc", "x-api-key: [redacted]"),
        ("X-Goog-Api-Key: abc", "X-Goog-Api-Key: [redacted]"),
        ('{"x-api-key":"abc","a":1}', '{"x-api-key":"[redacted]","a":1}'),
        ('{\\"x-api-key\\": \\"abc\\"}', '{\\"x-api-key\\": \\"[redacted]\\"}'),
        ("{'x-api-key': 'abc'}", "{'x-api-key': '[redacted]'}"),
        ("(b'x-api-key', b'abc')", "(b'x-api-key', b'[redacted]')"),
        ("('x-api-key', 'abc')", "('x-api-key', '[redacted]')"),
        ("api_key=abc&x=1", "api_key=[redacted]&x=1"),
        ("x-api-key: sk-abcdefgh12345", "x-api-key: [redacted]"),
    ],
)
def test_what_looks_like_a_key_goes(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "task-force-one-and-two",
        "the disk-usage-of-everything",
        "asiapacificregion1",
        "model gpt-4o-mini at provider openai",
        "no api key was found",
        "the bearer",
        "x-api-key:\nnext line",
        '{"model":"claude-sonnet-4-5","kind":"authentication_failed"}',
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    "secret", ["plain-value-1", 'with "quotes" and \\', "tab\tand ünïcode-模型", "percent %41/+=&", "it's mine"]
)
@pytest.mark.parametrize(
    "notation", [str, json.dumps, lambda text: orjson.dumps(text).decode(), quote, repr, lambda text: f"({text!r},)"]
)
def test_a_known_value_goes_in_any_notation(secret: str, notation: object) -> None:
    assert callable(notation)
    text = clean(f"before {notation(secret)} after", secret)
    assert text.replace("'", "").replace('"', "").replace("(", "").replace(",)", "") == "before [redacted] after"


def test_every_line_of_a_long_secret_goes_alone_too() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
    assert clean(json.dumps({"key": pem}), pem) == '{"key": "[redacted]"}'
    assert clean("hkiG9w0BAQEFAASC", pem) == "[redacted]"


def test_a_secret_that_begins_like_another_leaves_no_rest() -> None:
    assert clean("open-sesame-and-more", "open-sesame", "open-sesame-and-more") == "[redacted]"


def test_a_short_value_would_hide_words_and_is_not_taken() -> None:
    assert clean("an ollama model", "ollama") == "an ollama model"


def test_many_lines_at_once_stay_many_lines() -> None:
    assert clean("a Bearer x1\nb Bearer x2\n") == "a Bearer [redacted]\nb Bearer [redacted]\n"


def test_the_oldest_are_forgotten_first() -> None:
    redactor = Redactor()
    for number in range(SPELLINGS + 10):
        redactor.add(f"value-{number:06}")
    assert redactor.clean(b"value-000009") == b"value-000009"
    assert redactor.clean(b"value-000010") == b"[redacted]"


def test_a_secret_that_is_forgotten_makes_room() -> None:
    redactor = Redactor()
    for _ in range(2):
        redactor.add("canary-value-one")
    redactor.add("canary-value-two")
    redactor.forget("canary-value-two")
    redactor.forget("canary-value-two")
    assert redactor.clean(b"canary-value-one canary-value-two") == b"[redacted] canary-value-two"
    redactor.forget("canary-value-one")
    assert redactor.clean(b"canary-value-one") == b"[redacted]", "it was added by somebody else too"
    redactor.forget("canary-value-one")
    assert redactor.clean(b"canary-value-one") == b"canary-value-one"
