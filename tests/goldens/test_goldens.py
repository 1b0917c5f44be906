"""Every case from every client to every target says what its golden says. `make golden` rewrites them; the diff is the review."""

from __future__ import annotations

import orjson
import pytest

from tests.goldens.__main__ import path_of, stray
from tests.goldens.cases import CASES
from tests.goldens.crossing import cross
from tests.goldens.spoken import DIALECTS, MODELS


def test_every_dialect_is_there() -> None:
    assert DIALECTS.keys() == MODELS.keys()


def test_no_golden_is_left_of_a_case_that_is_gone() -> None:
    assert not stray()


@pytest.mark.parametrize("name", CASES)
def test_a_case_says_what_its_golden_says(name: str) -> None:
    golden = orjson.loads(path_of(name).read_bytes())
    said = orjson.loads(orjson.dumps(cross(CASES[name])))
    assert said.keys() == golden.keys()
    for part in golden.keys() - {"about"}:
        for dialect in golden[part].keys() | said[part].keys():
            assert said[part].get(dialect) == golden[part].get(dialect), f"{part} in {dialect}"
