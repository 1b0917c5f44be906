"""A provider's quirks: what it refuses goes, what it cuts is cut, and each is named; what it takes is not touched."""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest

from proxy.call import Call, Client, Failure, Json
from proxy.dialects import Rendering
from proxy.providers import Endpoint, Provider
from proxy.quirks import is_beyond, mend, odd_for, said_anew
from proxy.translate import Plan, Rules, plan


def put_tier(wire: Json, tier: Any) -> bool:
    wire["tier"] = wire.pop("service_tier")
    return bool(tier == "flex")


ODD = Provider(
    dialect="openai",
    docs="https://x",
    accepts=frozenset({"top_k"}),
    refuses=frozenset({"store", "modalities", "messages.name"}),
    renames={"seed": "random_seed"},
    amends={"service_tier": put_tier},
    fixed={"n": 1},
    clamps={"temperature": (0.0, 1.0), "max_tokens": (16, 4096)},
)
PLAIN = Provider(dialect="openai", docs="https://x")
HELLO: Json = {"role": "user", "content": "hi"}


def planned(provider: Provider, **fields: Any) -> Plan:
    wire = {"model": "m", "messages": [HELLO], **fields}
    body = orjson.dumps(wire)
    call = Call("id", "openai", "chat", body, wire, "m", False, {}, cast(Client, None))
    return plan(call, Endpoint("there", "kind", provider, "https://x"), "m", Rules("warn"))


@pytest.mark.parametrize(
    ("said", "wire", "dropped", "translated"),
    [
        ({"store": True}, {}, ["store"], []),
        ({"n": 2}, {}, ["n"], []),
        ({"seed": 7}, {"random_seed": 7}, [], []),
        ({"temperature": 1.5}, {"temperature": 1.0}, [], ["temperature"]),
        ({"temperature": -1}, {"temperature": 0.0}, [], ["temperature"]),
        ({"max_tokens": 5}, {"max_tokens": 16}, [], ["max_tokens"]),
        ({"top_k": 5}, {"top_k": 5}, [], []),
        ({"service_tier": "flex"}, {"tier": "flex"}, [], []),
        ({"service_tier": "odd"}, {"tier": "odd"}, ["service_tier"], []),
        ({"service_tier": None}, {"service_tier": None}, [], []),
        ({"store": False}, {}, [], []),
        ({"store": None}, {}, [], []),
        ({"modalities": ["text"]}, {}, [], []),
        ({"modalities": ["audio"]}, {}, ["modalities"], []),
        ({"messages": [{**HELLO, "name": "Ann"}, HELLO]}, {"messages": [HELLO, HELLO]}, ["messages.name"], []),
    ],
)
def test_what_is_said_otherwise(said: Json, wire: Json, dropped: list[str], translated: list[str]) -> None:
    made = planned(ODD, **said)
    assert orjson.loads(made.body) == {"model": "m", "messages": [HELLO], **wire}
    assert (list(made.dropped), list(made.translated)) == (dropped, translated)


@pytest.mark.parametrize(
    "said", [{"n": 1}, {"n": None}, {"temperature": 1}, {"temperature": True}, {"max_tokens": 16}, {"logprobs": True}]
)
def test_what_it_takes_is_relayed_byte_for_byte(said: Json) -> None:
    made = planned(ODD, **said)
    assert made.body == orjson.dumps({"model": "m", "messages": [HELLO], **said})
    assert (list(made.dropped), list(made.translated)) == ([], [])


def test_what_would_change_the_meaning_is_refused_by_default() -> None:
    wire = {"model": "m", "messages": [HELLO], "n": 2}
    call = Call("id", "openai", "chat", orjson.dumps(wire), wire, "m", False, {}, cast(Client, None))
    with pytest.raises(Failure, match="there cannot honour n") as raised:
        plan(call, Endpoint("there", "kind", ODD, "https://x"), "m", Rules("auto"))
    assert (raised.value.kind, raised.value.param) == ("unsupported_capability", "n")


def test_nobodys_arguments_are_changed() -> None:
    wire = {"messages": [{**HELLO, "name": "Ann"}], "temperature": 2.0}
    kept = orjson.dumps(wire)
    mend(Rendering(dict(wire), [], ()), wire, ODD)
    assert orjson.dumps(wire) == kept


@pytest.mark.parametrize("messages", [None, 5, [], ["a"], [{"name": None}], [{"role": "user"}]])
def test_messages_of_any_shape_can_be_asked_about(messages: Any) -> None:
    assert not is_beyond({"messages": messages}, ODD)


def test_a_provider_without_quirks_costs_nothing() -> None:
    assert odd_for(PLAIN) == said_anew(PLAIN) == frozenset()
    assert odd_for(ODD) >= {"top_k", "store", "messages", "seed", "n", "temperature", "max_tokens", "service_tier"}
    assert said_anew(ODD) == {"store", "modalities", "seed", "service_tier"}
