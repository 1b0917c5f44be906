"""JSON as text, for what is nested less deeply than can be read and more deeply than can be written."""

from __future__ import annotations

from typing import Any

import orjson

from proxy.call import Failure


def json_text(value: Any, complaint: Failure) -> str:
    """`value` as JSON; raises `complaint` for what is nested too deeply."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise complaint from None
