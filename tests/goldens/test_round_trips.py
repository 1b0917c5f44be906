"""wire -> unified -> the same wire: what is written by hand in a dialect comes back as it was, but for the tables here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from proxy.call import Failure, Json
from proxy.dialects import Dialect
from tests.goldens.cases import CASES, Case
from tests.goldens.crossing import STREAMED, copied, render_request
from tests.goldens.differences import differences
from tests.goldens.spoken import DIALECTS, parse, render
from tests.matrix.meaning import gather, meaning

Rows = tuple[tuple[str, str, str], ...]
#: (case-dialect, path of the request, why); patterns.
REQUESTS: Rows = (
    ("own_fields_ollama-ollama", "stream", "a stream is asked for out loud, which is what silence means here"),
    (
        "parallel_calls-gemini",
        r".*\.thoughtSignature",
        "Gemini 3 refuses a call without a signature: the word that it may",
    ),
    ("parallel_calls-ollama", r".*\.type", "`function` is what a call is anyway"),
    ("reasoning_(effort|level)-gemini", r".*\.thinkingLevel", "the word in capitals, as the enumeration has it"),
    ("tool_choice_allowed-gemini", r".*\.allowedFunctionNames\[\d\]", "the order of the names says nothing"),
    ("tool_results-bedrock", r".*\.content\[0\]\.(json|text)", "an object goes as its text"),
)
#: (case-dialect, path of the reply, why); patterns.
REPLIES: Rows = (
    (
        ".*-(anthropic|bedrock)",
        r"usage\.cache(_creation_input_t|_read_input_t|ReadInputT|WriteInputT)okens",
        "zeros are said",
    ),
    (
        "own_fields_anthropic-anthropic",
        r"usage\.server_tool_use\.web_fetch_requests",
        "only searches are paid by the piece",
    ),
    ("own_fields_responses-responses", r"usage\.server_tool_use", "searches are counted from the items, and told"),
    ("url_citations-responses", r"usage\.server_tool_use", "searches are counted from the items, and told"),
    ("text-anthropic", r"usage\.(cache_creation|service_tier)", "which cache and which tier is not counted apart"),
    (
        "json_schema_forced-.*",
        r"(output\.message\.)?content\[0\]\..*|stop_?[rR]eason",
        "the tool that stands for a schema is text",
    ),
    (
        "empty_arguments-gemini",
        r".*\.functionCall\.(args|id)",
        "a call without an id gets one, and no arguments are {}",
    ),
    ("empty_reply-gemini", r"candidates\[0\]\.content\.parts", "an empty list of parts for none"),
    ("(empty_reply|prompt_blocked)-gemini", r"usageMetadata\.candidatesTokenCount", "zeros are said"),
    ("logprobs-gemini", r".*\.tokenId", "the number of a token has no unified word"),
    ("text-gemini", r"usageMetadata\.promptTokensDetails", "text alone needs no details"),
    (
        "usage_buckets-gemini",
        r"usageMetadata\.(cacheTokensDetails|promptTokenCount|promptTokensDetails.*|toolUsePromptTokenCount)",
        "what a tool's use cost is part of the prompt",
    ),
    (".*-ollama", r"(eval|load|prompt_eval|total)_duration", "no time is 0"),
    (".*-ollama", "created_at", "whole seconds"),
    (
        ".*-responses",
        r"background|instructions|max_(output_tokens|tool_calls)|metadata|parallel_tool_calls|previous_response_id"
        r"|prompt_cache_key|reasoning(\..*)?|safety_identifier|service_tier|store|temperature|text(\..*)?|tool_choice|tools"
        r"|top_(logprobs|p)|truncation|user",
        "what the request asked is repeated, and what it did not ask as it stands by default",
    ),
    (".*-responses", r".*\.logprobs|usage\.input_tokens_details\.cache_write_tokens", "empty and zero, said out loud"),
)
#: The same for a request that came out of the hub.
AGAIN: Rows = (("logprobs-responses", r"include\[\d\]", "the order of the names says nothing"),)


def natives(part: str) -> list[tuple[Case, Dialect]]:
    return [
        (case, DIALECTS[name])
        for case in CASES.values()
        for name, native in case.native.items()
        if part in native and name in DIALECTS
    ]


def each(part: str) -> pytest.MarkDecorator:
    pairs = natives(part)
    return pytest.mark.parametrize(("case", "dialect"), pairs, ids=[f"{case.name}-{it.name}" for case, it in pairs])


def judged(case: Case, dialect: Dialect, paths: set[str], rows: Rows) -> tuple[set[str], set[tuple[str, str, str]]]:
    """The paths that no row excuses, and the rows that were needed."""
    own = [row for row in rows if re.fullmatch(row[0], f"{case.name}-{dialect.name}")]
    left = {path for path in paths if not any(re.fullmatch(row[1], path) for row in own)}
    return left, {row for row in own if any(re.fullmatch(row[1], path) for path in paths)}


@cache
def of_request(name: str, said_in: str) -> set[str]:
    case, dialect = CASES[name], DIALECTS[said_in]
    wire: Json = dict(case.native[dialect.name]["request"])
    again = render_request(dialect.parse_request(wire), dialect, case.model(dialect.name))
    return set(differences(wire, copied(again.wire))) | {f"dropped {name}" for name in again.dropped}


@cache
def of_reply(name: str, said_in: str) -> set[str]:
    case, dialect = CASES[name], DIALECTS[said_in]
    wire: Json = dict(case.native[dialect.name]["reply"])
    request = case.native[dialect.name].get("request")
    unified = case.request if request is None else dialect.parse_request(dict(request))
    return set(differences(wire, copied(dialect.render_reply(dialect.parse_reply(wire), unified))))


@each("request")
def test_a_request_by_hand_comes_back(case: Case, dialect: Dialect) -> None:
    assert judged(case, dialect, of_request(case.name, dialect.name), REQUESTS)[0] == set()


@each("reply")
def test_a_reply_by_hand_comes_back(case: Case, dialect: Dialect) -> None:
    assert judged(case, dialect, of_reply(case.name, dialect.name), REPLIES)[0] == set()


@each("stream")
def test_a_stream_by_hand_means_the_same_when_it_is_said_again(case: Case, dialect: Dialect) -> None:
    data = case.native_stream(dialect.name)
    assert data is not None
    chunks = parse(dialect, data)
    again = render(dialect, copied(chunks), {**case.request, **STREAMED})
    assert meaning(gather(parse(dialect, again))) == meaning(gather(chunks))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_is_said_once_is_said_the_same_again(dialect: Dialect) -> None:
    """A request that came out of the hub goes in and comes out unchanged."""
    for case in CASES.values():
        changes = of_itself(case.name, dialect.name)
        assert (case.name, judged(case, dialect, changes, AGAIN)[0]) == (case.name, set())


@cache
def of_itself(name: str, said_in: str) -> set[str]:
    case, dialect = CASES[name], DIALECTS[said_in]
    try:
        said = copied(render_request(case.request, dialect, case.model(said_in)).wire)
    except Failure:
        return set()
    again = render_request(dialect.parse_request(said), dialect, case.model(said_in))
    return set(differences(said, copied(again.wire))) | {f"dropped {name}" for name in again.dropped}


def needed() -> Iterator[tuple[str, str, str]]:
    for case, dialect in natives("request"):
        yield from judged(case, dialect, of_request(case.name, dialect.name), REQUESTS)[1]
    for case, dialect in natives("reply"):
        yield from judged(case, dialect, of_reply(case.name, dialect.name), REPLIES)[1]
    for case in CASES.values():
        for dialect in DIALECTS.values():
            yield from judged(case, dialect, of_itself(case.name, dialect.name), AGAIN)[1]


def test_every_row_is_needed() -> None:
    used = set(needed())
    assert [row for row in REQUESTS + REPLIES + AGAIN if row not in used] == []
