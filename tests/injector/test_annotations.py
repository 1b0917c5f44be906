"""Every annotation, good and bad: what is read, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.injector.annotations import ANNOTATIONS, MOST_TOLD, Settings, read

DIGEST = f"@sha256:{'0' * 64}"
LONG = "a" * 64
NAMES = ("a", ("a",)), ("a,b-1", ("a", "b-1")), (" a , b ", ("a", "b")), ("a,a", ("a",))
NO_NAMES = "", ",", "a,", "A", "a b", "-a", LONG
OBJECTS = ("a", "a"), ("team.cfg-1", "team.cfg-1"), ("0", "0")
NO_OBJECTS = "", "A", "a_b", "-a", "a-", "a..b", "a/b", "a" * 254, "a\nb"
PORTS = ("1024", 1024), ("65535", 65535), (" 8080 ", 8080)
NO_PORTS = "", "0", "1023", "65536", "-1", "1e4", "80.0", "x", "9999999999", "\uff18080"
QUANTITIES = ("25m", "25m"), ("1Gi", "1Gi")
NO_QUANTITIES = "", "0", "-1", "1GB", "many"
TRUTHS = ("true", True), ("false", False)
NO_TRUTHS = "", "True", "yes", "1"
REFERENCE = [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]

GOOD: dict[str, tuple[tuple[str, Any], ...]] = {
    "config": OBJECTS,
    "keys-secret": OBJECTS,
    "providers": NAMES,
    "port": PORTS,
    "ops-port": PORTS,
    "env": tuple((word, word) for word in ("ifAbsent", "override", "off")),
    "env-containers": NAMES,
    "env-skip-containers": NAMES,
    "native": tuple((word, word) for word in ("auto", "always", "never")),
    "image": tuple(
        (image, image) for image in ("a", "a:1", f"h.example:5000/t/a:v1.2{DIGEST}", f"a{DIGEST}", "localhost/a_b/c-d")
    ),
    "cpu-request": QUANTITIES,
    "cpu-limit": QUANTITIES,
    "memory-request": QUANTITIES,
    "memory-limit": QUANTITIES,
    "log-level": tuple((word, word) for word in ("debug", "info", "warning", "error")),
    "extra-env": (
        ("[]", ()),
        ('[{"name":"A","value":""}]', ({"name": "A", "value": ""},)),
        (json.dumps(REFERENCE), tuple(REFERENCE)),
    ),
    "termination-grace-period-seconds": (("1", 1), ("604800", 604800)),
    "metrics": TRUTHS,
    "allow-classic-job": TRUTHS,
    "allow-host-network": TRUTHS,
}
BAD: dict[str, tuple[str, ...]] = {
    "config": NO_OBJECTS,
    "keys-secret": NO_OBJECTS,
    "providers": NO_NAMES,
    "port": NO_PORTS,
    "ops-port": NO_PORTS,
    "env": ("", "ifabsent", "on"),
    "env-containers": NO_NAMES,
    "env-skip-containers": NO_NAMES,
    "native": ("", "true", "classic"),
    "image": ("", "a b", "a:", ":1", "a@sha256:0", "a//b", "-a", "a" * 501, "http://a/b"),
    "cpu-request": NO_QUANTITIES,
    "cpu-limit": NO_QUANTITIES,
    "memory-request": NO_QUANTITIES,
    "memory-limit": NO_QUANTITIES,
    "log-level": ("", "warn", "DEBUG"),
    "extra-env": (
        *(
            "",
            "A=1",
            "{}",
            "[1]",
            "[{}]",
            '[{"name":"1A"}]',
            '[{"name":"A","value":1}]',
            '[{"name":"A","value":"","valueFrom":{}}]',
        ),
        *('[{"name":"A","more":1}]', '[{"name":"A"},{"name":"A"}]', "[" * 9999, '[{"name":"A","valueFrom":"x"}]'),
    ),
    "termination-grace-period-seconds": ("", "0", "604801", "30s", "-1"),
    "metrics": NO_TRUTHS,
    "allow-classic-job": NO_TRUTHS,
    "allow-host-network": NO_TRUTHS,
}


def test_every_annotation_is_tried() -> None:
    assert GOOD.keys() == BAD.keys() == ANNOTATIONS.keys()
    assert [name.replace("-", "_") for name in ANNOTATIONS] == list(Settings._fields)


@pytest.mark.parametrize(("name", "text", "value"), [(name, *pair) for name, pairs in GOOD.items() for pair in pairs])
def test_good(name: str, text: str, value: Any) -> None:
    found = read("outrider.dev", {f"outrider.dev/{name}": text, "other/port": "x"}, {})
    assert (found.faults, found.warnings) == ([], [])
    assert found.settings == Settings()._replace(**{name.replace("-", "_"): value})


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_bad(name: str, text: str) -> None:
    found = read("outrider.dev", {f"outrider.dev/{name}": text}, {})
    [fault] = found.faults
    assert fault.startswith(f"annotation outrider.dev/{name} is ")
    assert fault.endswith(f"; allowed: {ANNOTATIONS[name].allowed}")
    assert len(fault) < 300
    assert found.settings == Settings()
    if name != "extra-env":
        assert repr(text[:60]) in fault


def test_what_may_hold_a_key_is_not_shown() -> None:
    [fault] = read("d", {"d/extra-env": '[{"name":"K","value":"sk-secret"},]'}, {}).faults
    assert "sk-secret" not in fault


def test_the_namespace_gives_defaults() -> None:
    found = read(
        "d", {"d/port": "2000"}, {"d/port": "x", "d/log-level": "debug", "d/injection": "enabled", "e/port": "1"}
    )
    assert found.settings == Settings(port=2000, log_level="debug")
    assert (found.faults, found.warnings) == ([], [])


def test_what_nobody_knows_is_a_fault_on_a_pod_and_a_warning_on_a_namespace() -> None:
    found = read("d", {"d/prot": "1", "d/status": "x", "d/": "y"}, {"d/colour": "z", "d/status": "x"})
    assert [fault.partition(";")[0] for fault in found.faults] == [
        "annotation d/prot is not known (did you mean port?)",
        "annotation d/ is not known",
    ]
    assert found.warnings == ["namespace: d/colour is not known"]


def test_null_is_an_empty_text() -> None:
    [fault] = read("d", {"d/port": None}, {}).faults
    assert "is ''" in fault


@given(st.sampled_from(sorted(ANNOTATIONS)), st.text())
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    found = read("d", {f"d/{name}": text}, {})
    assert (found.settings == Settings()) == bool(found.faults)


def test_the_document_has_every_annotation() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "injection.md").read_text("utf-8")
    section = text.partition("\n## Annotations\n")[2].partition("\n## ")[0]
    said = [line.split("|")[1:4] for line in section.splitlines() if line.startswith("| `")]
    assert [[cell.strip() for cell in row] for row in said] == [
        [f"`{name}`", each.allowed, each.about] for name, each in ANNOTATIONS.items()
    ]


def test_of_very_many_slips_a_few_are_told() -> None:
    """Each costs time to look at, and the API server sends as many as somebody writes."""
    slips = {f"d.io/provider{number}": "" for number in range(5000)}
    found = read("d.io", slips, {f"d.io/x{number}": "" for number in range(5000)})
    assert len(found.faults) == MOST_TOLD + 1
    assert found.faults[-1] == f"{5000 - MOST_TOLD} more annotations of d.io are not known"
    assert len(found.warnings) == MOST_TOLD
