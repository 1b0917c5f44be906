"""The table of dialects: everyone is in it once, and nobody's own field is another's word."""

from __future__ import annotations

import subprocess
import sys

import pytest

from proxy.dialects import Dialect
from proxy.dialects.by_name import BY_NAME, OF_JOBS, OWN, SEVEN, STATEFUL, VARIANTS
from proxy.dialects.capabilities import FIELDS, ROWS
from proxy.wire.framing import FRAMINGS


def test_the_seven_and_their_variants() -> None:
    assert list(SEVEN) == [*("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")]
    assert len(BY_NAME) == len(SEVEN) + len(VARIANTS) + len(OF_JOBS)
    assert all(dialect.name == name for name, dialect in BY_NAME.items())
    assert "klingon" not in BY_NAME
    assert BY_NAME.get("klingon") is None
    with pytest.raises(KeyError):
        BY_NAME["klingon"]


def test_each_is_loaded_when_it_is_first_spoken() -> None:
    source = (
        "import sys; from proxy.dialects.by_name import BY_NAME, PLACES; from proxy.translate import DIALECTS; import proxy.app;"
        "here = lambda: [name for name, (module, _) in PLACES.items() if 'proxy.dialects.' + module in sys.modules];"
        "print(here()); BY_NAME['cohere']; print(here())"
    )
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.splitlines() == ["['openai']", "['openai', 'cohere']"]


def test_what_is_written_down_is_what_the_dialects_say() -> None:
    assert frozenset().union(*(dialect.own for dialect in BY_NAME.values())) == OWN
    assert frozenset().union(*(dialect.stateful for dialect in BY_NAME.values())) == STATEFUL


@pytest.mark.parametrize("dialect", BY_NAME.values(), ids=BY_NAME)
def test_what_a_dialect_says_of_itself(dialect: Dialect) -> None:
    assert dialect.framing in FRAMINGS
    assert dialect.support.keys() <= set(ROWS)
    assert dialect.stateful <= dialect.own
    assert dialect.needs_bytes <= {"image", "file", "audio"}
    assert dialect.operation("chat") is dialect
    assert dialect.operation("no such operation") is None


def test_own_fields_are_no_unified_ones() -> None:
    assert OWN.isdisjoint(FIELDS)
    assert STATEFUL <= OWN
