"""Every dialect as it stands on the wire: one table, from which each promise is tried in all of them.

Where a provider speaks several dialects, it is asked in the caller's. So that all of them are translated to, there are kinds here
which speak one only: an application of OpenAI's can then be answered in Ollama's own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from unittest.mock import patch

from proxy.providers import Provider, all_providers
from tests.promises.dialects.anthropic import ANTHROPIC, INVOKE
from tests.promises.dialects.bedrock import BEDROCK
from tests.promises.dialects.cohere import COHERE
from tests.promises.dialects.gemini import ARRAY, GEMINI
from tests.promises.dialects.ollama import GENERATE, OLLAMA
from tests.promises.dialects.openai import OPENAI, RESPONSES
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import KEY

WIRES: Mapping[str, Wire] = {
    wire.name: wire for wire in (OPENAI, RESPONSES, ANTHROPIC, GEMINI, ARRAY, BEDROCK, INVOKE, OLLAMA, GENERATE, COHERE)
}
#: What can be translated to; the other variants are for relays.
TARGETS = ("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
ALONE = "{}_alone"


def pairs(step: int = 1) -> list[tuple[str, str]]:
    """(client, target) that differ: every client and every target at least once, and more of them the smaller the step."""
    every = [(client, target) for client in WIRES for target in TARGETS if client != target]
    shifted = {(client, TARGETS[(index + 3) % len(TARGETS)]) for index, client in enumerate(WIRES)}
    needed = {pair for pair in shifted if pair in every}
    return [pair for index, pair in enumerate(every) if pair in needed or index % step == 0]


def like(wire: Wire, url: str, **more: Any) -> dict[str, Any]:
    """A provider's entry that is asked in the caller's dialect, if it has that."""
    return {"kind": wire.kind, "base_url": url + wire.base, "api_key": KEY, **more}


def alone(wire: Wire, url: str, **more: Any) -> dict[str, Any]:
    """A provider's entry that speaks this dialect and no other."""
    return like(wire, url, **more) | {"kind": ALONE.format(wire.name)}


@contextmanager
def speaking_alone() -> Iterator[None]:
    """Kinds of provider that speak one dialect each, for as long as this lasts."""
    kinds = {ALONE.format(name): single(WIRES[name]) for name in TARGETS}
    with patch.dict(cast(dict[str, Provider], all_providers()), kinds):
        yield


def single(wire: Wire) -> Provider:
    kind = "openai_responses" if wire is RESPONSES else wire.kind
    return replace(all_providers()[kind], also={}, models=())
