"""Model names and the table that describes them; docs/mock.md must show the same table."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.providers import all_providers
from proxy.upstream.mock.models import FIELDS, MODELS, Behaviour, Model, parse_model
from proxy.upstream.mock.reply import FAULTS as REPLY_FAULTS
from proxy.upstream.mock.script import INSTEAD
from proxy.upstream.mock.stream import FAULTS as STREAM_FAULTS

DOCS = Path(__file__).parents[3] / "docs" / "mock.md"


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("mock", Behaviour()),
        ("mock-tools", Behaviour("tools")),
        ("mock-tools-interleaved", Behaviour("tools-interleaved")),
        ("mock-reasoning", Behaviour("reasoning")),
        ("mock-tokens-1000", Behaviour("tokens", tokens=1000)),
        ("mock-tokens-100000", Behaviour("tokens", tokens=100_000)),
        ("mock-slow-2.5", Behaviour("slow", seconds=2.5)),
        ("mock-slow-3", Behaviour("slow", seconds=3.0)),
        ("mock-status-429", Behaviour("status", status=429)),
        ("mock-status-503-retry-after-0.5", Behaviour("status", status=503, retry_after="0.5")),
        ("mock-flaky-2", Behaviour("flaky", times=2)),
        ("mock-cut-3", Behaviour("cut", events=3)),
        ("mock-cut-event-0", Behaviour("cut-event", events=0)),
        ("mock-cut-head", Behaviour("cut-head")),
        ("mock-truncated", Behaviour("truncated")),
        ("mock-end-early-3", Behaviour("end-early", events=3)),
        ("mock-stall-12", Behaviour("stall", events=12)),
        ("mock-malformed-3", Behaviour("malformed", events=3)),
        ("mock-error-event", Behaviour("error-event")),
        ("mock-error-event-3", Behaviour("error-event", events=3)),
        ("mock-html", Behaviour("html")),
        ("mock-empty", Behaviour("empty")),
    ],
)
def test_a_name_is_read(name: str, behaviour: Behaviour) -> None:
    assert parse_model(name) == behaviour


UNKNOWN = ["", "gpt-4o", "mock-", "mock-cut", "mock-cut-x", "mock-status-200", "mock-status-600"]
UNKNOWN += ["mock-tokens-100001", "MOCK-html", "mock-cut-3 ", "mock-cut-\u0663"]


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_name_answers_normally(name: str) -> None:
    assert parse_model(name) == Behaviour()


@pytest.mark.parametrize("model", MODELS, ids=[model.form for model in MODELS])
def test_every_example_is_of_its_own_row(model: Model) -> None:
    assert parse_model(model.example).kind == model.kind


def test_every_fault_has_a_row_and_every_row_an_effect() -> None:
    kinds = {model.kind for model in MODELS}
    handled = {"text", "tools", "tools-interleaved", "reasoning", "tokens", "slow", "flaky"}
    assert kinds == handled | set(INSTEAD) | set(STREAM_FAULTS)
    assert set(STREAM_FAULTS) == set(REPLY_FAULTS)


def test_every_field_of_a_form_can_be_kept() -> None:
    assert set(FIELDS) < set(Behaviour.__dataclass_fields__)


def test_the_manual_shows_this_table() -> None:
    expected = [f"| `{model.form}` | `{model.example}` | {model.streamed} | {model.whole} |" for model in MODELS]
    section = DOCS.read_text("utf-8").partition("\n## Models\n")[2].partition("\n## ")[0]
    shown = [line for line in section.splitlines() if line.startswith("|")]
    assert shown[2:] == expected


def test_the_manual_shows_every_provider_that_is_a_mock() -> None:
    beginning = DOCS.read_text("utf-8").partition("\n## ")[0]
    shown = {line.split("`")[1] for line in beginning.splitlines() if line.startswith("| `")}
    kinds = {kind for kind, known in all_providers().items() if known.mock}
    assert shown == {kind.replace("_", "-") for kind in kinds} - {"mock"}
