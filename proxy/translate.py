"""(client dialect, target) -> what to send, and how to read what comes back.

The same dialect on both sides is a relay: the caller's bytes go up and the provider's come down, untouched but for the
model's name. Anything else goes through the hub. Pure: no clock, no network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import orjson

from proxy.call import Call, Failure, Json
from proxy.dialects import Dialect
from proxy.dialects import anthropic, openai
from proxy.dialects.openai.request import EXTRAS, is_plain
from proxy.providers import Endpoint, Provider
from proxy.wire.splice import replace_member

Unsupported = Literal["reject", "drop", "warn"]

DIALECTS = {dialect.name: dialect for dialect in (openai.DIALECT, anthropic.DIALECT)}


@dataclass(slots=True)
class Plan:
    """One attempt's words: the body to send, both dialects, and what could not be said."""

    body: bytes
    relay: bool
    ours: Dialect
    theirs: Dialect
    dropped: list[str] = field(default_factory=list)


def plan(call: Call, endpoint: Endpoint, model: str, unsupported: Unsupported) -> Plan:
    """Failure("unsupported_capability") when something cannot be said and the rule is `reject`."""
    ours, theirs = DIALECTS[call.dialect], DIALECTS[endpoint.provider.dialect]
    if ours is theirs and is_relay(call, endpoint.provider):
        return Plan(relayed_body(call, model), True, ours, theirs)
    wire, dropped = render(call.json, model, theirs, endpoint.provider)
    if dropped and unsupported == "reject":
        names = ", ".join(dropped)
        raise Failure("unsupported_capability", f"{endpoint.name} cannot honour {names}", param=dropped[0])
    return Plan(orjson.dumps(wire), ours is theirs, ours, theirs, dropped)


def is_relay(call: Call, provider: Provider) -> bool:
    return call.json.keys().isdisjoint(touched(provider)) and is_plain(call.json, call.body)


@cache
def touched(provider: Provider) -> frozenset[str]:
    """Fields that cannot go to this provider as the caller wrote them."""
    return (EXTRAS - provider.accepts) | provider.refuses | provider.renames.keys()


def relayed_body(call: Call, model: str) -> bytes:
    if model == call.model:
        return call.body
    body = replace_member(call.body, b"model", orjson.dumps(call.model), orjson.dumps(model))
    return body if body is not None else orjson.dumps({**call.json, "model": model})


def render(unified: Json, model: str, theirs: Dialect, provider: Provider) -> tuple[Json, list[str]]:
    """The target dialect's request with the provider's own quirks: what it takes besides, refuses, or spells differently."""
    wire, dropped = theirs.render_request(unified, model)
    for name in provider.accepts & unified.keys():
        wire[name] = unified[name]
    dropped = [name for name in dropped if name not in provider.accepts]
    for name in sorted(provider.refuses & wire.keys()):
        del wire[name]
        dropped.append(name)
    for name, theirs_name in provider.renames.items():
        if name in wire:
            wire[theirs_name] = wire.pop(name)
    return wire, dropped
