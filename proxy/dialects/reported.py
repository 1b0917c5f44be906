"""What every dialect's usage reads alike: a count, a sum of dollars, a service tier, whatever a provider put in their place.

It refuses to know where in an answer they stand. Nonsense is nothing reported, never an error. Sources for costs:
https://docs.x.ai/developers/cost-tracking (`cost_in_usd_ticks`), https://openrouter.ai/docs/use-cases/usage-accounting (`cost`),
https://docs.perplexity.ai/api-reference/chat-completions-post (`cost.total_cost`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

#: More than any one answer costs, in dollars: what is beyond is no price.
MOST_DOLLARS = 1_000_000
#: What providers call the tier that everyone has, in lower case. Sources: https://platform.openai.com/docs/api-reference/chat/object
#: (auto, default), https://docs.claude.com/en/api/service-tiers and https://ai.google.dev/api/generate-content (standard),
#: https://console.groq.com/docs/service-tiers (on_demand).
USUAL = frozenset({"", "default", "standard", "auto", "on_demand", "unspecified"})
LONGEST_TIER = 64
#: xAI's unit of money, as a power of ten of a dollar.
TICK = -10
MOST_TICKS = MOST_DOLLARS * 10**10


def count(mapping: Mapping[str, Any], name: str) -> int:
    """The named count; 0 for anything that is none."""
    value = mapping.get(name)
    return value if type(value) is int and value > 0 else 0


def inside(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The named object; an empty one where there is none."""
    value = mapping.get(name)
    return value if isinstance(value, dict) else {}


def dollars(value: Any) -> Decimal | None:
    """A sum as JSON tells it, to the last digit that was written; None for what is no sum that anyone is charged."""
    if type(value) not in (int, float) or not 0 <= value <= MOST_DOLLARS:
        return None
    return Decimal(repr(value))


def tier_of(value: Any) -> str:
    """The service tier in the provider's word, in lower case; "" for the usual one and for what is no word."""
    if not isinstance(value, str) or len(value) > LONGEST_TIER:
        return ""
    word = value.lower()
    return "" if word in USUAL else word


def cost_in(usage: Mapping[str, Any]) -> Decimal | None:
    """What the provider says that it takes, in dollars; None where it says nothing that can be so.

    A zero of xAI's (Azure sends one) and of Perplexity's (its unfinished streams do) means that it is not told.
    With a key of the account's own (`is_byok`), OpenRouter takes its fee, and the provider behind it the rest.
    """
    ticks = usage.get("cost_in_usd_ticks")
    if ticks is not None:
        return Decimal(ticks).scaleb(TICK) if type(ticks) is int and 0 < ticks <= MOST_TICKS else None
    cost = usage.get("cost")
    if isinstance(cost, dict):
        return dollars(cost.get("total_cost")) or None
    taken = dollars(cost)
    if taken is not None and usage.get("is_byok") is True:
        taken += dollars(inside(usage, "cost_details").get("upstream_inference_cost")) or 0
    return taken
