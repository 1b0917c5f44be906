"""The page of metrics, as a parser of another hand reads it."""

from __future__ import annotations

import re
from pathlib import Path

from proxy.injector.metrics import FAMILIES, PREFIX, Metrics

LINE = re.compile(r'([a-z_]+)(\{[a-z]+="[^"\\\n]*"\})? ([0-9.e+-]+)')


def samples(metrics: Metrics) -> dict[str, float]:
    found = {}
    for line in metrics.render().decode().splitlines():
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            found[match[1].removeprefix(PREFIX) + (match[2] or "")] = float(match[3])
    return found


def test_everything_is_there_from_the_start_as_zero() -> None:
    found = samples(Metrics())
    assert set(found.values()) == {0}
    for name, family in FAMILIES.items():
        assert all(any(key.startswith(name) and value in key for key in found) for value in family.values)


def test_what_is_counted_is_shown() -> None:
    metrics = Metrics()
    metrics.count("admissions_total", "injected")
    metrics.count("admissions_total", "injected")
    metrics.put("cert_expiry_timestamp_seconds", 1803079297.25, "leaf")
    metrics.put("ready", True)
    found = samples(metrics)
    assert found['admissions_total{result="injected"}'] == metrics.read("admissions_total", "injected") == 2
    assert found['cert_expiry_timestamp_seconds{kind="leaf"}'] == 1803079297.25
    assert found["ready"] == 1


def test_a_histogram_adds_up() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.002, 0.3, 60.0):
        metrics.observe(seconds)
    found = samples(metrics)
    name = "admission_duration_seconds"
    bounds = ("0.001", "0.0025", "0.25", "0.5", "5", "+Inf")
    assert [found[f'{name}_bucket{{le="{bound}"}}'] for bound in bounds] == [2, 3, 3, 4, 4, 5]
    assert found[f"{name}_count"] == 5
    assert abs(found[f"{name}_sum"] - 60.3035) < 1e-6


def test_each_family_says_what_it_is_once() -> None:
    lines = Metrics().render().decode().splitlines()
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types)) == len(FAMILIES) + 1
    assert len([line for line in lines if line.startswith("# HELP")]) == len(types)


def test_the_document_lists_every_family_with_its_labels() -> None:
    document = (Path(__file__).parents[2] / "docs/injector.md").read_text("utf-8")
    for name, family in FAMILIES.items():
        (row,) = [line for line in document.splitlines() if line.startswith(f"| `{PREFIX}{name}` | {family.kind} |")]
        assert all(f"`{value}`" in row for value in family.values if value)
        assert not family.label or f"`{family.label}`" in row
    assert f"| `{PREFIX}admission_duration_seconds` | histogram |" in document
