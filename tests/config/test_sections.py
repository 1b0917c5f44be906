"""Every key of every section is documented with its default, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest
import yaml

from proxy.config.decode import Decoder
from proxy.config.prices import PriceRates, PriceTier, PriceWindow
from proxy.config.resilience import Breaker, Retry
from proxy.config.sections import Config, Pool, ProviderEntry, Timeouts
from proxy.config.values import Sources

DOCUMENT = (Path(__file__).parents[2] / "docs" / "config.md").read_text("utf-8")

#: What the document says in words, where a default is no value that could be written.
DEFAULTS_IN_WORDS: dict[str, Any] = {
    "the entry's own name": "",
    "the provider's usual variable": None,
    "the provider's own": None,
    "those of `timeouts`": Timeouts(),
    "those of `pool`": Pool(),
    "the key `unsupported`": None,
    "that of the table": None,
    "those of the table": None,
    "depends on the kind": None,
    "nothing": None,
    "those of `retry`": Retry(),
    "those of `breaker`": Breaker(),
    "required": msgspec.NODEFAULT,
}


#: What differs in a tier or a window of a price: the keys are those of the price.
OVERLAID = (PriceTier, PriceWindow)
#: Sections that a provider's entry has too.
INHERITED = (Timeouts, Pool, Retry, Breaker)


def bare(kind: Any) -> Any:
    """The type behind annotations and `| None`."""
    if get_origin(kind) is Annotated:
        return bare(kind.__origin__)
    members = [member for member in get_args(kind) if member is not type(None)]
    return bare(members[0]) if type(None) in get_args(kind) else kind


def is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def keys(struct: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Path and field of each key; what a provider inherits from a section of its own is listed there."""
    for field in msgspec.structs.fields(struct):
        if struct in OVERLAID and field.name in PriceRates.__struct_fields__:
            continue
        path, kind = prefix + field.encode_name, bare(field.type)
        inner = bare(get_args(kind)[-1 if get_origin(kind) is dict else 0]) if get_args(kind) else None
        if is_section(kind) and not (struct is ProviderEntry and kind in INHERITED):
            yield from keys(kind, f"{path}.")
        elif is_section(inner):
            yield from keys(inner, f"{path}.<name>." if get_origin(kind) is dict else f"{path}[].")
        else:
            yield path, field


KEYS = dict(keys(Config))
ROWS = {
    match[1]: match[2].strip()
    for match in re.finditer(r"^\| `([a-z0-9_.<>\[\]]+)` \|[^|]*\|([^|]*)\|", DOCUMENT, re.MULTILINE)
}


def test_the_document_names_every_key_and_no_other() -> None:
    assert {"listen.port", "providers.<name>.mock.first_token_ms", "models[].targets[].provider"} <= KEYS.keys()
    assert sorted(ROWS) == sorted(KEYS)


@pytest.mark.parametrize("key", sorted(KEYS))
def test_the_document_tells_the_default(key: str) -> None:
    field, said = KEYS[key], ROWS[key]
    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    if said in DEFAULTS_IN_WORDS:
        assert default == DEFAULTS_IN_WORDS[said]
    else:
        decoder = Decoder(Sources({}, Path()))
        assert decoder.decode(field.type, yaml.safe_load(said.strip("`")), key) == default
        assert not decoder.faults


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_has_a_description_for_editors(key: str) -> None:
    described = [meta.description for meta in KEYS[key].type.__metadata__ if meta.description]
    assert len(described) == 1
    assert described[0].endswith(".")


def test_sections_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Config().listen.port = 1  # type: ignore[misc]
