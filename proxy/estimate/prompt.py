"""How many tokens a request has before its answer: words, tools, what it holds by value, and what stands around them. Pure.

Of what is held by value, images are counted by their size (images.py); files, sound and video by rules as rough as the pages
they are from: https://platform.claude.com/docs/en/build-with-claude/pdf-support, https://ai.google.dev/gemini-api/docs/tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json
from proxy.estimate.families import Family, family_of
from proxy.estimate.images import image_tokens
from proxy.estimate.text import weigh_text

Weigh = Callable[[str], float]

#: Sound has 32 tokens to a second, and base64 of it some 10,700 characters: 64 kbit/s, as an MP3 of speech has.
PER_SECOND = 32
CHARACTERS_PER_SECOND = 10_700
#: A page of a PDF is a picture and its text, and has some 50 kB, of which base64 makes a third more.
PER_PAGE = 2500
CHARACTERS_PER_PAGE = 68_000
#: Some seconds of it.
VIDEO = 2000
DEEPEST = 64
#: Members that are told to no model, or that are none of its words.
UNTOLD = frozenset(
    {
        *("role", "type", "id", "tool_call_id", "cache_control", "signature", "data", "encrypted_content", "detail"),
        *("extra_content", "thought_signature", "thoughtSignature"),
    }
)
#: What is said, over all operations.
SPOKEN = ("messages", "system", "input", "prompt", "query", "documents")


def weigh_prompt(unified: Json, model: str, weigh: Weigh | None = None) -> int:
    """Tokens of a unified request of any operation. `weigh` counts a text, where somebody knows better than the estimate."""
    family = family_of(model)
    if weigh is None:
        weigh = estimating(family)
    words: list[str] = []
    held = sum([gather(unified.get(name), words, model, 0) for name in SPOKEN])
    messages = unified.get("messages")
    around = family.prompt + family.message * len(messages) if isinstance(messages, list) else 0
    return round(held + weigh("\n".join(words)) + around + offered(unified, family, weigh))


def estimating(family: Family) -> Weigh:
    return lambda text: family.factor * weigh_text(text, family.name)


def offered(unified: Json, family: Family, weigh: Weigh) -> float:
    """Tools and a schema, which are shown to a model in other words than those they came in."""
    tools, schema = unified.get("tools"), unified.get("response_format")
    tokens = 0.0
    if tools:
        tokens += family.tools + family.shown * weigh(shown_json(tools))
    if isinstance(schema, dict) and schema.get("type") == "json_schema":
        tokens += family.schema + family.shown * weigh(shown_json(schema))
    return tokens


def shown_json(value: Any) -> str:
    """ "" for what no JSON can say: nobody sends it."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return ""


def gather(value: Any, words: list[str], model: str, depth: int) -> float:
    """Puts what is said in words among `words`; tokens of what is not."""
    if isinstance(value, str):
        words.append(value)
        return 0.0
    if isinstance(value, list) and depth < DEEPEST:
        return sum([gather(item, words, model, depth + 1) for item in value])
    if not isinstance(value, dict) or depth >= DEEPEST:
        return 0.0
    kind = value.get("type")
    if isinstance(kind, str) and kind in BY_VALUE:
        return BY_VALUE[kind](value, model)
    return sum([gather(item, words, model, depth + 1) for name, item in value.items() if name not in UNTOLD])


# ---- what is held by value


def image(part: Json, model: str) -> float:
    said = part.get("image_url") or part.get("source") or part
    if not isinstance(said, dict):
        return image_tokens(str(said), "", model)
    url = said.get("url")
    if not isinstance(url, str):
        url = f"data:;base64,{said.get('data') or ''}"
    return image_tokens(url, str(said.get("detail") or part.get("detail") or ""), model)


def sound(part: Json, model: str) -> float:
    said = part.get("input_audio")
    data = said.get("data") if isinstance(said, dict) else ""
    length = len(data) if isinstance(data, str) else 0
    return PER_SECOND * max(1.0, length / CHARACTERS_PER_SECOND)


def file(part: Json, model: str) -> float:
    said = part.get("file")
    data = said.get("file_data") if isinstance(said, dict) else None
    if not isinstance(data, str):
        return PER_PAGE
    if data.startswith("data:text/"):
        return len(data) * 3 / 16
    return PER_PAGE * max(1, round(len(data) / CHARACTERS_PER_PAGE))


def video(part: Json, model: str) -> float:
    return VIDEO


BY_VALUE: Mapping[str, Callable[[Json, str], float]] = {
    "image_url": image,
    "image": image,
    "input_audio": sound,
    "file": file,
    "video_url": video,
}
