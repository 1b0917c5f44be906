"""The section `catalog`: what it may say, and how each thing that it may not is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from proxy.config.catalog import CatalogEntry, catalog_faults, entries_of
from proxy.config.decode import Decoder
from proxy.config.values import Sources
from proxy.models import Entry
from proxy.providers import CAPABILITIES

KINDS = {"openai": "openai", "az": "azure_openai", "local": "vllm"}
SAID = {"provider": "local", "model": "own", "context_window": 8192}


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A configuration of this section alone."""

    catalog: tuple[CatalogEntry, ...] = ()


def decoded(*entries: Any) -> tuple[Document | None, list[str]]:
    """What it decodes to, and every fault, in words."""
    decoder = Decoder(Sources({}, Path()))
    document = decoder.decode(Document, {"catalog": list(entries)}, "")
    faults = [*decoder.faults]
    if not faults:
        faults += catalog_faults(document.catalog, KINDS)
    return document, [str(fault) for fault in faults]


def test_all_that_can_be_said() -> None:
    whole = {
        "provider": "az",
        "model": "chat-prod",
        "like": "gpt-4o",
        "context_window": 128_000,
        "max_output": 4096,
        "dimensions": 3,
        "capabilities": ["chat", "vision"],
        "price": {"input": 2.5, "output": "10.00", "cache_read": 0},
    }
    document, faults = decoded(whole)
    assert not faults
    assert document is not None
    can = frozenset({"chat", "vision"})
    assert entries_of(document.catalog) == (Entry("az", "chat-prod", "gpt-4o", 128_000, 4096, 3, can, "2.5,10.00,0"),)


def test_what_is_not_said_stays_open() -> None:
    document, faults = decoded(SAID)
    assert not faults
    assert document is not None
    assert entries_of(document.catalog) == (Entry("local", "own", context_window=8192),)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"provider": "opena"}, "catalog[0].provider is 'opena'; allowed: openai, az, local (did you mean openai?)"),
        ({"provider": 7}, "catalog[0].provider is 7"),
        ({"model": ""}, "catalog[0].model is ''"),
        (
            {"capabilities": ["chat", "visoin"]},
            f"catalog[0].capabilities[1] is 'visoin'; allowed: {', '.join(CAPABILITIES)}",
        ),
        ({"capabilities": "chat"}, "catalog[0].capabilities is a scalar"),
        ({"context_window": 0}, "catalog[0].context_window is 0; allowed: tokens"),
        ({"max_output": "many"}, "catalog[0].max_output is 'many'"),
        ({"max_output": True}, "catalog[0].max_output is true"),
        ({"dimensions": 1.5}, "catalog[0].dimensions is 1.5"),
        ({"price": {"input": -1}}, "catalog[0].price.input is -1; allowed: dollars per million tokens"),
        ({"price": {"input": "cheap"}}, "catalog[0].price.input is 'cheap'"),
        ({"price": {"input": True}}, "catalog[0].price.input is true"),
        ({"price": {"input": "nan"}}, "catalog[0].price.input is 'nan'"),
        ({"price": {"prompt": 1}}, "catalog[0].price.prompt is an unknown key; allowed: audio_cache_read, audio_input"),
        ({"price": {"tiers": [{"above": 5}]}}, "catalog[0].price.tiers[0] is without any price"),
        ({"context": 5}, "catalog[0].context is an unknown key"),
        (
            {"provider": "az", "like": "gpt-4oo"},
            "catalog[0].like is 'gpt-4oo'; allowed: a model that the table has for azure_openai",
        ),
        ({"like": "gpt-4o"}, "catalog[0].like is 'gpt-4o'; allowed: a model that the table has for vllm"),
    ],
)
def test_each_fault_is_named(changes: dict[str, Any], fault: str) -> None:
    _, faults = decoded(SAID | changes)
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_entries_that_are_missing_something_say_nothing_or_repeat_another() -> None:
    assert decoded({"context_window": 5})[1][0].startswith("catalog[0].provider is missing")
    assert decoded({"provider": "local", "model": "own"})[1][0].startswith(
        "catalog[0] is without any fact; allowed: at least one of"
    )
    assert decoded(SAID, SAID)[1] == ["catalog[1].model is 'own' again; allowed: each model of a provider once"]
    assert decoded(SAID, SAID | {"provider": "openai"})[1] == []


def test_all_faults_are_found_at_once() -> None:
    _, faults = decoded(SAID | {"max_output": 0, "context_window": 0}, {"model": 5})
    assert len(faults) == 4
