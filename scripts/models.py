"""Write proxy/models/table.tsv, the table of models, from two packages that keep such facts well. Run by `make models-table`.

Capabilities, limits and dimensions come from litellm's model list, prices and what it lacks from genai-prices; both are MIT. What
neither has and a provider's own page tells stands below, with the page. The wheels are read as files: nothing is installed.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from proxy.models.line import LETTERS as CAPABLE
from proxy.models.line import UNKNOWN
from proxy.providers import all_providers

LITELLM_FILE = "litellm/model_prices_and_context_window_backup.json"
LARGEST = 400_000

#: litellm's provider -> our kind, left out where there is no such file, and what its names begin with that is not the provider's.
KINDS: Mapping[str, tuple[str, str]] = {
    "openai": ("openai", "openai/"),
    "text-completion-openai": ("openai", ""),
    "anthropic": ("anthropic", "anthropic/"),
    "gemini": ("gemini", "gemini/"),
    "vertex_ai": ("vertex", "vertex_ai/"),
    "vertex_ai-language-models": ("vertex", "vertex_ai/"),
    "vertex_ai-embedding-models": ("vertex", "vertex_ai/"),
    "vertex_ai-anthropic_models": ("vertex_anthropic", "vertex_ai/"),
    "bedrock": ("bedrock", "bedrock/"),
    "bedrock_converse": ("bedrock", ""),
    "azure": ("azure_openai", "azure/"),
    "azure_ai": ("azure_foundry", "azure_ai/"),
    "groq": ("groq", "groq/"),
    "mistral": ("mistral", "mistral/"),
    "deepseek": ("deepseek", "deepseek/"),
    "xai": ("xai", "xai/"),
    "cohere": ("cohere", "cohere/"),
    "cohere_chat": ("cohere", ""),
    "together_ai": ("together", "together_ai/"),
    "fireworks_ai": ("fireworks", "fireworks_ai/"),
    "fireworks_ai-embedding-models": ("fireworks", "fireworks_ai/"),
    "cerebras": ("cerebras", "cerebras/"),
    "perplexity": ("perplexity", "perplexity/"),
    "ai21": ("ai21", ""),
    "databricks": ("databricks", "databricks/"),
    "nvidia_nim": ("nvidia", "nvidia_nim/"),
    "sambanova": ("sambanova", "sambanova/"),
    "voyage": ("voyage", "voyage/"),
    "jina_ai": ("jina", ""),
    "cloudflare": ("cloudflare", "cloudflare/"),
    "replicate": ("replicate", "replicate/"),
}
#: Kind -> genai-prices' provider, where what is paid does not depend on a region.
PRICED: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "groq": "groq",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "xai": "x-ai",
    "cohere": "cohere",
    "together": "together",
    "fireworks": "fireworks",
    "cerebras": "cerebras",
    "perplexity": "perplexity",
    "voyage": "voyageai",
    "cloudflare": "cloudflare",
    "openrouter": "openrouter",
}
#: Kinds whose models genai-prices alone knows.
LISTED_BY_PRICES = ("openrouter",)
#: Endings by which a router sells the same model otherwise.
ROUTED = ":free"

#: What a letter stands for: the words of `proxy.providers.CAPABILITIES`, and modalities that have no such word.
LETTERS: Mapping[str, str] = {
    **CAPABLE,
    "V": "video input",
    "I": "image output",
    "A": "audio output",
    UNKNOWN: "what else it can is not known",
}
#: litellm's mode -> letters.
MODES: Mapping[str | None, str] = {
    "chat": "cs",
    "responses": "cs",
    "completion": "l",
    "embedding": "e",
    "rerank": "q",
    "image_generation": "iI",
    "audio_transcription": "ha",
    "audio_speech": "uA",
    "moderation": "m",
}
#: litellm's flag -> letter.
FLAGS: Mapping[str, str] = {
    "supports_function_calling": "t",
    "supports_tool_choice": "t",
    "supports_parallel_function_calling": "p",
    "supports_response_schema": "o",
    "supports_native_structured_output": "o",
    "supports_vision": "v",
    "supports_image_input": "v",
    "supports_embedding_image_input": "v",
    "supports_pdf_input": "d",
    "supports_audio_input": "a",
    "supports_reasoning": "r",
    "supports_prompt_caching": "k",
    "supports_video_input": "V",
    "supports_audio_output": "A",
}
#: Without any of these, what an entry does not mention is not known; with one, the model cannot.
TOLD_BY = ("supports_function_calling", "supports_vision")
#: litellm's modalities -> letter, in and out.
TAKEN: Mapping[str, str] = {"image": "v", "audio": "a", "video": "V"}
GIVEN: Mapping[str, str] = {"image": "I", "audio": "A"}
#: Names that are no model: sizes and steps of pictures, price classes, copies by region.
NO_MODEL = re.compile(
    r"(?:\d+-x-\d+|(?:low|medium|high|standard|hd|auto)|max-x-max)/|together-ai-|fireworks-ai-|together_ai/together-ai"
)

#: What a kind's own pages tell, and neither package: (kind, name, letters, context, dimensions).
OWN: tuple[tuple[str, str, str, int, int], ...] = (
    # https://qdrant.tech/documentation/embeddings/jina-embeddings and https://jina.ai/models
    ("jina", "jina-embeddings-v4", "ev", 32768, 2048),
    ("jina", "jina-embeddings-v3", "e", 8192, 1024),
    ("jina", "jina-embeddings-v2-base-en", "e", 8192, 768),
    ("jina", "jina-embeddings-v2-base-de", "e", 8192, 768),
    ("jina", "jina-embeddings-v2-base-es", "e", 8192, 768),
    ("jina", "jina-embeddings-v2-base-zh", "e", 8192, 768),
)


class Row(NamedTuple):
    """`prices`: input, output, cache read, cache write, in dollars per million tokens; `above`: the same above so many."""

    letters: str
    context: int | None
    output: int | None
    dimensions: int | None
    prices: tuple[str, ...]
    above: str

    def line(self, name: str) -> str:
        numbers = ["" if number is None else str(number) for number in (self.context, self.output, self.dimensions)]
        return "\t".join([name, self.letters, *numbers, ",".join(self.prices).rstrip(","), self.above]).rstrip("\t")


def main(wheels: Path, target: Path) -> int:
    litellm, prices = (next(wheels.glob(f"{name}-*.whl")) for name in ("litellm", "genai_prices"))
    sys.path.insert(0, str(prices))
    known = json.loads(zipfile.ZipFile(litellm).read(LITELLM_FILE))
    today = datetime.now(UTC).date().isoformat()
    rows = merged(known, today)
    text = "".join(written(rows, f"{version(litellm)} and {version(prices)}", today))
    if len(text) > LARGEST:
        sys.stderr.write(f"{len(text)} bytes, more than {LARGEST}\n")
        return 1
    target.write_text(text, "ascii")
    sys.stderr.write(f"{sum(map(len, rows.values()))} models of {len(rows)} kinds, {len(text)} bytes\n")
    return 0


def version(wheel: Path) -> str:
    name, number, *_ = wheel.name.split("-")
    return f"{name.replace('_', '-')} {number}"


def merged(known: Mapping[str, Any], today: str) -> dict[str, dict[str, Row]]:
    rows: dict[str, dict[str, Row]] = {}
    for full, entry in known.items():
        kind, prefix = KINDS.get(entry.get("litellm_provider"), ("", ""))
        name = full.removeprefix(prefix)
        if kind in all_providers() and is_model(kind, name, entry, today):
            rows.setdefault(kind, {})[name] = row_of(kind, name, entry)
    for name, row in rows["openai"].items():
        base = rows["openai"].get(name.removeprefix("ft:"))
        if base is not None and base is not row:  # a tuned model can what its model can
            rows["openai"][name] = row._replace(letters=base.letters)
    for kind in LISTED_BY_PRICES:
        rows[kind] = dict(priced_rows(kind))
    for kind, name, letters, context, dimensions in OWN:
        rows.setdefault(kind, {})[name] = Row(letters, context, None, dimensions, (), "")
    return rows


def is_model(kind: str, name: str, entry: Mapping[str, Any], today: str) -> bool:
    """Retired ones are left out, and so is what names a place or a price class and no model."""
    if entry.get("mode") not in MODES or NO_MODEL.match(name) or not name.isascii():
        return False
    if kind in ("bedrock", "azure_openai", "vertex", "gemini") and "/" in name:
        return False
    return str(entry.get("deprecation_date") or "9999") > today


def row_of(kind: str, name: str, entry: Mapping[str, Any]) -> Row:
    found = prices_of(kind, name)
    context, prices, above = found if found is not None else (None, (), "")
    if not any(prices):
        prices, above = own_prices(entry)
    context = context or whole(entry.get("max_input_tokens")) or whole(entry.get("max_tokens"))
    output = None if entry["mode"] in ("embedding", "rerank") else whole(entry.get("max_output_tokens"))
    return Row(letters_of(entry), context, output, whole(entry.get("output_vector_size")), prices, above)


def whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value > 0 else None


def letters_of(entry: Mapping[str, Any]) -> str:
    found = set(MODES[entry["mode"]])
    found |= {letter for flag, letter in FLAGS.items() if entry.get(flag)}
    found |= {TAKEN[word] for word in entry.get("supported_modalities") or () if word in TAKEN}
    found |= {GIVEN[word] for word in entry.get("supported_output_modalities") or () if word in GIVEN}
    if "c" in found and entry.keys().isdisjoint(TOLD_BY):
        found.add("?")
    return "".join(letter for letter in LETTERS if letter in found)


COSTS = (
    "input_cost_per_token{}",
    "output_cost_per_token{}",
    "cache_read_input_token_cost{}",
    "cache_creation_input_token_cost{}",
)


def own_prices(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """litellm's, which are by the token."""
    prices = per_million(entry, "")
    starts = {int(match[1]) for name in entry if (match := re.search(r"_above_(\d+)k_tokens$", name))}
    if not any(prices) or not starts:
        return prices, ""
    start = min(starts)
    higher = per_million(entry, f"_above_{start}k_tokens")
    both = [above or base for base, above in zip(prices, higher, strict=True)]
    return prices, f"{start * 1000}:{','.join(both).rstrip(',')}" if any(higher) else ""


def per_million(entry: Mapping[str, Any], ending: str) -> tuple[str, ...]:
    costs = [entry.get(name.format(ending)) for name in COSTS]
    if not any(costs):  # free, or paid by something else than tokens: not known
        return ("", "", "", "")
    return tuple("" if cost is None else plain(Decimal(str(cost)) * 1_000_000) for cost in costs)


def plain(number: Decimal) -> str:
    text = f"{number.normalize():f}"
    return text if "." not in text else text.rstrip("0").rstrip(".")


# ---- genai-prices


def prices_of(kind: str, name: str) -> tuple[int | None, tuple[str, ...], str] | None:
    from genai_prices import data

    provider = next((known for known in data.providers if known.id == PRICED.get(kind)), None)
    model = provider.find_model(name.lower()) if provider is not None else None
    if model is None:
        return None
    return model.context_window, *split(model)


def priced_rows(kind: str) -> Iterator[tuple[str, Row]]:
    from genai_prices import data

    (provider,) = (known for known in data.providers if known.id == PRICED[kind])
    for model in provider.models:
        if not model.deprecated and model.id.isascii():
            prices, above = split(model)
            prices = ("0", "0", "", "") if model.id.endswith(ROUTED) else prices
            yield model.id, Row("cs?", model.context_window, None, None, prices, above)


def split(model: Any) -> tuple[tuple[str, ...], str]:
    """The prices of today at noon, up to the first tier, and that tier's."""
    # Some are lower at night (UTC), and what is written at night is read by day.
    found = model.get_prices(datetime.now(UTC).replace(hour=12, minute=0))
    each = [getattr(found, name, None) for name in MTOK]
    base = tuple(plain(getattr(price, "base", price)) if price is not None else "" for price in each)
    starts = {price.tiers[0].start for price in each if getattr(price, "tiers", None)}
    if not starts:
        return base, ""
    start = min(starts)
    higher = [tier_of(price, start) for price in each]
    return base, f"{start}:{','.join(higher).rstrip(',')}"


MTOK = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")


def tier_of(price: Any, start: int) -> str:
    if price is None:
        return ""
    matching = [tier.price for tier in getattr(price, "tiers", ()) if tier.start <= start]
    return plain(matching[-1] if matching else getattr(price, "base", price))


def written(rows: Mapping[str, Mapping[str, Row]], sources: str, today: str) -> Iterator[str]:
    yield "# Models by provider kind. Written by scripts/models.py (make models-table); do not edit.\n"
    yield f"# Source: {sources} (PyPI, both MIT), {today}.\n"
    yield "# name, what it can, context window, most output tokens, dimensions,\n"
    yield "# dollars per million tokens (input, output, cache read, cache write), the same for prompts above so many tokens\n"
    for letter, word in LETTERS.items():
        yield f"# {letter} {word}\n"
    for kind in sorted(rows):
        yield f"[{kind}]\n"
        yield from (f"{rows[kind][name].line(name)}\n" for name in sorted(rows[kind]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
