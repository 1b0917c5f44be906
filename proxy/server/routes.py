"""The doors: (method, path) -> dialect and operation. A row here is all that a new path needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Door(NamedTuple):
    dialect: str
    operation: str


CALLS: Mapping[str, Door] = {
    "/v1/chat/completions": Door("openai", "chat"),
    "/chat/completions": Door("openai", "chat"),
}

MODELS = frozenset({"/v1/models", "/models"})
