"""A conversation as Replicate's models take it: a system prompt, one prompt, and images beside it.

Texts of a message become one. A single question goes over as it is. Several turns go over as a list where the model takes one,
and else as a transcript whose turns begin with `User:` and `Assistant:`, which the receipt names: the model's own template can
only be applied where the model is. What a tool has answered has no place in either. Source:
https://replicate.com/docs/topics/predictions/create-a-prediction (files: web or data: URLs), and the pages in spellings.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from proxy.call import Json
from proxy.dialects.ids import note_signature
from proxy.dialects.parts import image_url_of
from proxy.dialects.shape import asked, unsayable, wrong

PROMPTS = frozenset({"system", "developer"})
TALKERS: Mapping[str, str] = {"user": "User", "assistant": "Assistant"}
#: Members of messages and of their parts that have no place in a prompt.
UNSAID = ("audio", "cache_control", "annotations", "provider_blocks", "thinking_blocks", "reasoning_content", "name")
OF_PARTS = ("cache_control", "citations", "context")
TEXTS: Mapping[str, str] = {"text": "text", "refusal": "refusal"}
IMAGES = frozenset({"image_url", "image"})


class Turn(NamedTuple):
    """What one message says. `images` are addresses."""

    role: str
    text: str
    images: list[str]


class Talk(NamedTuple):
    """The whole of it; `turns` without the system's."""

    system: str
    turns: list[Turn]

    @property
    def images(self) -> list[str]:
        return [image for turn in self.turns for image in turn.images]


def read_talk(unified: Json, dropped: list[str]) -> Talk:
    """Failure names the part that is wrong or cannot be said; `dropped` grows by what is left out."""
    system: list[str] = []
    if unified.get("system") is not None:
        system.append(read_turn({"role": "system", "content": unified["system"]}, "system", dropped).text)
    turns = []
    for index, message in enumerate(asked(unified.get("messages"), list, "messages")):
        turn = read_turn(asked(message, dict, f"messages[{index}]"), f"messages[{index}]", dropped)
        if turn.role in PROMPTS:
            system.append(turn.text)
        else:
            turns.append(turn)
    return Talk("\n\n".join(filter(None, system)), turns)


def read_turn(message: Json, path: str, dropped: list[str]) -> Turn:
    role = asked(message.get("role"), str, f"{path}.role")
    if role == "tool" or message.get("tool_calls"):
        raise unsayable(path, "is of a tool, and a model on Replicate takes none")
    if role not in TALKERS and role not in PROMPTS:
        raise wrong(f"{path}.role", f"must be one of {', '.join((*sorted(PROMPTS), *TALKERS, 'tool'))}")
    dropped += [f"messages.{name}" for name in UNSAID if message.get(name)]
    note_signature(message, dropped)
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    if isinstance(content, str):
        return Turn(role, content, [])
    texts: list[str] = []
    images: list[str] = []
    for kind, said in read_parts(asked(content, list, f"{path}.content"), f"{path}.content", dropped):
        (images if kind in IMAGES else texts).append(said)
    return Turn(role, "\n".join(texts), images)


def read_parts(parts: list[Any], path: str, dropped: list[str]) -> Iterator[tuple[str, str]]:
    """The kind of each part, and its text or address."""
    for index, part in enumerate(parts):
        at = f"{path}[{index}]"
        kind = asked(asked(part, dict, at).get("type"), str, f"{at}.type")
        dropped += [f"messages.{name}" for name in OF_PARTS if part.get(name)]
        note_signature(part, dropped)
        if kind in TEXTS:
            yield kind, asked(part.get(TEXTS[kind]), str, f"{at}.{TEXTS[kind]}")
        elif kind in IMAGES:
            yield kind, image_url_of(part, at)
            if detail_of(part) not in (None, "auto"):
                dropped.append("messages.image.detail")
        else:
            raise unsayable(f"{at}.type", f"{kind} cannot be sent to a model on Replicate")


def detail_of(part: Json) -> Any:
    image = part.get("image_url")
    return (image if isinstance(image, dict) else part).get("detail")


def transcript(turns: list[Turn]) -> str:
    """Ends with the word of whoever is to speak, unless the assistant's own words are to be gone on with."""
    said = [f"{TALKERS[turn.role]}: {turn.text}" for turn in turns]
    if turns and turns[-1].role == "user":
        said.append(f"{TALKERS['assistant']}:")
    return "\n\n".join(said)
