"""(client dialect, target) -> what to send, and how to read what comes back.

The same dialect on both sides is a relay: the caller's bytes go up and the provider's come down, untouched but for the
model's name. Anything else goes through the hub. Pure: no clock, no network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, NamedTuple

import orjson

from proxy.call import Call, Failure, Json
from proxy.dialects import Dialect, Rendering, Speech
from proxy.dialects.by_name import BY_NAME, OWN, STATEFUL
from proxy.dialects.ids import MARK, unpack_request
from proxy.dialects.openai.request import EXTRAS, is_plain
from proxy.providers import Endpoint, Provider, Way
from proxy.wire.splice import replace_member

#: `auto` refuses what would change the meaning of the request, and drops the rest by name.
Unsupported = Literal["auto", "reject", "drop", "warn"]


DIALECTS = BY_NAME
OPENAI = DIALECTS["openai"]

#: What changes the meaning of a request when it is left out: names, and beginnings of names.
MEANING = frozenset({"tools", "tool_choice", "response_format", "store", "modalities", "audio", "web_search_options"})
MEANING_PREFIXES = ("tools[", "tool_choice.", "response_format.", "messages.image.", "messages.file", "messages.tool.")
NICETIES = frozenset({"messages.image.detail", "messages.tool.is_error"})
SIGNED = MARK.encode()
#: Stands in every request that gives some of its content by a web address.
ADDRESS = b"http"
#: Kind of content -> what a request that gives it by address holds somewhere, in whatever dialect.
ADDRESSED: Mapping[str, tuple[bytes, ...]] = {
    "image": (b"image",),
    "file": (b"file", b"document"),
    "audio": (b"audio",),
}


class Rules(NamedTuple):
    """What the operator wants. `ask_usage`: a stream's usage is asked for where the caller did not, and kept from it."""

    unsupported: Unsupported = "auto"
    ask_usage: bool = False


@dataclass(slots=True)
class Plan:
    """One attempt's words: the body to send and the path, both dialects and what they say, and what could not be said."""

    body: bytes
    path: str
    relay: bool
    ours: Dialect
    theirs: Dialect
    say: Speech
    hear: Speech
    dropped: Sequence[str] = ()
    translated: Sequence[str] = ()
    withhold: bool = False


def plan(call: Call, endpoint: Endpoint, model: str, rules: Rules, unified: Json | None = None) -> Plan:
    """`unified` stands for the request where something of it had to be fetched first.

    Failure("unsupported_capability") for what cannot be said and may not be left out, or cannot be asked for at all.
    """
    provider = endpoint.provider
    way = way_to(provider, call.dialect, call.operation, call.stream)
    if way is None:
        raise Failure("unsupported_capability", f"{endpoint.name} has no {call.operation}", param="model")
    ours, theirs = DIALECTS[call.dialect], DIALECTS[way.dialect]
    say: Speech | None = ours
    hear: Speech | None = theirs
    if call.operation != "chat":
        say, hear = ours.operation(call.operation), theirs.operation(call.operation)
    assert say is not None
    assert hear is not None
    if ours is theirs and is_relay(call, ours, provider):
        body = relayed_body(call, model, ours)
        if rules.ask_usage and lacks_usage(call, provider):
            return Plan(asking_usage(call, body), way.path, True, ours, theirs, say, hear, withhold=True)
        return Plan(body, way.path, True, ours, theirs, say, hear)
    unified = unified or call.json
    if SIGNED in call.body and call.operation == "chat":
        unified = unpack_request(unified)
    wire, dropped, translated = render(unified, model, theirs, hear, provider)
    check_dropped(dropped, endpoint, rules.unsupported)
    withhold = theirs is OPENAI and call.stream and ask_usage(wire, call, provider, rules)
    body = encode(wire, "invalid_request", "the request")
    return Plan(body, way.path, ours is theirs, ours, theirs, say, hear, dropped, translated, withhold)


def ask_usage(wire: Json, call: Call, provider: Provider, rules: Rules) -> bool:
    """Other dialects' streams tell their usage unasked, and so must this one. Whether to keep it from the caller."""
    if call.dialect == "openai":
        withhold = rules.ask_usage and lacks_usage(call, provider)
        if withhold:
            wire["stream_options"] = {**(wire.get("stream_options") or {}), "include_usage": True}
        return withhold
    wire.pop("stream_options", None)
    if provider.stream_usage:
        wire["stream_options"] = {"include_usage": True}
    return False


def has_way(call: Call, provider: Provider) -> bool:
    return way_to(provider, call.dialect, call.operation, call.stream) is not None


@cache
def way_to(provider: Provider, dialect: str, operation: str, stream: bool) -> Way | None:
    return provider.way(dialect, operation, stream)


def check_dropped(dropped: Sequence[str], endpoint: Endpoint, unsupported: Unsupported) -> None:
    """Failure("unsupported_capability") for what may not be left out, by the rule."""
    if not dropped or unsupported in ("drop", "warn"):
        return
    refused = dropped if unsupported == "reject" else [name for name in dropped if changes_meaning(name)]
    if refused:
        names = ", ".join(refused)
        raise Failure("unsupported_capability", f"{endpoint.name} cannot honour {names}", param=refused[0])


def changes_meaning(name: str) -> bool:
    return name in MEANING or (name.startswith(MEANING_PREFIXES) and name not in NICETIES)


# ---- a relay


def is_relay(call: Call, dialect: Dialect, provider: Provider) -> bool:
    """Whether the caller's own bytes say it as this provider takes it."""
    if not call.json.keys().isdisjoint(touched(provider, dialect.name)) or SIGNED in call.body:
        return False
    return dialect is not OPENAI or call.operation != "chat" or is_plain(call.json, call.body)


@cache
def touched(provider: Provider, dialect: str) -> frozenset[str]:
    """Fields that cannot go to this provider as the caller wrote them. Our extras are the unified form's."""
    extras = EXTRAS - provider.accepts if dialect == "openai" else frozenset()
    return extras | provider.refuses | provider.renames.keys()


def relayed_body(call: Call, model: str, dialect: Dialect) -> bytes:
    if model == call.model or dialect.model_in_path:
        return call.body
    body = call.body
    # A letter of a key may be an escape (m, o, d, e, l: \u006d to \u006c); then the one spelled plainly is another object's.
    if body.count(b'"model"') == 1 and b"\\u006" not in body:
        for common, instead in respellings(call.model, model):
            respelled = body.replace(common, instead)
            if respelled is not body:
                return respelled
    replaced = replace_member(body, b"model", orjson.dumps(model))
    return replaced if replaced is not None else renamed(body, model)


def lacks_usage(call: Call, provider: Provider) -> bool:
    """Whether this is a stream of OpenAI's that would not tell its usage, to a provider that can be asked to."""
    if not call.stream or call.dialect != "openai" or not provider.stream_usage:
        return False
    return not (call.json.get("stream_options") or {}).get("include_usage")


def asking_usage(call: Call, body: bytes) -> bytes:
    """The body with `stream_options.include_usage`; every other byte stays as it is."""
    options = {**(call.json.get("stream_options") or {}), "include_usage": True}
    if "stream_options" in call.json:
        asking = replace_member(body, b"stream_options", orjson.dumps(options))
        return (
            asking if asking is not None else encode({**call.json, "stream_options": options}, "invalid_request", "it")
        )
    start = body.index(b"{") + 1
    return b'%b"stream_options":%b,%b' % (body[:start], orjson.dumps(options), body[start:])


def renamed(body: bytes, model: str) -> bytes:
    return encode({**orjson.loads(body), "model": model}, "invalid_request", "the request")


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


# ---- through the hub


def to_fetch(call: Call, provider: Provider) -> frozenset[str]:
    """The kinds of content that this call gives by web address and this provider takes by value only."""
    if call.operation != "chat" or ADDRESS not in call.body:
        return frozenset()
    way = way_to(provider, call.dialect, call.operation, call.stream)
    if way is None or way.dialect == call.dialect:
        return frozenset()
    kinds = DIALECTS[way.dialect].needs_bytes
    return frozenset(kind for kind in kinds if any(name in call.body for name in ADDRESSED[kind]))


def render(unified: Json, model: str, theirs: Dialect, hear: Speech, provider: Provider) -> Rendering:
    """The target dialect's request with the provider's own quirks: what it takes besides, refuses, or spells differently."""
    foreign: list[str] = []
    if not OWN.isdisjoint(unified):
        unified, foreign = without_foreign(unified, theirs, provider)
    wire, dropped, translated = hear.render_request(unified, model)
    dropped = foreign + dropped
    if not (provider.accepts or provider.refuses or provider.renames):
        return Rendering(wire, dropped, translated)
    for name in provider.accepts & unified.keys():
        wire[name] = unified[name]
    dropped = [name for name in dropped if name not in provider.accepts]
    for name in sorted(provider.refuses & wire.keys()):
        del wire[name]
        dropped.append(name)
    for name, theirs_name in provider.renames.items():
        if name in wire:
            wire[theirs_name] = wire.pop(name)
    return Rendering(wire, dropped, translated)


def without_foreign(unified: Json, theirs: Dialect, provider: Provider) -> tuple[Json, list[str]]:
    """The request without what only other dialects know, and the names of that. What lies with another provider is refused."""
    foreign = (OWN - theirs.own - provider.accepts) & unified.keys()
    said = [name for name in unified if name in foreign and unified[name] not in (None, False, [], {})]
    for name in said:
        if name in STATEFUL:
            detail = f"{name} means something to one kind of provider only, and this call goes to another"
            raise Failure("unsupported_capability", detail, param=name)
    return {name: value for name, value in unified.items() if name not in foreign}, said
