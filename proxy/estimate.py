"""How many tokens a request may hold, where nobody says: a rough count that needs no tables. Pure.

English text has about four characters to a token; JSON, code and other scripts have fewer (https://platform.openai.com/tokenizer).
Images and files are counted by kind, not by size: what a provider makes of them depends on the model.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json

CHARACTERS_PER_TOKEN = 4
OTHER_SCRIPT_PER_TOKEN = 1.5
PER_MESSAGE = 4
PER_IMAGE = 1000
PER_FILE = 2000
#: Members that are content by value.
BY_VALUE = {
    "image_url": PER_IMAGE,
    "image": PER_IMAGE,
    "input_audio": PER_IMAGE,
    "video_url": PER_FILE,
    "file": PER_FILE,
}
DEEPEST = 64


def estimate_prompt(unified: Json) -> int:
    """Tokens of a unified chat request, give or take a third."""
    messages = unified.get("messages") or []
    said = [messages, unified.get("system"), unified.get("tools"), unified.get("response_format"), unified.get("input")]
    return PER_MESSAGE * len(messages) + round(sum(weigh(item, 0) for item in said))


def weigh(value: Any, depth: int) -> float:
    if isinstance(value, str):
        return weigh_text(value)
    if depth > DEEPEST:
        return 0.0
    if isinstance(value, list):
        return sum(weigh(item, depth + 1) for item in value)
    if not isinstance(value, dict):
        return 1.0 if value is not None else 0.0
    if value.get("type") in BY_VALUE:
        return BY_VALUE[value["type"]]
    return sum(weigh_text(name) / 2 + weigh(item, depth + 1) for name, item in value.items() if name != "role")


def weigh_text(text: str) -> float:
    if text.isascii():
        return len(text) / CHARACTERS_PER_TOKEN
    plain = len(text.encode("ascii", "ignore"))
    return plain / CHARACTERS_PER_TOKEN + (len(text) - plain) / OTHER_SCRIPT_PER_TOKEN
