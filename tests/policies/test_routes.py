"""Rules of an alias, tags, and the fallbacks of a call, its own or the operator's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from proxy.call import Call, Failure, Outcome, Route, Target
from proxy.policies.routes import MOST_FALLBACKS, OVERRIDES, TAGS, Plan, Routes
from proxy.selection import When
from tests.policies.clocked import Provider, call_to, target

EU, US = target("eu", tags=frozenset({"eu", "fast"})), target("us", tags=frozenset({"us"}))
MODELS: dict[str, Sequence[Target]] = {"alias": (EU, US), "big": (target("big"),), "p:m": (target("p"),)}
ALIAS = Route("alias", fallback=("big", "p:m"))
BIG = Route("big")
PLANS = {"alias": Plan(ALIAS, (When("big", tools=True), When("p:m", stream=True))), "big": Plan(BIG)}


def resolve(name: str) -> Sequence[Target]:
    if name not in MODELS:
        raise Failure("model_not_found", f'no provider for the model "{name}"', param="model")
    return MODELS[name]


def routes(allowed: Sequence[str] = OVERRIDES) -> Routes:
    return Routes(PLANS, resolve, frozenset(allowed))


async def sent(call: Call, policy: Routes | None = None) -> Outcome:
    return await (policy or routes())(call, Provider())


def asked(**fields: Any) -> Call:
    return call_to(EU, US, **fields)


async def test_an_alias_has_its_route() -> None:
    call = asked()
    await sent(call)
    assert (call.route, call.targets, call.target) == (ALIAS, (EU, US), EU)


async def test_what_is_no_alias_has_none() -> None:
    call = call_to(EU, model="p:m")
    await sent(call)
    assert (call.route, call.targets) == (None, (EU,))


async def test_a_rule_sends_elsewhere() -> None:
    call = asked(json={"tools": [{}]})
    await sent(call)
    assert (call.route, call.target) == (BIG, MODELS["big"][0])
    call = asked(stream=True)
    await sent(call)
    assert (call.route, call.target) == (None, MODELS["p:m"][0])
    assert call.model == "alias"


async def test_tags_narrow_the_targets() -> None:
    call = asked(caller={TAGS: " us "})
    await sent(call)
    assert (call.targets, call.target) == ((US,), US)
    call = asked(caller={TAGS: "eu,fast"})
    await sent(call)
    assert call.targets == (EU,)


@pytest.mark.parametrize("tags", ["eu,us", "mars"])
async def test_tags_that_nobody_has(tags: str) -> None:
    with pytest.raises(Failure, match="there is eu, fast, us") as caught:
        await sent(asked(caller={TAGS: tags}))
    assert (caught.value.kind, caught.value.param) == ("invalid_request", TAGS)


async def test_fallbacks_of_the_operator_s() -> None:
    call = asked()
    policy = routes()
    await sent(call, policy)
    assert policy.fallbacks(call) == [(BIG, MODELS["big"]), (None, MODELS["p:m"])]
    assert policy.fallbacks(call_to(EU, model="p:m")) == ()


async def test_fallbacks_of_the_call_s_own() -> None:
    assert routes().fallbacks(asked(json={"fallbacks": ["p:m"]})) == [(None, MODELS["p:m"])]
    assert routes().fallbacks(asked(json={"fallbacks": []}, route=ALIAS)) == []


@pytest.mark.parametrize("said", ["p:m", 7, {}, [7], [""], ["p:m"] * (MOST_FALLBACKS + 1)])
async def test_fallbacks_that_are_none(said: Any) -> None:
    with pytest.raises(Failure, match="fallbacks must be") as caught:
        routes().fallbacks(asked(json={"fallbacks": said}))
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "fallbacks")


async def test_a_fallback_that_there_is_not() -> None:
    with pytest.raises(Failure, match="nowhere"):
        routes().fallbacks(asked(json={"fallbacks": ["nowhere"]}))


@pytest.mark.parametrize(
    ("call", "param"),
    [
        (asked(json={"fallbacks": ["p:m"]}), "fallbacks"),
        (asked(caller={TAGS: "eu"}), TAGS),
        (asked(timeout=3.0), "timeout"),
    ],
)
async def test_only_what_the_operator_allows(call: Call, param: str) -> None:
    policy = routes([])

    async def through() -> None:
        await sent(call, policy)
        policy.fallbacks(call)

    with pytest.raises(Failure, match="may not be set") as caught:
        await through()
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
