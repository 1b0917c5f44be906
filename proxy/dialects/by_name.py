"""Every dialect there is, by name: the seven, variants that say the same in another envelope, and those of jobs.

Each is loaded when it is first spoken: a pod that speaks two of them does not hold the words of all.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from importlib import import_module
from typing import Any

from proxy.dialects import Dialect

#: Name -> the module in this folder, and what it is called there.
SEVEN: Mapping[str, tuple[str, str]] = {
    name: (name, "DIALECT") for name in ("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")
}
VARIANTS: Mapping[str, tuple[str, str]] = {
    "gemini_array": ("gemini", "ARRAY_DIALECT"),
    "gemini_one": ("gemini", "ONE_DIALECT"),
    "bedrock_invoke": ("bedrock_invoke", "DIALECT"),
    "ollama_generate": ("ollama", "GENERATE"),
    "ollama_legacy": ("ollama", "LEGACY"),
    "vertex_claude": ("vertex_claude", "DIALECT"),
    "vertex_gemini": ("vertex_gemini", "DIALECT"),
}
#: How jobs are asked for and told of. No application speaks so, and an answer is not one reply or stream.
OF_JOBS: Mapping[str, tuple[str, str]] = {name: (name, "DIALECT") for name in ("replicate", "runpod")}
PLACES = {**SEVEN, **VARIANTS, **OF_JOBS}


class Dialects(dict[str, Dialect]):
    """A mapping of PLACES. Whoever asks for one loads that one, whoever goes through them loads all."""

    def __missing__(self, name: str) -> Dialect:
        module, attribute = PLACES[name]
        dialect: Dialect = getattr(import_module(f"proxy.dialects.{module}"), attribute)
        self[name] = dialect
        return dialect

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in PLACES else default

    def __contains__(self, name: object) -> bool:
        return name in PLACES

    def __len__(self) -> int:
        return len(PLACES)

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        return PLACES.keys()

    def values(self) -> ValuesView[Dialect]:  # type: ignore[override]
        return {name: self[name] for name in PLACES}.values()

    def items(self) -> ItemsView[str, Dialect]:  # type: ignore[override]
        return {name: self[name] for name in PLACES}.items()


BY_NAME: Mapping[str, Dialect] = Dialects()

#: Request fields that belong to one dialect each, and of these the ones that cannot be left out elsewhere. They are what the
#: dialects say of themselves, written down here so that nobody has to be asked.
STATEFUL = frozenset(
    {
        *("background", "conversation", "item_reference", "previous_response_id", "prompt"),
        *("cache_only", "thread"),
        "cachedContent",
        *("guardrailConfig", "promptVariables"),
        *("context", "suffix"),
        "documents",
    }
)
OWN = STATEFUL | {
    *("include", "max_tool_calls", "personality", "truncation"),
    *("access_programs", "anthropic_beta", "anthropic_version", "container", "context_management", "continuationToken"),
    *("diagnostics", "inference_geo", "mcp_servers", "output_config", "speed", "user_profile_id"),
    *("functionDeclarations", "gemini_store", "generationConfig", "labels", "modelArmorConfig", "safetySettings"),
    *(
        "additionalModelRequestFields",
        "additionalModelResponseFieldPaths",
        "outputConfig",
        "performanceConfig",
        "toolConfig",
    ),
    *(
        "height",
        "image",
        "images",
        "keep_alive",
        "ollama_options",
        "raw",
        "shift",
        "steps",
        "template",
        "think",
        "truncate",
        "width",
    ),
    *("citation_options", "embedding_types", "inputs", "priority", "raw_prompting", "safety_mode"),
}


def late(module: str, name: str) -> Callable[..., Any]:
    """A function of a dialect that is loaded when it is first called: files of providers are all read, dialects are not."""

    def call(*said: Any) -> Any:
        return getattr(import_module(f"proxy.dialects.{module}"), name)(*said)

    return call
