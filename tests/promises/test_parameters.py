"""What a target cannot honour is refused, or left out and named, as it is configured. Never in silence."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.promises.caller import Answer
from tests.promises.dialects import WIRES, alone, like, speaking_alone
from tests.promises.dialects.wire import Json, Wire
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Asked, Provider

RULES = ("auto", "reject", "drop", "warn")


class Case(NamedTuple):
    """A request in one dialect that goes to another.

    more:    what the target cannot say.
    dropped: how the receipt names it.
    meaning: whether leaving it out would ask another question, so that `auto` refuses it.
    gone:    what of it must not be found in what is sent.
    """

    client: str
    target: str
    more: Json
    dropped: str
    meaning: bool
    gone: bytes


TOOL: Json = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
CASES = {
    "seed": Case("openai", "anthropic", {"seed": 77777}, "seed", False, b"77777"),
    "logit bias": Case("openai", "gemini", {"logit_bias": {"77777": 1}}, "logit_bias", False, b"77777"),
    "a field nobody knows": Case("openai", "cohere", {"x_canary": 1}, "x_canary", False, b"x_canary"),
    "someone else's field": Case("ollama", "anthropic", {"keep_alive": "77777s"}, "keep_alive", False, b"77777s"),
    "penalties": Case(
        "gemini",
        "bedrock",
        {"generationConfig": {"presencePenalty": 0.77777}},
        "presence_penalty",
        False,
        b"77777",
    ),
    "someone else's tool": Case("anthropic", "ollama", {"tools": [SEARCH]}, "tools[0]", True, b"web_search"),
    "someone else's tool beside another": Case(
        "responses",
        "anthropic",
        {
            "tools": [
                {"type": "function", "name": "look", "parameters": TOOL["function"]["parameters"], "strict": False},
                {"type": "file_search", "vector_store_ids": ["vs_77777"]},
            ]
        },
        "tools[1]",
        True,
        b"vs_77777",
    ),
    "tool choice": Case(
        "openai",
        "ollama",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
        "tool_choice",
        True,
        b"tool_choice",
    ),
}


def answer(wire: Wire, asked: Asked) -> None:
    if asked.json.get("stream", asked.line.split()[1] == wire.path_to("m", True)):
        asked.link.stream(wire.stream(["hi"]).data, wire.content_type)
    else:
        asked.link.whole(wire.reply("hi"))


async def ask(running: InLoop, ours: Wire, model: str, stream: bool, more: Json) -> Answer:
    return await running.ask({**ours.ask(model, stream), **more}, ours.headers, ours.path_to(model, stream))


def names(heard: Answer, header: str) -> list[str]:
    return heard.headers.get(f"x-outrider-{header}", "").split(",")


def check(heard: Answer, case: Case, rule: str, provider: Provider) -> None:
    ours = WIRES[case.client]
    if rule == "reject" or (rule == "auto" and case.meaning):
        assert heard.status == 400
        assert case.dropped in ours.words_of(heard.json)
        assert provider.requests == []
        return
    assert (heard.status, heard.complete) == (200, True), heard.body
    assert case.dropped in names(heard, "dropped")
    assert case.gone not in provider.requests[-1].body
    provider.requests.clear()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("case", CASES)
async def test_the_rule_for_all_and_the_rule_of_an_alias(case: str, rule: str, tmp_path: Path) -> None:
    """On replies and on streams, whose receipt is in their first bytes. An alias may say otherwise, in both directions."""
    it = CASES[case]
    ours, theirs = WIRES[it.client], WIRES[it.target]
    other = "drop" if rule == "reject" else "reject"
    alias = {"model": "named", "targets": [{"provider": "up", "model": "m"}], "unsupported": other}
    with speaking_alone():
        async with (
            Provider(lambda asked: answer(theirs, asked)) as provider,
            sidecar(tmp_path, {"up": alone(theirs, provider.url)}, unsupported=rule, models=[alias]) as running,
        ):
            for stream in (False, True):
                check(await ask(running, ours, "up:m", stream, it.more), it, rule, provider)
                check(await ask(running, ours, "named", stream, it.more), it, other, provider)
            await running.is_idle()
            assert await running.counted("provider_error_total") == 0


NEUTRAL: list[tuple[str, str, Json]] = [
    ("openai", "anthropic", {"presence_penalty": 0, "logit_bias": {}, "seed": None, "n": 1, "logprobs": False}),
    ("anthropic", "ollama", {"tools": [], "stop_sequences": [], "metadata": {}}),
    ("ollama", "cohere", {"options": {}, "keep_alive": None}),
    ("gemini", "openai", {"tools": [], "safetySettings": []}),
]


@pytest.mark.parametrize(("client", "target", "more"), NEUTRAL)
async def test_what_says_nothing_is_no_loss(client: str, target: str, more: Json, tmp_path: Path) -> None:
    ours, theirs = WIRES[client], WIRES[target]
    with speaking_alone():
        async with (
            Provider(lambda asked: answer(theirs, asked)) as provider,
            sidecar(tmp_path, {"up": alone(theirs, provider.url)}, unsupported="reject") as running,
        ):
            heard = await ask(running, ours, "up:m", False, more)
            assert heard.status == 200, heard.body
            assert "x-outrider-dropped" not in heard.headers


STATEFUL: list[tuple[str, Json, str]] = [
    ("responses", {"previous_response_id": "resp_1"}, "previous_response_id"),
    ("responses", {"conversation": "conv_1"}, "conversation"),
    ("responses", {"background": True}, "background"),
    ("responses", {"input": [{"type": "item_reference", "id": "rs_1"}]}, "item_reference"),
    ("ollama_generate", {"context": [1, 2, 3]}, "context"),
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("client", "more", "name"), STATEFUL)
async def test_what_lies_with_another_provider_is_refused_whatever_the_rule(
    client: str, more: Json, name: str, rule: str, tmp_path: Path
) -> None:
    ours, theirs = WIRES[client], WIRES["anthropic"]
    async with (
        Provider() as provider,
        sidecar(tmp_path, {"up": like(theirs, provider.url)}, unsupported=rule) as running,
    ):
        heard = await ask(running, ours, "up:m", True, more)
        assert heard.status == 400
        assert name in ours.words_of(heard.json)
        assert provider.links == []


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
FORMAT = {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}}
THINKING = {"reasoning": {"budget_tokens": 2048}, "max_tokens": 100}
HAIKU, SONNET = "up:anthropic.claude-3-haiku-20240307-v1:0", "up:claude-sonnet-4-5"
#: (target, model), what the application says, and how the receipt names it.
TRANSLATED: dict[str, tuple[str, str, Json, str]] = {
    "a schema by a forced tool": ("bedrock", HAIKU, FORMAT, "response_format"),
    "a limit that is raised": ("anthropic", SONNET, THINKING, "max_tokens"),
    "a temperature that is too high": ("anthropic", SONNET, {"temperature": 1.7}, "temperature"),
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("case", TRANSLATED)
async def test_what_is_said_in_a_roundabout_way_is_named(case: str, stream: bool, tmp_path: Path) -> None:
    target, model, more, name = TRANSLATED[case]
    theirs = WIRES[target]

    def reply(asked: Asked) -> None:
        if stream:
            asked.link.stream(theirs.stream(["hi"]).data, theirs.content_type)
        else:
            asked.link.whole(theirs.reply("hi"))

    async with Provider(reply) as provider, sidecar(tmp_path, {"up": like(theirs, provider.url)}) as running:
        heard = await ask(running, WIRES["openai"], model, stream, more)
        assert heard.status == 200, heard.body
        assert name in names(heard, "translated")


@pytest.mark.parametrize("dialect", WIRES)
async def test_a_relay_drops_nothing(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with (
        Provider(lambda asked: answer(wire, asked)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}, unsupported="reject") as running,
    ):
        heard = await ask(running, wire, "up:m", True, {"x_unknown": 77777})
        assert heard.status == 200, heard.body
        assert not {"x-outrider-dropped", "x-outrider-translated"} & heard.headers.keys()
        assert b"77777" in provider.requests[0].body
