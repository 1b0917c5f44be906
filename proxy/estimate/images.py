"""How many tokens an image has: its size, read from its first bytes, and how the model's provider counts by size. Pure.

https://platform.openai.com/docs/guides/images-vision, https://platform.claude.com/docs/en/build-with-claude/vision,
https://ai.google.dev/gemini-api/docs/tokens and .../media-resolution. What OpenAI takes since GPT-5.2 is not on its page and was
measured by others: https://huggingface.co/datasets/JOHNISKING/image-token-cost. An image at an address is not looked at.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from functools import lru_cache, partial
from math import ceil, sqrt
from typing import Literal

from proxy.estimate.families import LATER_CLAUDE

#: Of a data: URL so many characters are read: before a JPEG's size may stand a segment of 64 KiB for what its camera says.
READ = 128 << 10
FIRST = 128
#: Where the size is not known it is taken for this one.
USUAL = (1024, 1024)
Size = tuple[int, int]
Count = Callable[[Size, str], float]

# ---- the size


def size_of(url: str) -> Size | None:
    """Width and height in pixels of an image given as a data: URL; None where they cannot be told."""
    head, comma, _ = url[:FIRST].partition(";base64,")
    if not comma or not head.startswith("data:"):
        return None
    start = len(head) + len(comma)
    return sized(decoded(url[start : start + FIRST])) or sized(decoded(url[start : start + READ]))


def decoded(text: str) -> bytes:
    try:
        return b64decode(text[: len(text) & ~3])
    except (Error, ValueError):
        return b""


def sized(head: bytes) -> Size | None:
    size = next((read(head) for mark, read in FORMATS if head.startswith(mark)), None)
    return size if size is not None and size[0] > 0 and size[1] > 0 else None


def png_size(head: bytes) -> Size | None:
    """https://www.w3.org/TR/png-3/#11IHDR"""
    return (number(head, 16, 20), number(head, 20, 24)) if len(head) >= 24 else None


def gif_size(head: bytes) -> Size | None:
    """https://www.w3.org/Graphics/GIF/spec-gif89a.txt, 18"""
    return (number(head, 6, 8, "little"), number(head, 8, 10, "little")) if len(head) >= 10 else None


def webp_size(head: bytes) -> Size | None:
    """RFC 9649, section 2: what the first chunk is called says where the size stands."""
    kind = head[12:16]
    if len(head) < 30 or head[8:12] != b"WEBP":
        return None
    if kind == b"VP8X":
        return number(head, 24, 27, "little") + 1, number(head, 27, 30, "little") + 1
    if kind == b"VP8L":
        bits = number(head, 21, 25, "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return number(head, 26, 28, "little") & 0x3FFF, number(head, 28, 30, "little") & 0x3FFF


def jpeg_size(head: bytes) -> Size | None:
    """ITU-T T.81, annex B: segments follow each other, and the frame's begins with one of SOF."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in SOF:
            return number(head, at + 7, at + 9), number(head, at + 5, at + 7)
        at += 2 + number(head, at + 2, at + 4)
    return None


def number(head: bytes, start: int, end: int, order: Literal["big", "little"] = "big") -> int:
    return int.from_bytes(head[start:end], order)


SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
FORMATS: tuple[tuple[bytes, Callable[[bytes], Size | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", png_size),
    (b"\xff\xd8", jpeg_size),
    (b"GIF8", gif_size),
    (b"RIFF", webp_size),
)

# ---- what it takes


def fitted(size: Size, edge: float) -> tuple[float, float]:
    """Scaled down until neither side is longer than `edge`."""
    scale = min(1.0, edge / max(size))
    return size[0] * scale, size[1] * scale


def patches(size: Size, side: int, most: int, edge: float = 1e9) -> int:
    """Squares that cover it, once it is scaled down until it has no more than `most` of them."""
    width, height = fitted(size, edge)
    count = ceil(width / side) * ceil(height / side)
    if count <= most:
        return count
    scale = sqrt(most * side * side / (width * height))
    return min(most, ceil(width * scale / side) * ceil(height * scale / side))


def tiled(size: Size, detail: str, first: int, tile: int) -> float:
    """OpenAI's: within 2048 x 2048, the shorter side 768, in squares of 512."""
    if detail == "low":
        return first
    width, height = fitted(size, 2048)
    scale = min(1.0, 768 / min(width, height))
    return first + tile * ceil(width * scale / 512) * ceil(height * scale / 512)


def patched(size: Size, detail: str, factor: float) -> float:
    return factor * patches(size, 32, 1536)


#: Detail -> patches at most.
BUDGETS = {"low": 256, "high": 2500}


def measured(size: Size, detail: str) -> float:
    """OpenAI's since GPT-5.2."""
    return 1.2 * patches(size, 32, BUDGETS.get(detail, 10_000))


def claude(size: Size, detail: str, most: int, edge: int) -> float:
    return patches(size, 28, most, edge)


def gemini(size: Size, detail: str) -> float:
    """Small images are one tile of 258, others as many as cover them, each of 768 x 768."""
    return 258 if max(size) <= 384 else 258.0 * ceil(size[0] / 768) * ceil(size[1] / 768)


def fixed(size: Size, detail: str, tokens: float) -> float:
    return tokens


#: The first one found in the model's name.
MODELS: tuple[tuple[re.Pattern[str], Count], ...] = tuple(
    (re.compile(pattern), count)
    for pattern, count in (
        (LATER_CLAUDE, partial(claude, most=4784, edge=2576)),
        (r"claude", partial(claude, most=1568, edge=1568)),
        (r"gemini-[12]", gemini),
        (r"gemini", partial(fixed, tokens=1120)),
        (r"gemma", partial(fixed, tokens=256)),
        (r"gpt-(?:5\.[2-9]|[6-9])", measured),
        (r"gpt-4\.1-nano|gpt-5-nano", partial(patched, factor=2.46)),
        (r"gpt-4\.1-mini|gpt-5-mini", partial(patched, factor=1.62)),
        (r"o4-mini", partial(patched, factor=1.72)),
        (r"gpt-4o-mini", partial(tiled, first=2833, tile=5667)),
        (r"gpt-5", partial(tiled, first=70, tile=140)),
        (r"(?<![a-z0-9])o[13](?![a-z0-9])", partial(tiled, first=75, tile=150)),
        (r"computer-use", partial(tiled, first=65, tile=129)),
        (r"gpt-4|chatgpt", partial(tiled, first=85, tile=170)),
        (r"qwen", partial(claude, most=16384, edge=100_000)),
    )
)
#: Of a model that nobody knows: patches as most have them now.
OTHERS: Count = partial(claude, most=1568, edge=1568)


@lru_cache(maxsize=1024)
def count_of(model: str) -> Count:
    name = model.lower()
    return next((count for pattern, count in MODELS if pattern.search(name)), OTHERS)


def image_tokens(url: str, detail: str, model: str) -> float:
    """`url`: a data: URL; any other address is an image of the usual size. `detail`: `low`, `high`, `auto` or ""."""
    return count_of(model)(size_of(url) or USUAL, detail)
