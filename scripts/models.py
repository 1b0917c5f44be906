"""Write proxy/models/table.tsv, the table of models, from two packages that keep such facts well. Run by `make models-table`.

Capabilities, limits and dimensions come from litellm's model list, prices and what it lacks from genai-prices; both are MIT. What
neither has and a provider's own page tells stands below, with the page. The wheels are read as files: nothing is installed. How
their prices become ours is said in prices.py beside it.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from prices import genai_price, litellm_price, with_media

from proxy.models.line import LETTERS as CAPABLE
from proxy.models.line import UNKNOWN
from proxy.prices.notation import KEYS
from proxy.providers import all_providers

LITELLM_FILE = "litellm/model_prices_and_context_window_backup.json"
LARGEST = 220_000

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

#: Models that are gone, and what they cost, for who reckons up old calls: (kind, name, letters, context, most output, price).
RETIRED: tuple[tuple[str, str, str, int, int, str], ...] = (
    # https://openai.com/api/pricing as of 2025-01-01. o1-mini went down to 1.1,4.4,0.55 on 2025-01-31, and ended in that year.
    ("openai", "gpt-4", "cst", 8192, 8192, "30,60"),
    ("openai", "gpt-4-turbo", "cstpv", 128000, 4096, "10,30"),
    ("openai", "gpt-3.5-turbo", "cstp", 16385, 4096, "0.5,1.5"),
    ("openai", "o1-preview", "csrk", 128000, 32768, "15,60,7.5"),
    ("openai", "o1-mini", "csrk", 128000, 65536, "3,12,1.5"),
    # https://platform.claude.com/docs/en/about-claude/pricing; an hour in the cache costs twice the input, a batch half of all.
    ("anthropic", "claude-3.5-sonnet", "cstovdk", 200000, 8192, "3,15,0.3,3.75,w6;@batch:x0.5"),
    ("anthropic", "claude-3-5-sonnet-20241022", "cstovdk", 200000, 8192, "3,15,0.3,3.75,w6;@batch:x0.5"),
    ("anthropic", "claude-3-opus-20240229", "cstvdk", 200000, 4096, "15,75,1.5,18.75,w30;@batch:x0.5"),
    ("anthropic", "claude-3-haiku-20240307", "cstvdk", 200000, 4096, "0.25,1.25,0.03,0.3,w0.5;@batch:x0.5"),
)
#: Where the packages are wrong: (kind, name) -> price.
CORRECTED: Mapping[tuple[str, str], str] = {
    # https://api-docs.deepseek.com/quick_start/pricing ended the night discount on 2025-09-05.
    ("deepseek", "deepseek-r1"): "0.55,2.19,0.14",
    # https://cohere.com/pricing: it is as dear as its siblings.
    ("cohere", "embed-multilingual-light-v3.0"): "0.1,0",
}


class Row(NamedTuple):
    """`price`: in the notation of `proxy.prices.notation`."""

    letters: str
    context: int | None
    output: int | None
    dimensions: int | None
    price: str

    def line(self, name: str) -> str:
        numbers = ["" if number is None else str(number) for number in (self.context, self.output, self.dimensions)]
        return "\t".join([name, self.letters, *numbers, self.price]).rstrip("\t")


def main(wheels: Path, target: Path) -> int:
    litellm, prices = (next(wheels.glob(f"{name}-*.whl")) for name in ("litellm", "genai_prices"))
    sys.path.insert(0, str(prices))
    known = json.loads(zipfile.ZipFile(litellm).read(LITELLM_FILE))
    today = datetime.now(UTC).date()
    rows = merged(known, today)
    text = "".join(written(rows, f"{version(litellm)} and {version(prices)}", today.isoformat()))
    if len(text) > LARGEST:
        sys.stderr.write(f"{len(text)} bytes, more than {LARGEST}\n")
        return 1
    target.write_text(text, "ascii")
    sys.stderr.write(f"{sum(map(len, rows.values()))} models of {len(rows)} kinds, {len(text)} bytes\n")
    return 0


def version(wheel: Path) -> str:
    name, number, *_ = wheel.name.split("-")
    return f"{name.replace('_', '-')} {number}"


def merged(known: Mapping[str, Any], today: date) -> dict[str, dict[str, Row]]:
    rows: dict[str, dict[str, Row]] = {}
    for full, entry in known.items():
        kind, prefix = KINDS.get(entry.get("litellm_provider"), ("", ""))
        name = full.removeprefix(prefix)
        if kind in all_providers() and is_model(kind, name, entry, today.isoformat()):
            rows.setdefault(kind, {})[name] = row_of(kind, name, entry, today)
    for name, row in rows["openai"].items():
        base = rows["openai"].get(name.removeprefix("ft:"))
        if base is not None and base is not row:  # a tuned model can what its model can
            rows["openai"][name] = row._replace(letters=base.letters)
    for kind in LISTED_BY_PRICES:
        rows[kind] = dict(priced_rows(kind, today))
    for kind, name, letters, context, dimensions in OWN:
        rows.setdefault(kind, {})[name] = Row(letters, context, None, dimensions, "")
    for kind, name, letters, context, output, price in RETIRED:
        rows[kind].setdefault(name, Row(letters, context, output, None, price))
    return rows


def is_model(kind: str, name: str, entry: Mapping[str, Any], today: str) -> bool:
    """Retired ones are left out, and so is what names a place or a price class and no model."""
    if entry.get("mode") not in MODES or NO_MODEL.match(name) or not name.isascii():
        return False
    if kind in ("bedrock", "azure_openai", "vertex", "gemini") and "/" in name:
        return False
    return str(entry.get("deprecation_date") or "9999") > today


def row_of(kind: str, name: str, entry: Mapping[str, Any], today: date) -> Row:
    model = genai_model(kind, name)
    price = "" if model is None else with_media(genai_price(model, kind, today), entry, kind)
    price = CORRECTED.get((kind, name)) or price or litellm_price(entry, kind)
    context = getattr(model, "context_window", None)
    context = context or whole(entry.get("max_input_tokens")) or whole(entry.get("max_tokens"))
    output = None if entry["mode"] in ("embedding", "rerank") else whole(entry.get("max_output_tokens"))
    return Row(letters_of(entry), context, output, whole(entry.get("output_vector_size")), price)


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


def genai_model(kind: str, name: str) -> Any:
    """None where genai-prices does not know it."""
    from genai_prices import data

    provider = next((known for known in data.providers if known.id == PRICED.get(kind)), None)
    return provider.find_model(name.lower()) if provider is not None else None


def priced_rows(kind: str, today: date) -> Iterator[tuple[str, Row]]:
    from genai_prices import data

    (provider,) = (known for known in data.providers if known.id == PRICED[kind])
    for model in provider.models:
        if not model.deprecated and model.id.isascii():
            price = "0,0" if model.id.endswith(ROUTED) else genai_price(model, kind, today)
            yield model.id, Row("cs?", model.context_window, None, None, price)


def written(rows: Mapping[str, Mapping[str, Row]], sources: str, today: str) -> Iterator[str]:
    yield "# Models by provider kind. Written by scripts/models.py (make models-table); do not edit.\n"
    yield f"# Source: {sources} (PyPI, both MIT), {today}.\n"
    yield "# name, what it can, context window, most output tokens, dimensions,\n"
    yield "# price in dollars per million tokens: input, output, cache read, cache write; by key; above a length, @tier, hours\n"
    yield f"# {', '.join(f'{key} {name}' for key, name in KEYS.items())}; what proxy/prices/notation.py reads\n"
    for letter, word in LETTERS.items():
        yield f"# {letter} {word}\n"
    for kind in sorted(rows):
        yield f"[{kind}]\n"
        yield from (f"{rows[kind][name].line(name)}\n" for name in sorted(rows[kind]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
