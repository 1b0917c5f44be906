"""The section `tokens`: who counts a prompt before it is sent. What is counted, and how, is said elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError, shown
from proxy.config.values import WRITTEN, Sources


def read_folder(value: Any, path: str, sources: Sources) -> str:
    """A folder there is, as it is written or from where the configuration lies."""
    if not isinstance(value, str) or not value:
        raise ConfigError(path, shown(value), "the path of a folder")
    folder = sources.directory / value
    try:
        there = folder.is_dir()
    except (OSError, ValueError):
        there = False
    if not there:
        raise ConfigError(path, f"{shown(value)} (no such folder)", "the path of a folder")
    return str(folder)


Folder = Annotated[
    str, Meta(extra={"read": read_folder}, extra_json_schema={WRITTEN: {"type": "string", "minLength": 1}})
]


def _about(description: str) -> Meta:
    return Meta(description=description)


class Tokens(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who counts the tokens of a prompt before a provider has."""

    counter: Annotated[
        Literal["estimate", "tiktoken"], _about("An estimate, or OpenAI's tokenizer for the models that it is for.")
    ] = "estimate"
    tables: Annotated[
        Folder | None, _about("Where the tables of tiktoken lie; by default where TIKTOKEN_CACHE_DIR says.")
    ] = None
