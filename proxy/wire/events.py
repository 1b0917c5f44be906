"""What every reader of frames gives and how it complains. Nothing here knows a wire format."""

from __future__ import annotations

from typing import NamedTuple


class FrameError(ValueError):
    """Bytes that are no frames of this kind. Its words complete the sentence "the provider sent ..."."""


class TooLong(FrameError):
    """An event grew past the limit of the reader."""


class Event(NamedTuple):
    """`name` is the SSE event field or its like, "" if there is none; `data` is the payload."""

    name: str
    data: bytes
