"""The dashboard as a file: panels that stand beside each other; and no metric that is not there, in it and in the documents."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from proxy.call import KINDS
from proxy.injector.metrics import FAMILIES, PREFIX
from tests.prometheus import documents
from tests.prometheus.server import DASHBOARD, ROOT

BOARD: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
NAME = re.compile(r"\b(?:(?:llm|outrider)_[a-z0-9_]+|provider_(?:request|error)_[a-z_]+|process_[a-z_]+)\b")
#: Of a histogram; and what a document calls a name without one of these.
ENDINGS = ("_bucket", "_count", "_sum")
METRICS = {metric.name for metric in documents.metrics()}
#: Of the injector, which has a table of its own.
INJECTOR = {PREFIX + name for name in (*FAMILIES, "admission_duration_seconds")}


def unknown(text: str) -> set[str]:
    bare = {re.sub(f"(?:{'|'.join(ENDINGS)})$", "", name) for name in NAME.findall(text)}
    return bare - METRICS - INJECTOR - set(KINDS)


def test_panels_have_their_own_places() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)


@pytest.mark.parametrize("panel", [each for each in PANELS if each["type"] != "row"], ids=lambda each: each["title"])
def test_a_panel_asks_for_metrics_that_exist(panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        assert NAME.search(target["expr"])
        assert unknown(target["expr"]) == set()
        assert 'namespace=~"$namespace"' in target["expr"]


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_the_documents_name_metrics_that_exist(document: Path) -> None:
    named = {name for quoted in re.findall(r"`([^`]+)`", document.read_text("utf-8")) for name in unknown(quoted)}
    assert {name for name in named if not name.endswith("_")} == set()
