"""What is asked and what is answered, in words of no provider: the same scenes are played by every SDK before every upstream."""

from __future__ import annotations

import struct
import threading
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

WORDS = "Hello, wörld of 🌍 streams"
INPUT_TOKENS, OUTPUT_TOKENS = 11, 23
SYSTEM = "Be brief, ünd kind."


@dataclass(frozen=True)
class Tool:
    name: str
    description: str
    parameters: Json


@dataclass(frozen=True)
class Made:
    """A tool call as the model made it. Not every wire has ids."""

    id: str
    name: str
    arguments: Json


@dataclass(frozen=True)
class Answer:
    """What the model says. `signature` is opaque: base64 with both letters of its alphabet that no URL takes."""

    text: str = ""
    calls: tuple[Made, ...] = ()
    thought: str = ""
    signature: str = ""


@dataclass(frozen=True)
class Refusal:
    """An error instead of an answer; the server has it say `words` in its own form."""

    status: int
    words: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Broken:
    """A stream that says `words` and then ends as it must not: an `error` event, a `reset`, or a body that ends `early`.

    It ends so when the application has `heard` the words.
    """

    words: str
    ending: str
    complaint: str = "the model fell over, said the provider"
    heard: threading.Event | None = None


Script = Answer | Refusal | Broken


@dataclass
class Heard:
    """What the server read in a request. A result is (name, arguments, text), found by the id that the server had given."""

    system: str = ""
    words: str = ""
    limit: int | None = None
    temperature: float | None = None
    tools: dict[str, Json] = field(default_factory=dict)
    calls: list[Made] = field(default_factory=list)
    results: list[tuple[str, Json, str]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    schema: Json | None = None
    json_tool: str | None = None
    thinks: bool = False
    signatures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """What an application asks. `said` is the answer before, as the SDK gave it; `results` has a text for each of its calls."""

    words: str = "Hello"
    system: str = ""
    limit: int | None = None
    temperature: float | None = None
    tools: tuple[Tool, ...] = ()
    image: bytes = b""
    image_url: str = ""
    schema: Json | None = None
    thinks: bool = False
    said: Said | None = None
    results: tuple[str, ...] = ()


@dataclass
class Said:
    """What the application sees. `turn` is the SDK's own message, to be sent back with the results."""

    text: str
    calls: list[Made]
    thought: str
    finish: str
    tokens: tuple[int, int]
    turn: Any


# ---- the scenes

SCHEMA: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["name", "people"],
    "additionalProperties": False,
}
CITY: Json = {"name": "Zürich", "people": 443037}

WEATHER = Tool(
    "get_weather",
    "The weather of a city",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Its name"},
            "days": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["city"],
    },
)
CLOCK = Tool("get_time", "What time it is", {"type": "object", "properties": {}})
TOOLS = (WEATHER, CLOCK)

#: Two calls of one function, so that a name is not enough to tell them apart, and one without arguments.
CALLS = (
    Made("call_zurich", "get_weather", {"city": "Zürich", "days": [1, 2]}),
    Made("call_bern", "get_weather", {"city": "Bern"}),
    Made("call_clock", "get_time", {}),
)
RESULTS = ("sun in Zürich", "rain in Bern", '{"time": "12:00"}')
THOUGHT = "First I look, then I ünderstand."
SIGNATURE = "EqQBCgIYAhIM+/+/IHNpZ25hdHVyZSBvZiBvdXRyaWRlciD+++8="


def pixels() -> bytes:
    """A PNG of one red pixel."""
    scanline = zlib.compress(b"\0\xff\0\0")
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (b"IDAT", scanline), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


IMAGE = pixels()
IMAGE_DATA = b64encode(IMAGE).decode()
IMAGE_URL = "https://images.example.com/cat.png"
