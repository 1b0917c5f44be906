"""What one provider wants otherwise than its dialect has it: fields it refuses, renames, amends, cuts or takes one value of.

Fields have their names of the unified form, and are found under the same ones on the wire of a dialect that kept them. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.neutral import is_neutral
from proxy.providers import Provider

#: Stands for a member of every message.
OF_MESSAGES = "messages."


@cache
def odd_for(provider: Provider) -> frozenset[str]:
    """Fields that this provider takes in a way of its own; `messages` where it does so with a member of those."""
    names = {*provider.accepts, *provider.refuses, *provider.renames, *provider.amends}
    names |= {*provider.fixed, *provider.clamps}
    return frozenset(name.partition(".")[0] for name in names)


@cache
def said_anew(provider: Provider) -> frozenset[str]:
    """Those that can never go as a caller wrote them."""
    refused = {name for name in provider.refuses if "." not in name}
    return frozenset(refused | provider.renames.keys() | provider.amends.keys())


def is_beyond(request: Mapping[str, Any], provider: Provider) -> bool:
    """Whether a request in the provider's own dialect has a value that it does not take."""
    if any(is_cut(request.get(name), ends) for name, ends in provider.clamps.items()):
        return True
    if any(request.get(name) not in (None, only) for name, only in provider.fixed.items()):
        return True
    return any(having(request.get("messages"), member) for member in members_refused(provider))


def mend(rendering: Rendering, unified: Json, provider: Provider) -> Rendering:
    """The wire request with the provider's quirks, and what was left out or cut for them."""
    wire, dropped, translated = rendering
    wire |= {name: unified[name] for name in provider.accepts & unified.keys()}
    dropped = [name for name in dropped if name not in provider.accepts]
    dropped += [*amend(wire, unified, provider), *leave_out(wire, provider), *leave_out_of_messages(wire, provider)]
    cut = clamp(wire, provider)
    for name, theirs in provider.renames.items():
        if name in wire:
            wire[theirs] = wire.pop(name)
    return Rendering(wire, dropped, [*translated, *cut] if cut else translated)


def amend(wire: Json, unified: Json, provider: Provider) -> list[str]:
    """Say what this provider has in a form of its own; the names of what it cannot be told."""
    said = {name: put for name, put in provider.amends.items() if unified.get(name) is not None}
    return [name for name, put in said.items() if not put(wire, unified[name])]


def leave_out(wire: Json, provider: Provider) -> list[str]:
    """The names of what has gone, save those that asked for what it does anyway."""
    refused = [name for name in wire if name in provider.refuses or is_other(wire[name], provider.fixed, name)]
    return [name for name in refused if not is_neutral(name, wire.pop(name))]


def leave_out_of_messages(wire: Json, provider: Provider) -> list[str]:
    members = [member for member in members_refused(provider) if having(wire.get("messages"), member)]
    for member in members:
        wire["messages"] = [without(message, member) for message in wire["messages"]]
    return [f"{OF_MESSAGES}{member}" for member in members]


def clamp(wire: Json, provider: Provider) -> list[str]:
    cut = [name for name, ends in provider.clamps.items() if is_cut(wire.get(name), ends)]
    for name in cut:
        least, most = provider.clamps[name]
        wire[name] = min(max(wire[name], least), most)
    return cut


def is_other(value: Any, fixed: Mapping[str, Any], name: str) -> bool:
    return name in fixed and value not in (None, fixed[name])


def is_cut(value: Any, ends: tuple[float, float]) -> bool:
    return type(value) in (int, float) and not ends[0] <= value <= ends[1]


@cache
def members_refused(provider: Provider) -> tuple[str, ...]:
    return tuple(sorted(name.removeprefix(OF_MESSAGES) for name in provider.refuses if name.startswith(OF_MESSAGES)))


def having(messages: Any, member: str) -> list[Json]:
    """The messages that say something there."""
    listed = messages if isinstance(messages, list) else []
    return [message for message in listed if isinstance(message, dict) and message.get(member) is not None]


def without(message: Json, member: str) -> Json:
    return {name: value for name, value in message.items() if name != member} if member in message else message
