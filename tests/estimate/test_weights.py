"""The weights are whole, and nobody has changed them by hand."""

from __future__ import annotations

from pathlib import Path

import proxy.estimate.weights
from proxy.estimate.families import PATTERNS, UNKNOWN
from proxy.estimate.text import FEATURES
from proxy.estimate.weights import FAMILIES
from tests.tokens.fit import BASES, source_of


def test_every_family_has_a_weight_for_every_feature() -> None:
    assert FAMILIES.keys() == BASES.keys()
    assert {len(weights) for weights in FAMILIES.values()} == {len(FEATURES)}
    assert all(weight >= 0 for weights in FAMILIES.values() for weight in weights)


def test_the_file_is_as_it_is_written() -> None:
    assert Path(proxy.estimate.weights.__file__).read_text("utf-8") == source_of(FAMILIES)


def test_every_model_has_weights() -> None:
    assert {family.name for _, family in PATTERNS} | {UNKNOWN.name} == FAMILIES.keys()
