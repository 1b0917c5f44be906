"""Calls that go another way by what they ask for: the rules of an alias, and targets that would leave out a parameter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import Answer
from tests.promises.dialects import WIRES, like
from tests.promises.scripts import HELLO, Script, alias, says
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.stations import Scene, before
from tests.promises.upstream import Provider

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
LONG = [{"role": "user", "content": "word " * 3000}]
HARD = [
    {
        "role": "user",
        "content": "```\ndef f():\n    return 1;\n```\n1. compare\n2. debug\n3. prove\n- step by step\n" * 9,
    }
]
#: A rule -> a request for which it holds.
HELD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "tools": ({"tools": True}, {"tools": [TOOL]}),
    "images": ({"images": True}, {"messages": [{"role": "user", "content": [IMAGE]}]}),
    "schema": ({"schema": True}, {"response_format": SCHEMA}),
    "reasoning": ({"reasoning": True}, {"reasoning_effort": "high"}),
    "stream": ({"stream": True}, {"stream": True}),
    "header": ({"header": {"X-Tier": "gold"}}, {"headers": {"x-tier": "gold"}}),
    "any header": ({"header": {"X-Tier": "*"}}, {"headers": {"x-tier": "tin"}}),
    "matches": ({"matches": "(?i)poem"}, {"messages": [{"role": "user", "content": "a Poem, please"}]}),
    "long": ({"prompt_tokens_above": 1000}, {"messages": LONG}),
    "complex": ({"complexity_above": 0.4}, {"messages": HARD}),
    "all": ({"tools": True, "header": {"x-tier": "gold"}}, {"tools": [TOOL], "headers": {"x-tier": "gold"}}),
}


@asynccontextmanager
async def with_rule(directory: Path, *rules: dict[str, Any]) -> AsyncIterator[Scene]:
    """The alias `fast` is `a`, unless a rule holds; another alias, `other`, is `b`."""
    model = {"targets": [{"provider": "a", "model": "m"}], "when": list(rules)}
    async with before(directory, "abc", model, others=[alias("b", name="other")]) as at:
        yield at


def provider_of(answer: Answer) -> str:
    assert answer.status == 200, answer
    return answer.headers["x-outrider-provider"]


@pytest.mark.parametrize("name", HELD)
async def test_a_rule_that_holds(name: str, tmp_path: Path) -> None:
    rule, request = HELD[name]
    async with with_rule(tmp_path, {**rule, "use": "other"}) as at:
        assert provider_of(await at.ask(**request)) == "b"
        assert provider_of(await at.ask()) == "a"
        assert await at.running.counted("llm_requests_success", provider="b", model="fast") == 1


async def test_all_of_a_rule_has_to_hold(tmp_path: Path) -> None:
    async with with_rule(tmp_path, {**HELD["all"][0], "use": "other"}) as at:
        assert provider_of(await at.ask(tools=[TOOL])) == "a"
        assert provider_of(await at.ask({"x-tier": "gold"})) == "a"


async def test_the_first_rule_that_holds(tmp_path: Path) -> None:
    rules = {"tools": True, "use": "c:special"}, {"stream": False, "use": "other"}
    async with with_rule(tmp_path, *rules) as at:
        answer = await at.ask(tools=[TOOL])
        assert (provider_of(answer), answer.headers["x-outrider-model"]) == ("c", "special")
        assert at.providers["c"].requests[0].json["model"] == "special"
        assert provider_of(await at.ask()) == "b"
        assert provider_of(await at.ask(stream=True)) == "a"


# ---- parameters that a target would leave out


@asynccontextmanager
async def demanding(directory: Path, **model: Any) -> AsyncIterator[tuple[Any, Script, Script]]:
    """An alias of a provider that cannot honour `logit_bias`, and one that can; in this order."""
    claude, openai = Script(says("claude", wire=WIRES["anthropic"])), Script(says("openai"))
    async with Provider(claude) as first, Provider(openai) as second:
        entries = {"claude": like(WIRES["anthropic"], first.url), "up": openai_like(second.url)}
        async with sidecar(directory, entries, models=[alias("claude", "up", **model)]) as running:
            yield running, claude, openai


BIASED = {"model": "fast", "messages": HELLO, "logit_bias": {"1": 5}}


async def test_who_would_leave_out_a_parameter_is_passed_over(tmp_path: Path) -> None:
    async with demanding(tmp_path, require_parameters=True) as (running, claude, openai):
        assert provider_of(await running.ask(BIASED)) == "up"
        assert (claude.count, openai.count) == (0, 1)
        assert provider_of(await running.ask({"model": "fast", "messages": HELLO})) == "claude"


async def test_without_that_it_is_named_in_the_receipt(tmp_path: Path) -> None:
    async with demanding(tmp_path) as (running, _, _):
        answer = await running.ask(BIASED)
        assert (provider_of(answer), answer.headers["x-outrider-dropped"]) == ("claude", "logit_bias")


async def test_where_nobody_can_it_is_the_callers_mistake(tmp_path: Path) -> None:
    claude = Script(says("claude", wire=WIRES["anthropic"]))
    async with Provider(claude) as provider:
        entry = {"claude": like(WIRES["anthropic"], provider.url)}
        models = [alias("claude", require_parameters=True)]
        async with sidecar(tmp_path, entry, models=models) as running:
            answer = await running.ask(BIASED)
            assert (answer.status, answer.error["type"], answer.error["param"]) == (
                400,
                "unsupported_capability",
                "logit_bias",
            )
            assert claude.count == 0
