"""Embeddings: /api/embed, many texts at once, and the older /api/embeddings, one prompt and one bare vector.

The unified form is OpenAI's (https://platform.openai.com/docs/api-reference/embeddings). How the vectors are written down
(`encoding_format`) is for whoever renders the reply. Source: https://docs.ollama.com/api/embed.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json, Usage
from proxy.dialects import Operation, Rendering
from proxy.dialects.checks import check_range
from proxy.dialects.ollama.reply import model_of, see_error
from proxy.dialects.ollama.usage import parse_usage
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.shape import answered, asked, broken, chosen, unsayable, wrong

#: Members that Ollama takes by the same name; the last two are its own.
CARRIED = ("dimensions", "truncate", "keep_alive")
KNOWN = frozenset({"model", "input", "encoding_format", "ollama_options", "timeout", "fallbacks", "cache", *CARRIED})


def render_request(unified: Json, model: str) -> Rendering:
    """Unified request -> embed request. Failure("unsupported_capability") for tokens instead of text."""
    wire: Json = {"model": model, "input": texts_of(unified.get("input")), **chosen(unified, CARRIED)}
    if unified.get("ollama_options"):
        wire["options"] = asked(unified["ollama_options"], dict, "ollama_options")
    return Rendering(wire, [name for name, value in unified.items() if name not in KNOWN and value is not None])


def texts_of(given: Any) -> str | list[str]:
    """A text or a list of them."""
    if isinstance(given, str):
        return given
    for index, entry in enumerate(asked(given, list, "input")):
        if isinstance(entry, int | list):
            raise unsayable("input", "must be text: Ollama takes no tokens")
        asked(entry, str, f"input[{index}]")
    return list(given)


def parse_request(wire: Json) -> Json:
    """Embed request -> unified request."""
    unified = parse_rest(wire, ("input", "options"))
    given = wire.get("input")
    if not isinstance(given, str):
        given = [asked(entry, str, f"input[{index}]") for index, entry in enumerate(asked(given, list, "input"))]
    if not given:
        raise wrong("input", "must not be empty")
    check_range("dimensions", wire.get("dimensions"), 1)
    return {**unified, "input": given}


def parse_rest(wire: Json, said: tuple[str, ...]) -> Json:
    unified = {name: value for name, value in asked(wire, dict, "body").items() if name not in said}
    options = asked(wire.get("options") or {}, dict, "options")
    return unified | ({"ollama_options": options} if options else {})


def parse_legacy_request(wire: Json) -> Json:
    """Request to /api/embeddings -> unified request."""
    unified = parse_rest(wire, ("prompt", "options"))
    prompt = asked(wire.get("prompt"), str, "prompt")
    if not prompt:
        raise wrong("prompt", "must not be empty")
    return {**unified, "input": prompt}


def render_legacy_request(unified: Json, model: str) -> Rendering:
    """Only one text has room."""
    wire, dropped, _ = render_request(unified, model)
    given = wire.pop("input")
    if isinstance(given, list):
        if len(given) != 1:
            raise unsayable("input", "must be one text: /api/embeddings takes one prompt")
        [given] = given
    if wire.pop("dimensions", None) is not None:
        dropped.append("dimensions")
    return Rendering({**wire, "prompt": given}, dropped)


def parse_reply(wire: Json) -> Json:
    """Embed reply -> unified reply. Failure for an error inside a 200, or for anything that has no vectors."""
    see_error(wire)
    return parse_vectors(wire, answered(wire.get("embeddings"), list, "embeddings"))


def parse_legacy_reply(wire: Json) -> Json:
    see_error(wire)
    return parse_vectors(wire, [wire.get("embedding")])


def parse_vectors(wire: Json, vectors: list[Any]) -> Json:
    data = [
        {"object": "embedding", "index": index, "embedding": answered(vector, list, "an embedding")}
        for index, vector in enumerate(vectors)
    ]
    usage = parse_usage(wire) or Usage()
    counted = {"prompt_tokens": usage.prompt, "total_tokens": usage.prompt}
    return {"object": "list", "data": data, "model": model_of(wire), "usage": counted}


def render_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> embed reply."""
    usage = parse_unified_usage(unified) or Usage()
    return {
        "model": str(unified.get("model") or request.get("model") or ""),
        "embeddings": vectors_of(unified),
        "total_duration": 0,
        "load_duration": 0,
        "prompt_eval_count": usage.prompt,
    }


def render_legacy_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> reply of /api/embeddings: one bare vector."""
    vectors = vectors_of(unified)
    if not vectors:
        raise broken("the reply has no embedding")
    return {"embedding": vectors[0]}


def vectors_of(unified: Json) -> list[Any]:
    """The vectors in the order of the texts. They come as numbers, for no client of Ollama's asks for anything else."""
    entries = [answered(entry, dict, "an embedding") for entry in answered(unified.get("data"), list, "data")]
    ordered = sorted(entries, key=lambda entry: entry["index"] if type(entry.get("index")) is int else 0)
    return [answered(entry.get("embedding"), list, "an embedding") for entry in ordered]


EMBED = Operation(render_request, parse_reply, parse_usage, parse_request, render_reply)
EMBED_LEGACY = Operation(
    render_legacy_request, parse_legacy_reply, parse_usage, parse_legacy_request, render_legacy_reply
)
