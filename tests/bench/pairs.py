"""Which dialects are measured with which: what the application speaks, what the provider speaks, and the bars for both together.

A pair has two cells, requests over 32 connections and events over 128 streams, and both are judged against a neighbour that
was measured in the same round. OpenAI's chat with itself and with Anthropic are not here: they have columns of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tests.bench.results import Bar, Results

REQUESTS, EVENTS = "pairs-requests", "pairs-events"
BINARY = "bedrock"
#: A model of each provider, as the application asks for it.
MODELS = {
    "openai": "openai:gpt-bench",
    "anthropic": "anthropic:claude-bench",
    "gemini": "gemini:bench",
    "bedrock": "bedrock:bench",
    "ollama": "ollama:llama-bench",
    "cohere": "cohere:command-bench",
}
#: OpenAI itself is spoken to in Responses by those who speak it; others who speak only its chat are not.
ONLY_CHAT = "compatible:gpt-bench"
HEAD = ["pair", "us/request", "requests/s", "per CPU s", "limit", "", "us/event", "over nginx", "limit", ""]


class Pair(NamedTuple):
    """What the application speaks, and the kind of the provider."""

    application: str
    provider: str

    @property
    def name(self) -> str:
        return f"{self.application} -> {self.provider}"

    @property
    def model(self) -> str:
        return ONLY_CHAT if self == ("responses", "openai") else MODELS[self.provider]

    @property
    def relayed(self) -> bool:
        return self.application == self.provider

    def request_bars(self) -> tuple[Bar, Bar]:
        """Over bare aiohttp: requests a second, and requests per second of CPU."""
        limit = 2.0 if self.relayed else 1.5
        rate, capacity = (Bar(f"{REQUESTS}.{row}", self.name, limit, "bare", True) for row in ("rate", "capacity"))
        return rate, capacity

    def event_bar(self) -> Bar:
        """CPU per event, over nginx."""
        translated = 2.5 if BINARY in self else 2.0
        return Bar(f"{EVENTS}.cpu", self.name, 1.5 if self.relayed else translated, "nginx")


PAIRS = (
    *(Pair("openai", provider) for provider in ("gemini", "bedrock", "ollama", "cohere")),
    *(Pair(name, "openai") for name in ("responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")),
    Pair("anthropic", "gemini"),
    Pair("gemini", "anthropic"),
    Pair("anthropic", "anthropic"),
    Pair("bedrock", "bedrock"),
)
PAIR_BARS = tuple(bar for pair in PAIRS for bar in (*pair.request_bars(), pair.event_bar()))


def lines(results: Results) -> list[list[str]]:
    """The table: a row for each pair, and for the neighbours that it is compared with. None where no pair was measured."""
    if not any(results.rounds(f"{cell}.cpu", pair.name) for cell in (REQUESTS, EVENTS) for pair in PAIRS):
        return []
    bare = ["bare aiohttp", _number(results.median(f"{REQUESTS}.cpu", "bare")), *[""] * 8]
    nginx = ["nginx", *[""] * 5, _number(results.median(f"{EVENTS}.cpu", "nginx")), *[""] * 3]
    return [HEAD, *(_line(results, pair) for pair in PAIRS), bare, nginx]


def _line(results: Results, pair: Pair) -> list[str]:
    rate, capacity = pair.request_bars()
    event = pair.event_bar()
    return [
        pair.name,
        _number(results.median(f"{REQUESTS}.cpu", pair.name)),
        _ratio(results.measured(rate)),
        _ratio(results.measured(capacity)),
        f">= {_ratio(rate.limit)}",
        _verdict(results, (rate, capacity)),
        _number(results.median(event.row, pair.name)),
        _ratio(results.measured(event)),
        f"<= {_ratio(event.limit)}",
        _verdict(results, (event,)),
    ]


def _verdict(results: Results, bars: Iterable[Bar]) -> str:
    """The worst of them."""
    found = {results.verdict(bar) for bar in bars}
    return next(verdict for verdict in ("MISS", "not measured", "pass") if verdict in found)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"
