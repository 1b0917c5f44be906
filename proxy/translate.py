"""(client dialect, target) -> what to send, and how to read what comes back.

The same dialect on both sides is a relay: the caller's bytes go up and the provider's come down, untouched but for the
model's name. Anything else goes through the hub. Pure: no clock, no network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Literal

import orjson

from proxy.call import Call, Failure, Json
from proxy.dialects import Dialect, anthropic, openai
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
        return Plan(relayed_body(call, model), True, ours, theirs, [])
    wire, dropped = render(call.json, model, theirs, endpoint.provider)
    if dropped and unsupported == "reject":
        names = ", ".join(dropped)
        raise Failure("unsupported_capability", f"{endpoint.name} cannot honour {names}", param=dropped[0])
    return Plan(encode(wire, "invalid_request", "the request"), ours is theirs, ours, theirs, dropped)


def is_relay(call: Call, provider: Provider) -> bool:
    return call.json.keys().isdisjoint(touched(provider)) and is_plain(call.json, call.body)


@cache
def touched(provider: Provider) -> frozenset[str]:
    """Fields that cannot go to this provider as the caller wrote them."""
    return (EXTRAS - provider.accepts) | provider.refuses | provider.renames.keys()


def relayed_body(call: Call, model: str) -> bytes:
    if model == call.model:
        return call.body
    body = call.body
    # A letter of a key may be an escape (m, o, d, e, l: \u006d to \u006c); then the one spelled plainly is another object's.
    if body.count(b'"model"') == 1 and b"\\u006" not in body:
        for common, instead in respellings(call.model, model):
            respelled = body.replace(common, instead)
            if respelled is not body:
                return respelled
    replaced = replace_member(body, b"model", orjson.dumps(model))
    return replaced if replaced is not None else encode({**call.json, "model": model}, "invalid_request", "the request")


def encode(wire: Json, kind: str, what: str) -> bytes:
    """JSON text. Failure of `kind` for what is nested deeper than orjson writes, which is less deep than it reads."""
    try:
        return orjson.dumps(wire)
    except orjson.JSONEncodeError:
        raise Failure(kind, f"{what} is nested too deeply to be said anew") from None


@lru_cache(maxsize=1024)
def respellings(asked: str, sent: str) -> tuple[tuple[bytes, bytes], ...]:
    """The two ways in which SDKs spell the member, and what takes its place."""
    old, new = orjson.dumps(asked), orjson.dumps(sent)
    return tuple((b'"model":%b%b' % (gap, old), b'"model":%b%b' % (gap, new)) for gap in (b"", b" "))


def render(unified: Json, model: str, theirs: Dialect, provider: Provider) -> tuple[Json, list[str]]:
    """The target dialect's request with the provider's own quirks: what it takes besides, refuses, or spells differently."""
    wire, dropped = theirs.render_request(unified, model)
    if not (provider.accepts or provider.refuses or provider.renames):
        return wire, dropped
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
