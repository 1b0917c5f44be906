"""The tables of docs/unified.md that say how an answer ended, proven by behaviour: each cell is a reply that is read or said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from proxy.call import Json
from proxy.translate import DIALECTS
from tests import unified_table
from tests.unified_table import COLUMNS, COMPLETED, ENDS, WORDS, said, written

CALL: Json = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def openai_reply(word: str, calls: bool) -> Json:
    message = {"role": "assistant", "content": "so", **({"tool_calls": [CALL]} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": word}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def responses_reply(word: str, calls: bool) -> Json:
    words = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "so"}]}
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    ended = {"status": word} if word == COMPLETED else {"status": "incomplete", "incomplete_details": {"reason": word}}
    return {"id": "1", "model": "m", "output": [call if calls else words], **ended}


def anthropic_reply(word: str, calls: bool) -> Json:
    block = {"type": "tool_use", "id": "1", "name": "f", "input": {}} if calls else {"type": "text", "text": "so"}
    return {"id": "1", "type": "message", "model": "m", "content": [block], "stop_reason": word}


def gemini_reply(word: str, calls: bool) -> Json:
    part = {"functionCall": {"name": "f", "args": {}}} if calls else {"text": "so"}
    return {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": word}]}


def bedrock_reply(word: str, calls: bool) -> Json:
    block = {"toolUse": {"toolUseId": "1", "name": "f", "input": {}}} if calls else {"text": "so"}
    return {"output": {"message": {"role": "assistant", "content": [block]}}, "stopReason": word}


def ollama_reply(word: str, calls: bool) -> Json:
    beside = {"tool_calls": [{"function": {"name": "f", "arguments": {}}}]} if calls else {}
    message = {"role": "assistant", "content": "so", **beside}
    return {"model": "m", "message": message, "done": True, "done_reason": word}


def cohere_reply(word: str, calls: bool) -> Json:
    beside: Json = {"tool_calls": [CALL]} if calls else {"content": [{"type": "text", "text": "so"}]}
    return {"id": "1", "finish_reason": word, "message": {"role": "assistant", **beside}}


#: (the provider's word, whether it called a tool) -> a whole reply.
REPLIES: Mapping[str, Callable[[str, bool], Json]] = {
    "openai": openai_reply,
    "responses": responses_reply,
    "anthropic": anthropic_reply,
    "gemini": gemini_reply,
    "bedrock": bedrock_reply,
    "ollama": ollama_reply,
    "cohere": cohere_reply,
}


def responses_word(wire: Json) -> Any:
    return COMPLETED if wire["status"] == COMPLETED else wire["incomplete_details"]["reason"]


#: Where a reply says how it ended.
WORD_IN: Mapping[str, Callable[[Json], Any]] = {
    "openai": lambda wire: wire["choices"][0]["finish_reason"],
    "responses": responses_word,
    "anthropic": lambda wire: wire["stop_reason"],
    "gemini": lambda wire: wire["candidates"][0]["finishReason"],
    "bedrock": lambda wire: wire["stopReason"],
    "ollama": lambda wire: wire["done_reason"],
    "cohere": lambda wire: wire["finish_reason"],
}


def ended(dialect: str, word: str, calls: bool = False) -> Any:
    return DIALECTS[dialect].parse_reply(REPLIES[dialect](word, calls))["choices"][0]["finish_reason"]


def answered(dialect: str, end: str, native: str | None = None) -> Any:
    unified = openai_reply(end, end == "tool_calls")
    unified["choices"][0]["native_finish_reason"] = native
    return WORD_IN[dialect](DIALECTS[dialect].render_reply(deepcopy(unified), {"model": "m", "messages": []}))


@pytest.mark.parametrize("dialect", COLUMNS)
def test_every_word_of_a_provider_means_what_the_table_says(dialect: str) -> None:
    for word, end in WORDS[dialect].heard.items():
        assert ended(dialect, word, end == "tool_calls") == end, word
    if "tool_calls" not in WORDS[dialect].heard.values():
        stops = [word for word, end in WORDS[dialect].heard.items() if end == "stop"]
        assert {ended(dialect, word, calls=True) for word in stops} == {"tool_calls"}


@pytest.mark.parametrize("dialect", COLUMNS)
def test_an_application_is_told_in_the_word_of_the_table(dialect: str) -> None:
    for end in ENDS:
        assert f"`{answered(dialect, end)}`" == said(end, dialect)


@pytest.mark.parametrize("dialect", COLUMNS)
def test_a_word_that_nobody_knows_is_passed_on_in_both_directions(dialect: str) -> None:
    assert ended(dialect, "a_new_reason") == "a_new_reason"
    assert answered(dialect, "a_new_reason", "a_new_reason") == "a_new_reason"


@pytest.mark.parametrize("dialect", ["anthropic", "gemini", "bedrock", "ollama", "cohere"])
def test_a_provider_of_the_same_words_is_quoted(dialect: str) -> None:
    for word, end in WORDS[dialect].heard.items():
        assert answered(dialect, end, word) == word


def test_a_document_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="substring not found"):
        written("# Something else")


def test_a_table_that_has_drifted_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "unified.md"
    document.write_text(unified_table.DOCUMENT.read_text("utf-8").replace("`end_turn`", "`turn_end`"), "utf-8")
    monkeypatch.setattr(unified_table, "DOCUMENT", document)
    assert unified_table.main([]) == 1
    assert unified_table.main(["--write"]) == 0
    assert unified_table.main([]) == 0
    assert "`turn_end`" not in document.read_text("utf-8")
