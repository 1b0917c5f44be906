"""What a real Prometheus has read from a busy sidecar: what the documents say, no more, no less; rules and panels work on it."""

from __future__ import annotations

import json
import math
import re
import subprocess
from typing import Any
from urllib.request import urlopen

import pytest

from tests.prometheus import documents
from tests.prometheus.conftest import Seen
from tests.prometheus.server import DASHBOARD, PROMTOOL, needs_prometheus
from tests.prometheus.traffic import KEY, POD

pytestmark = needs_prometheus

#: What has no sample in this traffic, and why.
SILENT = {
    "outrider_spans_total": "tracing is off",
    **dict.fromkeys(
        (
            *("outrider_caller_requests_total", "outrider_callers_refused_total", "outrider_callers"),
            *("outrider_callers_faults", "outrider_listen_certificate_not_after_seconds"),
            "outrider_listen_certificate_faults",
        ),
        "nobody is asked who they are",
    ),
}
#: Bounds that are not everywhere: of a container without a limit, and of what is off here.
UNBOUND = {"memory", "spans", "log_content", "log_answers", "newcomers"}
SHARED = {"outrider_sharing": "no Redis", "outrider_cache_shared_total": "no Redis"}
#: What Prometheus adds to a sample, and what a sample of a histogram has of its own.
OF_TARGET = {"__name__", "job", "instance", "namespace", "le"}
BOARD: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in BOARD["panels"]
    for target in panel.get("targets", ())
]
#: A variable of the dashboard -> what stands for it here.
VARIABLES = {"$__rate_interval": "1m", "$namespace": ".*", "$job": ".*", "$provider": ".*", "$model": ".*"}


def filled(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def test_every_metric_is_documented_and_every_documented_one_is_there(seen: Seen) -> None:
    read = seen.prometheus.metadata()
    told = {metric.name: metric.type for metric in documents.metrics()}
    assert len(told) == len(documents.metrics()), "a metric stands twice"
    assert set(told) == set(read)
    assert told == {name: kind for name, (kind, _) in read.items()}
    assert all(words.endswith(".") for _, words in read.values())


def test_every_metric_has_a_sample_under_traffic(seen: Seen) -> None:
    found = {sample["metric"]["__name__"] for sample in seen.prometheus.query('count by (__name__) ({job="outrider"})')}
    silent = SILENT if seen.shared else SILENT | SHARED
    missing = {name for name in seen.prometheus.metadata() if name not in found and f"{name}_count" not in found}
    assert missing <= set(silent)


@pytest.mark.parametrize("metric", [each for each in documents.metrics() if each.labels], ids=lambda each: each.name)
def test_the_labels_are_those_that_are_documented(metric: documents.Documented, seen: Seen) -> None:
    name = f"{metric.name}_count" if metric.type == "histogram" else metric.name
    labels = {label for sample in seen.prometheus.query(name) for label in sample["metric"]} - OF_TARGET
    assert labels <= metric.labels | {"provider", "model", "exported_namespace"}
    assert metric.labels - OF_TARGET <= labels or metric.name in SILENT | SHARED


def test_every_bound_is_documented(seen: Seen) -> None:
    told = {re.split("[: ]", name)[0] for name in documents.bounds()}
    found = {sample["metric"]["bound"] for sample in seen.prometheus.query("outrider_bound_fill")}
    assert told - {re.split("[: ]", bound)[0] for bound in found} <= UNBOUND
    assert {re.split("[: ]", bound)[0] for bound in found} <= told
    assert seen.prometheus.query("outrider_bound_fill > outrider_bound_limit") == []


def test_the_pod_is_named(seen: Seen) -> None:
    [sample] = seen.prometheus.query("outrider_pod_info")
    assert (sample["metric"]["workload"], sample["metric"]["pod"]) == (POD["POD_WORKLOAD"], POD["POD_NAME"])


def test_what_was_asked_is_what_was_counted(seen: Seen) -> None:
    rounds = seen.traffic.rounds
    assert seen.prometheus.values('sum(llm_requests_success{model="up:good"})') == [2 * rounds]
    assert seen.prometheus.values('sum(llm_requests_failure{kind="model_not_found"})') == [rounds]
    assert seen.prometheus.values("sum(outrider_client_gone_total)") == [rounds]
    assert seen.prometheus.values("sum(llm_requests_total) - sum(llm_request_duration_seconds_count)") == [0]
    assert seen.prometheus.values("count(llm_requests_failure)")[0] >= 6


def test_nothing_secret_is_on_the_page(seen: Seen) -> None:
    with urlopen(f"{seen.ops}/metrics", timeout=10) as page:
        assert KEY.encode() not in page.read()


def test_promtool_finds_no_fault_in_the_page(seen: Seen) -> None:
    """It exits with 1 where the page cannot be read, with 3 where it would name something otherwise: some names are older."""
    assert PROMTOOL is not None
    with urlopen(f"{seen.ops}/metrics", timeout=10) as page:
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=page.read(), capture_output=True, timeout=20)
    assert done.returncode in (0, 3), done.stderr


@pytest.mark.parametrize("expression", QUERIES)
def test_a_panel_shows_something(expression: str, seen: Seen) -> None:
    values = seen.prometheus.values(filled(expression))
    assert [value for value in values if math.isfinite(value)], "nothing to draw"


@pytest.mark.parametrize("variable", [each for each in BOARD["templating"]["list"] if each["type"] == "query"])
def test_a_variable_has_something_to_choose(variable: dict[str, Any], seen: Seen) -> None:
    metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
    assert [sample for sample in seen.prometheus.query(filled(metric)) if sample["metric"].get(label)]


def test_rules_are_healthy_and_record(seen: Seen) -> None:
    rules = [rule for group in seen.prometheus.ask("/api/v1/rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule["health"] for rule in rules} == {rule["name"]: "ok" for rule in rules}
    for rule in rules:
        if rule["type"] == "recording":
            seen.prometheus.wait(rule["name"])


def test_alerts_see_what_this_traffic_does(seen: Seen) -> None:
    for alert in ("OutriderBreakerOpen", "OutriderErrorBudgetBurnsFast", "OutriderAuthenticationFailed"):
        seen.prometheus.wait(f'ALERTS{{alertname="{alert}"}}')
