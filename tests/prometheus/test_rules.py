"""The rules that the chart ships: tried by promtool, each of them; about metrics that exist, and told in the documents."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from proxy.call import KINDS
from tests.prometheus import documents
from tests.prometheus.server import FILES, PROMTOOL, RULES, needs_promtool

GROUPS = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
TRIED = yaml.safe_load((FILES / "rules_test.yaml").read_text("utf-8"))["tests"]
EVERY = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in EVERY if "alert" in rule}
RECORDS = {rule["record"]: rule for rule in EVERY if "record" in rule}
#: Failures that are nobody's whom an operator could wake: the application's own, and what was refused as configured.
NOT_OURS = {kind for kind, rule in KINDS.items() if rule.party in ("caller", "policy")}


def expectations(name: str) -> Iterator[dict[str, Any]]:
    for test in TRIED:
        yield from (case for case in test.get("alert_rule_test", ()) if case["alertname"] == name)


@needs_promtool
@pytest.mark.parametrize("arguments", [("check", "rules", "rules.yaml"), ("test", "rules", "rules_test.yaml")])
def test_promtool_is_content(arguments: tuple[str, ...]) -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *arguments], cwd=FILES, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_is_tried_firing(name: str) -> None:
    assert [case for case in expectations(name) if case.get("exp_alerts")]


def test_each_record_is_tried() -> None:
    tried = "\n".join(case["expr"] for test in TRIED for case in test.get("promql_expr_test", ()))
    assert [name for name in RECORDS if name not in tried] == []


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_are_about_metrics_that_exist(rule: dict[str, Any]) -> None:
    known = {metric.name for metric in documents.metrics()} | set(RECORDS)
    known |= {f"{metric.name}_bucket" for metric in documents.metrics() if metric.type == "histogram"}
    named = set(re.findall(r"\b(?:llm|provider|outrider|process)[_:][a-z0-9_:]+", rule["expr"])) - set(KINDS)
    assert named
    assert named <= known


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_wrong_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["labels"].get("party") in {None, *(each.party for each in KINDS.values())}
    assert set(rule["annotations"]) == {"summary", "description", "action"}


def test_the_documents_list_the_alerts() -> None:
    assert sorted(documents.alerts()) == sorted(ALERTS)
    told = {cells[0].strip("`"): cells[2] for cells in documents.rows() if cells[0].strip("`") in ALERTS}
    assert told == {name: rule["labels"]["severity"] for name, rule in ALERTS.items()}


def test_what_is_left_out_of_the_error_ratio_is_nobodys_fault_here() -> None:
    for rule in (each for name, each in RECORDS.items() if "error_ratio" in name):
        [left_out] = re.findall(r'kind!~"([^"]*)"', rule["expr"])
        assert set(left_out.split("|")) == NOT_OURS
