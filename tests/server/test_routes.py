"""The table of doors: each leads to a dialect there is, however an SDK spells the path before it."""

from __future__ import annotations

import pytest

from proxy.server.routes import ACTIONS, CALLS, METHODS, SPOKEN, Door, collapse, find_door, path_in, spoken_at
from proxy.translate import DIALECTS

ROWS = [*CALLS.values(), *METHODS.values(), *ACTIONS.values()]

#: What SDKs and those who configure them write -> the door it must lead to. /shared/ and other proxies' prefixes included.
SPELLINGS = {
    "/chat/completions": CALLS["/v1/chat/completions"],
    "/v1/chat/completions/": CALLS["/v1/chat/completions"],
    "/v1/v1/chat/completions": CALLS["/v1/chat/completions"],
    "/openai/v1/chat/completions": CALLS["/v1/chat/completions"],
    "/api/v1/chat/completions": CALLS["/v1/chat/completions"],
    "/v1beta/openai/chat/completions": CALLS["/v1/chat/completions"],
    "http://127.0.0.1:11411/v1/chat/completions?x=1": CALLS["/v1/chat/completions"],
    "/completions": CALLS["/v1/completions"],
    "/embeddings": CALLS["/v1/embeddings"],
    "/responses": CALLS["/v1/responses"],
    "/messages": CALLS["/v1/messages"],
    "/v1/v1/messages": CALLS["/v1/messages"],
    "/anthropic/v1/messages?beta=true": CALLS["/v1/messages"],
    "/messages/count_tokens": CALLS["/v1/messages/count_tokens"],
    "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21": Door("openai", "chat", "gpt-4o"),
    "/v1/deployments/my%20own/embeddings": Door("openai", "embeddings", "my own"),
    "/v1beta/models/gemini-2.5-pro:generateContent": Door("gemini", "chat", "gemini-2.5-pro"),
    "/v1/models/gemini-2.5-pro:generateContent": Door("gemini", "chat", "gemini-2.5-pro"),
    "/v1beta/models/openai:gpt-4o:generateContent": Door("gemini", "chat", "openai:gpt-4o"),
    "/v1beta/models/openai/gpt-4o:streamGenerateContent?alt=sse": Door("gemini", "chat", "openai/gpt-4o", True),
    "/v1beta/models/m:streamGenerateContent": Door("gemini_array", "chat", "m", True),
    "/v1beta/models/m:streamGenerateContent?alt=json": Door("gemini_array", "chat", "m", True),
    "/v1beta/models/m:countTokens": Door("gemini", "count_tokens", "m"),
    "/v1beta/models/m:embedContent": Door("gemini_one", "embeddings", "m"),
    "/v1beta/models/m:batchEmbedContents": Door("gemini", "embeddings", "m"),
    "/v1beta1/projects/p/locations/eu/publishers/google/models/m:generateContent": Door("gemini", "chat", "m"),
    "/model/anthropic.claude-3%3A0/converse": Door("bedrock", "chat", "anthropic.claude-3:0"),
    "/model/arn%3Aaws%3Abedrock%3A%3Ax%2Fy/converse-stream": Door("bedrock", "chat", "arn:aws:bedrock::x/y", True),
    "/model/m/invoke": Door("bedrock_invoke", "chat", "m"),
    "/model/m/invoke-with-response-stream": Door("bedrock_invoke", "chat", "m", True),
}


@pytest.mark.parametrize("door", ROWS, ids=str)
def test_every_door_leads_to_a_dialect_that_has_the_operation(door: Door) -> None:
    assert DIALECTS[door.dialect].operation(door.operation) is not None


def test_a_stream_of_gemini_s_without_events_has_a_dialect_too() -> None:
    assert DIALECTS["gemini_array"].framing == "json_array"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_however_it_is_spelled(spelling: str) -> None:
    assert find_door(spelling) == SPELLINGS[spelling]


@pytest.mark.parametrize("path", CALLS)
def test_a_row_is_spelled_as_the_table_leaves_it(path: str) -> None:
    assert collapse(path) == path
    assert find_door(path) == CALLS[path]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "*",
        "/v1",
        "/v1/chat",
        "/v1/chat/completion",
        "/v3/chat",
        "/v1/models",
        "/v1beta/models/m:make",
        "/model/m/eat",
    ],
)
def test_what_leads_nowhere(path: str) -> None:
    assert find_door(path) is None


def test_prefixes_without_end_come_to_one() -> None:
    assert find_door("/v1" * 4 + "/messages") is not None
    assert find_door("/v1" * 400 + "/messages") is None


def test_whoever_asks_for_nothing_there_is_told_in_its_own_dialect() -> None:
    assert {spoken_at(path) for path, _ in SPOKEN} <= DIALECTS.keys()
    assert spoken_at("/v1beta/models/m:x") == "gemini"
    assert spoken_at("/favicon.ico") == "openai"


def test_a_path_without_its_query() -> None:
    assert path_in("/v1/models?a=/b?c") == "/v1/models"
    assert path_in("http://127.0.0.1/v1/models?x") == "/v1/models"
    assert path_in("http://127.0.0.1") == ""
