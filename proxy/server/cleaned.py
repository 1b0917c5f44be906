"""JSON that is shown, without secrets and still JSON. What takes secrets out is handed in, and works on bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxy.logs.lines import render_json

Clean = Callable[[bytes], bytes]


def render_clean(body: dict[str, Any], clean: Clean) -> bytes:
    """As a whole it may be no JSON any more once it was cleaned, for what looks like a key may reach beyond its text.

    So where there is something to clean, each text is cleaned by itself.
    """
    data = render_json(body)
    return data if clean(data) == data else render_json(cleaned(body, clean))


def cleaned(value: Any, clean: Clean) -> Any:
    if isinstance(value, str):
        return clean(value.encode("utf-8", "backslashreplace")).decode("utf-8", "replace")
    if isinstance(value, dict):
        return {cleaned(name, clean): cleaned(inner, clean) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(inner, clean) for inner in value]
    return value
