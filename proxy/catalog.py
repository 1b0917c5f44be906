"""How each provider's own list of models is read, and what it tells of them besides their names.

Pure. Sources: https://platform.openai.com/docs/api-reference/models/list, https://docs.ollama.com/api/tags,
https://ai.google.dev/api/models, https://docs.claude.com/en/api/models-list, https://docs.cohere.com/reference/list-models,
https://docs.mistral.ai/api/endpoint/models, https://openrouter.ai/docs/models, https://lmstudio.ai/docs/api/rest-api.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeGuard

import orjson

from proxy.call import Json

#: So many models of one list are kept, with names up to this length.
MOST, LONGEST_NAME = 2000, 256


class Listed(NamedTuple):
    """A model as its provider lists it; None is what the list does not tell. `can`: words of CAPABILITIES, maybe not all."""

    name: str
    context_window: int | None = None
    max_output: int | None = None
    can: frozenset[str] | None = None


class List(NamedTuple):
    """`query` asks for all of it at once."""

    parse: Callable[[Json], Listed | None]
    query: str = ""


def parse_list(form: str, body: bytes) -> list[Listed]:
    """The models in the answer to the question `form` (of LISTS). ValueError when it is no list of models.

    Items that are no models of a sensible name are passed over; of many, the first MOST are kept.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ValueError("the answer is not JSON") from None
    items = (
        answer if isinstance(answer, list) else next((answer[name] for name in HOLDERS if is_list(answer, name)), None)
    )
    if items is None:
        raise ValueError("the answer holds no list of models")
    parse = LISTS[form].parse
    found = {
        listed.name: listed for item in items if isinstance(item, dict) and (listed := parse(item)) and fits(listed)
    }
    return list(found.values())[:MOST]


#: Where the list stands; Together's is the whole answer.
HOLDERS = ("data", "models")


def is_list(answer: Any, name: str) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get(name), list)


def fits(listed: Listed) -> bool:
    return 0 < len(listed.name) <= LONGEST_NAME and listed.name.isprintable()


# ---- what one item tells

#: What hosts and servers that speak OpenAI's API call the context window, and the longest answer.
CONTEXT = ("context_window", "context_length", "max_context_length", "max_model_len")
OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_output_length")


def text(item: Json, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def tokens(item: Any, *names: str) -> int | None:
    """The first of these members that is a number of tokens."""
    values = [item.get(name) for name in names] if isinstance(item, dict) else []
    return next((int(value) for value in values if is_number(value) and 0 < value < 1e12), None)


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def words(item: Any, *path: str) -> list[str]:
    """The strings of the list that stands there."""
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    return [word for word in item if isinstance(word, str)] if isinstance(item, list) else []


def named(
    found: list[str], meanings: Mapping[str, tuple[str, ...]], always: tuple[str, ...] = ()
) -> frozenset[str] | None:
    """The capabilities that words stand for; None where they say nothing."""
    can = {capability for word in found for capability in meanings.get(word, ())}
    return frozenset(can | set(always)) if can else None


def parse_openai(item: Json) -> Listed:
    """llama.cpp tells the window below `meta`."""
    context = tokens(item, *CONTEXT) or tokens(item.get("meta"), "n_ctx", "n_ctx_train")
    return Listed(text(item, "id"), context, tokens(item, *OUTPUT), named([text(item, "type")], TYPES))


CHAT = ("chat", "stream")
#: What Together and LM Studio call a model's sort.
TYPES: Mapping[str, tuple[str, ...]] = {
    "chat": CHAT,
    "llm": CHAT,
    "vlm": (*CHAT, "vision"),
    "embedding": ("embeddings",),
    "embeddings": ("embeddings",),
    "rerank": ("rerank",),
    "image": ("images",),
    "moderation": ("moderations",),
    "transcribe": ("transcriptions",),
}


def parse_lmstudio(item: Json) -> Listed:
    """Its own list, below /api/v0; what it has at /v1/models are names alone."""
    listed = parse_openai(item)
    tools = {"tools"} if "tool_use" in words(item, "capabilities") else set()
    return listed if listed.can is None else listed._replace(can=listed.can | tools)


def parse_openrouter(item: Json) -> Listed:
    context = tokens(item, "context_length")
    output = tokens(item.get("top_provider"), "max_completion_tokens")
    said = words(item, "architecture", "input_modalities") + words(item, "supported_parameters")
    return Listed(text(item, "id"), context, output, named(said, OF_OPENROUTER, CHAT))


OF_OPENROUTER: Mapping[str, tuple[str, ...]] = {
    "text": CHAT,
    "image": ("vision",),
    "file": ("documents",),
    "audio": ("audio_input",),
    "tools": ("tools",),
    "parallel_tool_calls": ("parallel_tools",),
    "structured_outputs": ("structured_output",),
    "reasoning": ("reasoning",),
}


def parse_ollama(item: Json) -> Listed:
    """Some servers tell capabilities here; most only when asked for each model."""
    return Listed(text(item, "name") or text(item, "model"), None, None, named(words(item, "capabilities"), OF_OLLAMA))


OF_OLLAMA: Mapping[str, tuple[str, ...]] = {
    "completion": ("chat", "stream", "completions", "structured_output"),
    "tools": ("tools",),
    "vision": ("vision",),
    "thinking": ("reasoning",),
    "embedding": ("embeddings",),
    "audio": ("audio_input",),
}


def parse_gemini(item: Json) -> Listed:
    name = text(item, "name").removeprefix("models/")
    said = words(item, "supportedGenerationMethods") + (["thinking"] if item.get("thinking") is True else [])
    return Listed(name, tokens(item, "inputTokenLimit"), tokens(item, "outputTokenLimit"), named(said, OF_GEMINI))


OF_GEMINI: Mapping[str, tuple[str, ...]] = {
    "generateContent": CHAT,
    "embedContent": ("embeddings",),
    "createCachedContent": ("caching",),
    "thinking": ("reasoning",),
}


def parse_anthropic(item: Json) -> Listed | None:
    """Retired models stay in its list."""
    if item.get("lifecycle") == "retired":
        return None
    said = [name for name, value in of(item, "capabilities").items() if of({"": value}, "").get("supported") is True]
    context, output = tokens(item, "max_input_tokens"), tokens(item, "max_tokens")
    return Listed(text(item, "id"), context, output, named(said, OF_ANTHROPIC, (*CHAT, "tools")))


OF_ANTHROPIC: Mapping[str, tuple[str, ...]] = {
    "image_input": ("vision",),
    "pdf_input": ("documents",),
    "structured_outputs": ("structured_output",),
    "thinking": ("reasoning",),
}


def parse_cohere(item: Json) -> Listed:
    return Listed(text(item, "name"), tokens(item, "context_length"), None, named(words(item, "endpoints"), OF_COHERE))


OF_COHERE: Mapping[str, tuple[str, ...]] = {
    "chat": CHAT,
    "embed": ("embeddings",),
    "rerank": ("rerank",),
}


def parse_mistral(item: Json) -> Listed:
    said = [name for name, value in of(item, "capabilities").items() if value is True]
    return Listed(text(item, "id"), tokens(item, "max_context_length"), None, named(said, OF_MISTRAL))


OF_MISTRAL: Mapping[str, tuple[str, ...]] = {
    "completion_chat": CHAT,
    "function_calling": ("tools",),
    "vision": ("vision",),
    "audio": ("audio_input",),
    "audio_transcription": ("transcriptions",),
    "reasoning": ("reasoning",),
    "moderation": ("moderations",),
}


def of(item: Json, name: str) -> Json:
    value = item.get(name)
    return value if isinstance(value, dict) else {}


#: What a provider file's `lists` may say.
LISTS: Mapping[str, List] = {
    "openai": List(parse_openai),
    "ollama": List(parse_ollama),
    "gemini": List(parse_gemini, "pageSize=1000"),
    "anthropic": List(parse_anthropic, "limit=1000"),
    "cohere": List(parse_cohere, "page_size=1000"),
    "mistral": List(parse_mistral),
    "openrouter": List(parse_openrouter),
    "together": List(parse_openai),
    "lmstudio": List(parse_lmstudio),
}
