"""What Perplexity has otherwise than OpenAI's Responses API: the form of an answer.

Source: https://docs.perplexity.ai/api-reference/responses-post
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from tests.providers.clouds import KEY, said

FORM: Json = {"type": "json_schema", "json_schema": {"name": "city", "schema": {"type": "object"}}}
HELLO: Json = {"role": "user", "content": "hi"}


async def arrived(dialect: str, wire: Json) -> Any:
    _, request = await said("perplexity", dialect, wire, key=KEY)
    return orjson.loads(request.body)


async def test_a_form_is_asked_for_as_in_chat_completions() -> None:
    wire = await arrived("openai", {"messages": [HELLO], "response_format": FORM})
    assert wire["response_format"] == FORM
    assert "text" not in wire
    wire = await arrived("openai", {"messages": [HELLO], "response_format": {"type": "text"}})
    assert wire.keys().isdisjoint({"text", "response_format"})


async def test_and_by_whom_it_is_asked_for_in_responses_words() -> None:
    form = {"type": "json_schema", "name": "city", "schema": {"type": "object"}}
    wire = await arrived("responses", {"input": "hi", "text": {"format": form}})
    assert wire["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert "text" not in wire


async def test_what_a_caller_of_its_own_dialect_wrote_is_not_touched() -> None:
    wire = {"model": "m", "input": [HELLO], "preset": "fast"}
    assert await arrived("responses", wire) == wire


async def test_a_form_that_it_has_not_would_change_the_question() -> None:
    with pytest.raises(Failure, match="up cannot honour response_format") as raised:
        await arrived("openai", {"messages": [HELLO], "response_format": {"type": "json_object"}})
    assert (raised.value.kind, raised.value.param) == ("unsupported_capability", "response_format")


@pytest.mark.parametrize("fields", [{"parallel_tool_calls": True}, {"verbosity": "low"}, {"user": "u-1"}])
async def test_what_it_does_anyway_or_leaves_is_no_fault(fields: Json) -> None:
    wire = await arrived("openai", {"messages": [HELLO], **fields})
    assert wire.keys().isdisjoint({"text", *fields})
