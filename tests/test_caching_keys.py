"""Whose questions are the same: whatever goes up counts, to whom it goes, and for whom the answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from proxy.caching import LONG, REMEMBERED, Keys
from proxy.call import Call
from proxy.translate import Rules
from tests.asking import COMMON, SAID, ask, key, target
from tests.promises.dialects import WIRES


def test_the_same_to_the_same_is_the_same() -> None:
    assert key(ask()) == key(ask(user="another", metadata={"a": "b"}, timeout=5, prompt_cache_key="x"))
    assert key(ask()) == key(replace(ask(), model="another alias of the same target"))
    assert key(ask(target(key="sk-1"))) == key(ask(target(key="sk-2", keys=("sk-2", "sk-3"))))


OTHERS: Mapping[str, Call] = {
    "another model": ask(target(model="n")),
    "another provider": ask(target(name="other")),
    "another kind": ask(target("mistral")),
    "another address": ask(target(base_url="http://y/v1")),
    "a header of the operator's": ask(target(headers={"x-project": "a"})),
    "an option": ask(target(options={"region": "eu"})),
    "one target more": ask(target(), target(model="n")),
    "a stream": ask(stream=True),
    "another operation": replace(ask(), operation="completions"),
    "another rule for what cannot be said": ask(target(rules=Rules("drop"))),
    "what a policy changed": replace(ask(), json={**ask().json, "max_tokens": 1}, changed=("max_tokens",)),
}


@pytest.mark.parametrize("words", OTHERS)
def test_to_somebody_else_it_is_another_question(words: str) -> None:
    assert key(OTHERS[words]) != key(ask())


def test_all_of_these_are_told_apart_from_each_other() -> None:
    assert len({key(call) for call in OTHERS.values()} | {key(ask())}) == len(OTHERS) + 1


def test_pods_and_tenants_are_told_apart() -> None:
    def tenant(**caller: str) -> str:
        headers = {name.replace("_", "-"): value for name, value in caller.items()}
        return key(ask(caller=headers), by=("X-Tenant", "x-team"))

    keys = [tenant(), tenant(x_tenant="a"), tenant(x_tenant="b"), tenant(x_team="a"), tenant(x_tenant="a", x_team="a")]
    assert len({*keys, key(ask(), "one"), key(ask(), "two"), tenant(x_tenant="a\ud800")}) == len(keys) + 3
    assert tenant(x_other="a") == tenant()
    assert key(ask(caller={"x-tenant": "a"}), by=("x-team", "x-tenant")) == tenant(x_tenant="a")


def test_headers_that_go_up_count_and_those_that_only_name_the_request_do_not() -> None:
    claude = target("anthropic")

    def passing(**caller: str) -> str:
        headers = {name.replace("_", "-"): value for name, value in caller.items()}
        return key(ask(claude, dialect="anthropic", wire=WIRES["anthropic"].ask("m"), caller=headers))

    keys = {
        passing(),
        passing(anthropic_beta="a"),
        passing(anthropic_beta="b"),
        passing(anthropic_version="2023-06-01"),
    }
    assert len(keys) == 4
    assert passing(user_agent="x", authorization="y", x_request_id="z") == passing()
    assert key(ask(caller={"idempotency-key": "1", "x-client-request-id": "2"})) == key(ask())


@pytest.mark.parametrize("name", ["anthropic", "gemini", "bedrock", "ollama", "cohere", "responses"])
def test_what_is_relayed_counts_as_it_was_written_and_what_is_translated_as_it_is_understood(name: str) -> None:
    ours, kind = WIRES[name], WIRES[name].kind
    wire = ours.ask("m")
    plain, odd = ({**wire, **more} for more in ({}, {"x_unheard_of": {"deep": [1]}}))
    relayed = [key(ask(target(kind), dialect=name, wire=each)) for each in (plain, odd)]
    assert relayed[0] != relayed[1]
    assert key(ask(target(kind), dialect=name, wire=dict(reversed(plain.items())))) == relayed[0]
    understood = {
        key(ask(target("mistral"), dialect=name, wire=plain)),
        key(ask(target("mistral"), dialect="cohere", wire=WIRES["cohere"].ask("m"))),
    }
    assert relayed[0] not in understood
    changed = replace(ask(target(kind), dialect=name, wire=odd), changed=("max_tokens",))
    assert key(changed) not in relayed


def test_callers_of_several_dialects_share_what_means_the_same() -> None:
    claude = target("mistral")
    said = {"messages": SAID["messages"], "max_tokens": 64}
    assert key(ask(claude, dialect="anthropic", wire=said)) == key(ask(claude, wire=said))


def test_how_a_stream_is_wanted_counts_where_it_makes_a_difference() -> None:
    asking = Rules(ask_usage=True)
    usage: dict[str, Any] = {"stream_options": {"include_usage": True}}
    silent, told = ask(stream=True), ask(stream=True, **usage)
    odd = ask(stream=True, stream_options={"include_usage": True, "include_obfuscation": False})
    assert len({key(silent), key(told), key(odd)}) == 3
    assert key(silent, common=asking) == key(told, common=asking)
    assert key(odd, common=asking) != key(told, common=asking)
    assert key(ask(stream=True, stream_options={"include_usage": False})) == key(silent)


def test_what_a_response_repeats_tells_relayed_ones_apart() -> None:
    wire = WIRES["responses"].ask("m")
    for more in ({"metadata": {"for": "a"}}, {"user": "a"}, {"safety_identifier": "a"}, {"prompt_cache_key": "a"}):
        relayed = [key(ask(dialect="responses", wire=each)) for each in (wire, wire | more)]
        assert relayed[0] != relayed[1]
        translated = [key(ask(target("anthropic"), dialect="responses", wire=each)) for each in (wire, wire | more)]
        assert translated[0] == translated[1]


@pytest.mark.parametrize("more", [{"conversation": "conv_1"}, {"background": True}])
def test_what_goes_on_at_the_provider_has_no_key(more: dict[str, Any]) -> None:
    assert Keys("", (), COMMON)(ask(dialect="responses", wire=WIRES["responses"].ask("m") | more)) is None


async def test_a_long_request_is_hashed_beside_the_calls() -> None:
    text = "x" * LONG
    found = Keys("", (), COMMON)(ask(messages=[{"role": "user", "content": text}]))
    assert found is not None
    assert not isinstance(found, str)
    short = ask(messages=[{"role": "user", "content": text}])
    short.body = b"{}"
    assert await found == key(short)


def test_what_is_remembered_of_callers_is_bounded() -> None:
    keys = Keys("", (), COMMON)
    first = keys(ask())
    for number in range(REMEMBERED + 50):
        keys(ask(target(model=f"m{number}")))
        assert len(keys._known) <= REMEMBERED
    assert keys(ask()) == first
