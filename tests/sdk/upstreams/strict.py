"""Requests held against an official package's own types: what they do not know, a provider refuses."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError


def consumed(value: Any) -> Any:
    """Pydantic leaves out unknown members of a typed dict, and looks at an iterable only when somebody iterates."""
    if isinstance(value, dict):
        return {name: consumed(member) for name, member in value.items()}
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return value
    return [consumed(item) for item in value]


def strictly(adapter: TypeAdapter[Any], request: Any) -> None:
    """ValueError unless `request` is wholly known to the type."""
    try:
        known = consumed(adapter.validate_python(request))
    except ValidationError as fault:
        raise ValueError(str(fault)[:1000]) from None
    if known != request:
        raise ValueError(f"unknown members: {request} is more than {known}")
