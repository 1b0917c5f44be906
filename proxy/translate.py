"""(client dialect, target) -> what to send, and how to read what comes back.

The same dialect on both sides is a relay: the caller's bytes go up and the provider's come down, untouched but for the
model's name, or for what stands in its place in another envelope. Anything else goes through the hub. Pure: no clock, no network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from proxy.call import Call, Failure, Json, Target
from proxy.dialects import Dialect, Rendering, Speech
from proxy.dialects.by_name import BY_NAME, OWN, STATEFUL
from proxy.dialects.ids import MARK, unpack_request
from proxy.dialects.openai.request import EXTRAS, is_plain
from proxy.providers import Endpoint, Provider
from proxy.quirks import is_beyond, mend, odd_for, said_anew
from proxy.relay import asking_usage, encode, enveloped_body, lacks_usage, relayed_body

#: `auto` refuses what would change the meaning of the request, and drops the rest by name.
Unsupported = Literal["auto", "reject", "drop", "warn"]


DIALECTS = BY_NAME
OPENAI = DIALECTS["openai"]

#: What changes the meaning of a request when it is left out: names, and beginnings of names.
MEANING = frozenset(
    {"n", "tools", "tool_choice", "response_format", "store", "modalities", "audio", "web_search_options"}
)
MEANING_PREFIXES = ("tools[", "tool_choice.", "response_format.", "messages.image.", "messages.file", "messages.tool.")
NICETIES = frozenset({"messages.image.detail", "messages.tool.is_error"})
SIGNED = MARK.encode()
#: Fields that no provider is shown.
FOR_US = frozenset({"timeout", "fallbacks", "cache"})
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
    course = course_to(provider, call.dialect, call.operation, call.stream)
    if course is None:
        raise Failure("unsupported_capability", f"{endpoint.name} has no {call.operation}", param="model")
    path, ours, theirs, say, hear, anew = course
    as_it_is = anew is not None and unified is None and not call.changed and anew.isdisjoint(call.json)
    if as_it_is and is_relay(call, ours, provider):
        body = relayed_body(call, model, ours) if ours is theirs else enveloped_body(call.body, theirs)
        if body is not None and rules.ask_usage and lacks_usage(call, provider):
            return Plan(asking_usage(call, body), path, True, ours, theirs, say, hear, withhold=True)
        if body is not None:
            return Plan(body, path, True, ours, theirs, say, hear)
    unified = unified or call.json
    if SIGNED in call.body and call.operation == "chat":
        unified = unpack_request(unified)
    wire, dropped, translated = render(unified, model, theirs, hear, provider)
    if call.changed:
        translated = [*dict.fromkeys((*call.changed, *translated))]
    check_dropped(dropped, endpoint, rules.unsupported)
    withhold = theirs is OPENAI and call.stream and ask_usage(wire, call, provider, rules)
    body = encode(wire, "invalid_request", "the request")
    return Plan(body, path, anew is not None, ours, theirs, say, hear, dropped, translated, withhold)


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


class Course(NamedTuple):
    """What is the same for every call of one kind: the path, both dialects and what they say.

    anew: fields that cannot go to this provider as the caller wrote them; None where two dialects meet, and the answer is not
          the caller's own.
    """

    path: str
    ours: Dialect
    theirs: Dialect
    say: Speech
    hear: Speech
    anew: frozenset[str] | None


@cache
def course_to(provider: Provider, dialect: str, operation: str, stream: bool) -> Course | None:
    way = provider.way(dialect, operation, stream)
    if way is None:
        return None
    ours, theirs = DIALECTS[dialect], DIALECTS[way.dialect]
    say, hear = ours.operation(operation), theirs.operation(operation)
    assert say is not None
    assert hear is not None
    # Our extras are the unified form's, which is OpenAI's; what is for the proxy alone may be said in any dialect.
    extras = (EXTRAS if ours is OPENAI else FOR_US) - provider.accepts
    same = ours is theirs or (hear is theirs and theirs.answers_in == ours.name)
    return Course(way.path, ours, theirs, say, hear, extras | said_anew(provider) if same else None)


def has_way(call: Call, provider: Provider) -> bool:
    return course_to(provider, call.dialect, call.operation, call.stream) is not None


def dropped_by(common: Rules) -> Callable[[Call, Target], Sequence[str]]:
    """(call, target) -> what of the request would be left out there. Failure for what cannot be said there at all."""

    def dropped(call: Call, target: Target) -> Sequence[str]:
        rules = (target.rules or common)._replace(unsupported="drop")
        return plan(call, target.endpoint, target.model, rules).dropped

    return dropped


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
    """Whether the caller's own bytes say it in the dialect's own words, and nothing that this provider does not take."""
    if (odd := odd_for(provider)) and not odd.isdisjoint(call.json) and is_beyond(call.json, provider):
        return False
    if dialect is not OPENAI or call.operation != "chat":
        return SIGNED not in call.body
    return is_plain(call.json, call.body)


# ---- through the hub


def to_fetch(call: Call, provider: Provider) -> frozenset[str]:
    """The kinds of content that this call gives by web address and this provider takes by value only."""
    if call.operation != "chat" or ADDRESS not in call.body:
        return frozenset()
    course = course_to(provider, call.dialect, call.operation, call.stream)
    if course is None or course.ours is course.theirs:
        return frozenset()
    kinds = course.theirs.needs_bytes
    return frozenset(kind for kind in kinds if any(name in call.body for name in ADDRESSED[kind]))


def render(unified: Json, model: str, theirs: Dialect, hear: Speech, provider: Provider) -> Rendering:
    """The target dialect's request with the provider's own quirks: what it takes besides, refuses, or spells differently."""
    foreign: list[str] = []
    if not OWN.isdisjoint(unified):
        unified, foreign = without_foreign(unified, theirs, provider)
    rendering = hear.render_request(unified, model)
    odd = odd_for(provider)
    if odd and not (odd.isdisjoint(unified) and odd.isdisjoint(rendering.wire)):
        rendering = mend(rendering, unified, provider)
    return rendering._replace(dropped=foreign + rendering.dropped) if foreign else rendering


#: What says nothing.
NOTHING: tuple[Any, ...] = (None, False, [], {})


def without_foreign(unified: Json, theirs: Dialect, provider: Provider) -> tuple[Json, list[str]]:
    """The request without what only other dialects know, and the names of that. What lies with another provider is refused."""
    found = foreign_to(theirs.name, provider) & unified.keys()
    kept = unified.copy()
    said = []
    for name in filter(found.__contains__, unified):
        if kept.pop(name) in NOTHING:
            continue
        if name in STATEFUL:
            detail = f"{name} means something to one kind of provider only, and this call goes to another"
            raise Failure("unsupported_capability", detail, param=name)
        said.append(name)
    return kept, said


@cache
def foreign_to(dialect: str, provider: Provider) -> frozenset[str]:
    """Fields of other dialects' own."""
    return OWN - DIALECTS[dialect].own - provider.accepts
