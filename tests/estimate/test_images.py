"""The size of an image from its first bytes, and what providers say and others measured that it takes."""

from __future__ import annotations

import struct
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.estimate.images import USUAL, count_of, image_tokens, size_of, sized

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x02\0\0\0"
GIF = b"GIF89a" + struct.pack("<HH", 640, 480) + b"\xf7\0\0"
FRAME = b"\xff\xc2\0\x11\x08" + struct.pack(">HH", 480, 640) + b"\x03\x01\x22\0"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + FRAME
LATE_JPEG = b"\xff\xd8\xff\xe1" + struct.pack(">H", 60_002) + b"x" * 60_000 + b"\xff\xc4\0\x04\0\0" + FRAME
RIFF = b"RIFF\x24\0\0\0WEBP"
LOSSY = RIFF + b"VP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", 640 | 0x4000, 480) + b"\0\0"
LOSSLESS = RIFF + b"VP8L\x18\0\0\0\x2f" + struct.pack("<I", 639 | 479 << 14) + b"\0" * 8
EXTENDED = RIFF + b"VP8X\x0a\0\0\0\x10\0\0\0" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")


def data_url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{b64encode(data).decode()}"


@pytest.mark.parametrize("data", [PNG, GIF, JPEG, LATE_JPEG, LOSSY, LOSSLESS, EXTENDED])
def test_the_size_is_read_from_the_beginning(data: bytes) -> None:
    assert size_of(data_url(data + b"\0" * 200_000)) == (640, 480)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "https://example.org/a.png",
            "data:image/png,abc",
            "data:image/png;base64,",
            "data:image/png;base64,@@@@",
        ),
        *(data_url(data) for data in (b"<svg/>", PNG[:20], GIF[:8], JPEG[:12], LOSSY[:20], b"\xff\xd8" + b"\0" * 50)),
        data_url(PNG.replace(struct.pack(">I", 640), bytes(4))),
    ],
)
def test_what_has_no_size_is_taken_for_a_usual_one(url: str) -> None:
    assert size_of(url) is None
    assert image_tokens(url, "", "gpt-4o") == count_of("gpt-4o")(USUAL, "")


@given(st.binary(max_size=200), st.sampled_from([b"", PNG[:8], b"\xff\xd8\xff", b"GIF8", RIFF, JPEG]))
def test_any_bytes_end_in_a_size_or_in_none(data: bytes, begin: bytes) -> None:
    size = sized(begin + data)
    assert size is None or min(size) > 0
    assert image_tokens(data_url(begin + data), "auto", "claude-opus-5") > 0


#: Of https://huggingface.co/datasets/JOHNISKING/image-token-cost, less the words around the image: 77, 65 and none.
MEASURED = [
    ("claude-sonnet-5-5", "", (256, 256), 177 - 77),
    ("claude-sonnet-5-5", "", (1024, 1024), 1446 - 77),
    ("claude-opus-5-5", "", (1920, 1080), 2768 - 77),
    ("claude-haiku-4-5", "", (512, 512), 426 - 65),
    ("claude-haiku-4-5", "", (1280, 720), 1261 - 65),
    ("claude-haiku-4-5", "", (1920, 1080), 1625 - 65),
    ("claude-haiku-4-5", "", (4032, 3024), 1661 - 65),
    ("gemini-3-flash", "", (256, 256), 1090),
    ("gemini-3-pro", "", (4032, 3024), 1065),
    ("gpt-5.5", "auto", (1280, 720), 1104),
    ("gpt-5.5", "auto", (3840, 2160), 9792),
    ("gpt-6-astra", "high", (2560, 1440), 2931),
]
#: Worked by the providers themselves on the pages named in images.py.
WORKED = [
    ("gpt-4o", "high", (1024, 1024), 765),
    ("gpt-4o", "auto", (2048, 4096), 1105),
    ("gpt-4o", "low", (4096, 8192), 85),
    ("gpt-5", "low", (4096, 8192), 70),
    ("gpt-4o-mini", "low", (10, 10), 2833),
    ("o1", "high", (1024, 1024), 675),
    ("gpt-4.1-mini", "", (1024, 1024), 1024 * 1.62),
    ("gpt-4.1-mini", "", (1800, 2400), 1452 * 1.62),
    ("claude-sonnet-4-5", "", (1075, 1520), 1551),
    ("claude-opus-4-7", "", (1075, 1520), 2145),
    ("gemini-2.5-flash", "", (384, 384), 258),
    ("gemini-2.5-flash", "", (1000, 700), 516),
    ("openai/gpt-4o-2024-08-06", "high", (1024, 1024), 765),
]


@pytest.mark.parametrize(("model", "detail", "size", "tokens"), [*MEASURED, *WORKED])
def test_what_an_image_takes(model: str, detail: str, size: tuple[int, int], tokens: float) -> None:
    assert count_of(model)(size, detail) == pytest.approx(tokens, rel=0.06)
