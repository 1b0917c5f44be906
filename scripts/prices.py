"""What models cost, as `proxy.prices.notation` writes it, from genai-prices and, where that is silent, from litellm's list.

genai-prices means by a tier of length that its price holds for all tokens of a prompt that is longer, and so do we. A price that
begins on a day to come is written down with the day; what has been is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from proxy.prices.notation import EVERY_DAY, write_clause, write_items
from proxy.prices.price import ALWAYS, FALLS, SINGLE

#: genai-prices' units -> ours, and how many of theirs make one of ours.
UNITS: Mapping[str, tuple[str, int]] = {
    "input_mtok": ("input", 1),
    "output_mtok": ("output", 1),
    "cache_read_mtok": ("cache_read", 1),
    "cache_write_mtok": ("cache_write", 1),
    "cache_write_1h_mtok": ("cache_write_1h", 1),
    "output_reasoning_mtok": ("reasoning", 1),
    "input_audio_mtok": ("audio_input", 1),
    "cache_audio_read_mtok": ("audio_cache_read", 1),
    "output_audio_mtok": ("audio_output", 1),
    "input_image_mtok": ("image_input", 1),
    "output_image_mtok": ("image_output", 1),
    "web_searches_kcount": ("search", 1000),
    "requests_kcount": ("request", 1000),
}
#: What is charged beside tokens, and no answer tells how much of it there was: the price of a request is then not known.
UNCOUNTED = (
    "audio_hours",
    "input_audio_hours",
    "input_mchars",
    "input_annotated_document_kpages",
    "input_document_kpages",
    "input_text_messages_kcount",
    "output_citation_mtok",
)
#: Where the fee of a request depends on how much was searched (https://docs.perplexity.ai/getting-started/pricing); the provider
#: tells the cost itself.
VARYING = ("perplexity",)
#: How genai-prices says by which tier a price is meant -> the words that answers use. Others are of no concern to an answer.
TIERS = ("service_tier", "processing", "speed")
#: Peak hours are those of working days: https://api-docs.deepseek.com/quick_start/pricing.
DAYS: Mapping[str, str] = {"deepseek": "12345"}

#: litellm's names, to which the length of the prompt and the tier are appended.
COSTS: Mapping[str, str] = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
    "audio_input": "input_cost_per_audio_token",
    "audio_cache_read": "cache_read_input_audio_token_cost",
    "audio_output": "output_cost_per_audio_token",
    "image_input": "input_cost_per_image_token",
    "image_output": "output_cost_per_image_token",
}
ENDINGS: Mapping[str, str] = {"batch": "_batches", "flex": "_flex", "priority": "_priority", "ultrafast": "_ultrafast"}
#: Without one of these the price of a model is not one of tokens.
MAIN = ("input", "output")
MEDIA = ("audio_input", "audio_cache_read", "audio_output", "image_input", "image_output")

#: Length of the prompt -> bucket -> number.
Levels = dict[int, dict[str, Decimal]]


def plain(number: Decimal) -> str:
    text = f"{number.normalize():f}"
    return text if "." not in text else text.rstrip("0").rstrip(".")


def written(levels: Levels, tiers: Mapping[str, Levels], more: Iterator[str] | None = None, kind: str = "") -> str:
    """One sheet: the usual price, other hours, longer prompts, other tiers."""
    base = spared(levels.get(0, {}), kind)
    clauses = [write_items(texts(base)), *(more or ())]
    clauses += [write_clause(write_items(texts(levels[above])), above=above) for above in sorted(levels) if above]
    alike: dict[tuple[tuple[int, str], ...], list[str]] = {}
    for tier, changed in tiers.items():
        said = tuple((above, items) for above, items in tier_items(levels, changed))
        alike.setdefault(said, []).append(tier)
    for said, names in alike.items():
        clauses += [write_clause(items, tiers=names, above=above) for above, items in said if items]
    return ";".join(clauses)


def tier_items(levels: Levels, changed: Levels) -> Iterator[tuple[int, str]]:
    """One factor where that says all of it."""
    factor = factor_of(levels, changed)
    if factor is not None:
        yield 0, write_items({}, plain(factor))
        return
    for above in sorted(changed):
        yield above, write_items(texts(changed[above]))


def factor_of(levels: Levels, changed: Levels) -> Decimal | None:
    base, other = levels.get(0, {}), changed.get(0, {})
    if not base.get("input") or "input" not in other:
        return None
    factor = other["input"] / base["input"]
    same = changed.keys() == levels.keys() and all(
        {name: price * factor for name, price in levels[above].items() if name not in SINGLE}
        == {name: price for name, price in changed[above].items() if name not in SINGLE}
        for above in levels
    )
    return factor if same and len(plain(factor)) <= 6 else None


def spared(base: Mapping[str, Decimal], kind: str) -> dict[str, Decimal]:
    """Without what would be known anyway."""
    falls = {fall.bucket: fall.on for fall in (*ALWAYS, *FALLS.get(kind, ())) if not fall.unless}
    return {name: price for name, price in base.items() if name not in falls or price != base.get(falls[name])}


def texts(said: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: "?" if price.is_nan() else plain(price) for name, price in said.items()}


# ---- genai-prices


def genai_price(model: Any, kind: str, today: date) -> str:
    """What holds today, then what will."""
    conditions = model.prices if isinstance(model.prices, list) else []
    starts = {getattr(each.constraint, "start_date", None) for each in (*conditions, *(model.price_variants or ()))}
    coming = sorted(start for start in starts if start is not None and start > today)
    last = text = genai_sheet(model, kind, today)
    for day in coming:
        sheet = genai_sheet(model, kind, day)
        text += f"|{day.isoformat()} {sheet}" if sheet != last else ""
        last = sheet
    return text


def genai_sheet(model: Any, kind: str, day: date) -> str:
    base, windows = base_and_windows(model, day)
    levels = genai_levels(base)
    if not any(name in levels[0] for name in MAIN):
        return ""
    if kind in VARYING or any(getattr(base, unit, None) is not None for unit in UNCOUNTED):
        levels[0]["request"] = Decimal("NaN")
    tiers: dict[str, Levels] = {}
    for variant in model.price_variants or ():
        (key, word), *others = variant.when.items()
        if key not in TIERS or others or not is_active(variant.constraint, day):
            continue
        changed = {above: said for above, said in genai_levels(variant.prices).items() if said}
        if changed:
            tiers.setdefault(word, changed)
    return written(levels, tiers, window_clauses(windows, DAYS.get(kind, EVERY_DAY)), kind)


def base_and_windows(model: Any, day: date) -> tuple[Any, list[tuple[Any, Any]]]:
    """The last price that holds goes before the others; those of some hours are laid over it."""
    if not isinstance(model.prices, list):
        return model.prices, []
    windows = []
    for each in reversed(model.prices):
        if hasattr(each.constraint, "start_time"):
            windows.append((each.constraint, each.prices))
        elif is_active(each.constraint, day):
            return each.prices, windows[::-1]
    return model.prices[0].prices, windows[::-1]


def is_active(constraint: Any, day: date) -> bool:
    return constraint is None or bool(constraint.active(datetime(day.year, day.month, day.day, tzinfo=UTC)))


def window_clauses(windows: list[tuple[Any, Any]], days: str) -> Iterator[str]:
    for hours, prices in windows:
        window = (f"{hours.start_time:%H%M}", f"{hours.end_time:%H%M}", days)
        yield write_clause(write_items(texts(genai_levels(prices)[0])), window=window)


def genai_levels(prices: Any) -> Levels:
    levels: Levels = {0: {}}
    for unit, (name, share) in UNITS.items():
        price = getattr(prices, unit, None)
        if price is None:
            continue
        levels[0][name] = getattr(price, "base", price) / share
        for tier in getattr(price, "tiers", ()):
            levels.setdefault(tier.start, {})[name] = tier.price / share
    return levels


# ---- litellm


def litellm_price(entry: Mapping[str, Any], kind: str) -> str:
    if entry.get("input_cost_per_query"):  # a reranker that is paid by the search
        return write_items({"search": plain(Decimal(str(entry["input_cost_per_query"])))})
    levels = litellm_levels(entry, "")
    base = levels[0]
    if not any(base.get(name) for name in MAIN):  # free, or paid by something else than tokens: not known
        return ""
    base |= extras(entry)
    tiers = {tier: found for tier, ending in ENDINGS.items() if any((found := litellm_levels(entry, ending)).values())}
    for (
        changed
    ) in tiers.values():  # what a longer prompt costs in a tier is not known where only the usual tier says it
        unsaid = dict.fromkeys(changed[0], Decimal("NaN"))
        changed |= {above: unsaid for above in levels if above not in changed}
    return written(levels, tiers, kind=kind)


def litellm_levels(entry: Mapping[str, Any], ending: str) -> Levels:
    lengths = {int(found[1]) for name in entry if (found := re.search(rf"_above_(\d+)k_tokens{ending}$", name))}
    levels: Levels = {}
    for length in (0, *sorted(lengths)):
        suffix = (f"_above_{length}k_tokens" if length else "") + ending
        said = {name: entry.get(cost + suffix) for name, cost in COSTS.items()}
        found = {name: Decimal(str(cost)) * 1_000_000 for name, cost in said.items() if cost is not None}
        if found or not length:
            levels[length * 1000] = found
    return levels


def extras(entry: Mapping[str, Any]) -> dict[str, Decimal]:
    """What is paid one by one. Where a search costs more the more it brings, its price is not known."""
    found = {}
    searches = {str(cost) for cost in (entry.get("search_context_cost_per_query") or {}).values()}
    if len(searches) == 1:
        found["search"] = Decimal(searches.pop())
    if entry.get("input_cost_per_request"):
        found["request"] = Decimal(str(entry["input_cost_per_request"]))
    return found


def with_media(text: str, entry: Mapping[str, Any], kind: str) -> str:
    """genai-prices' price, with litellm's of audio and images where it has none and both say the same of text."""
    levels = litellm_levels(entry, "")[0]
    said = {name: price for name, price in spared(levels, kind).items() if name in MEDIA}
    simple = re.fullmatch(r"[\d.,]+", text)
    if not said or simple is None or text.split(",")[0] != plain(levels.get("input", Decimal(0))):
        return text
    return f"{text},{write_items(texts(said))}"
