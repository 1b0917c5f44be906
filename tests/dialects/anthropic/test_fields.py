"""The table of fields, and that docs/unified.md says the same."""

import re

from proxy.dialects.anthropic.fields import ANTHROPIC_ONLY, SUPPORT, is_neutral
from tests.conftest import ROOT

ROW = re.compile(r"^\| `(\w+)` \|.*\| (native|translated|ours|not expressible)\b", re.MULTILINE)


def test_the_document_has_a_row_for_every_field_and_says_what_the_table_says() -> None:
    rows = dict(ROW.findall((ROOT / "docs" / "unified.md").read_text()))
    assert {name: said for name, said in rows.items() if said != "not expressible"} == dict(SUPPORT)
    assert len(rows) > len(SUPPORT)


def test_nothing_is_both_neutral_and_asked_for() -> None:
    assert is_neutral("seed", None)
    assert is_neutral("logprobs", False)
    assert not is_neutral("seed", 0)
    assert not any(is_neutral(name, {}) for name in ANTHROPIC_ONLY)
