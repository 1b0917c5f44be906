"""Golden cases of the injector: one file each, the pod, what is around it, and what is expected of it.

A file has `about`, `pod`, perhaps `namespaceAnnotations` and `options` (`server`: version of the API server; `namespace`;
`template`: laid over the packaged one), and `expect`:

    refused: words of the message, or a list of such    at: path -> value; null for what must not be there
    skipped: words of the reason                        labels, annotations, status: members that must be there
    warnings: words of each warning, in order

A path is dotted; in a list it goes on by the name of an item or, with `*`, with all items.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from proxy.injector.overlay import laid
from proxy.injector.patch import Around
from proxy.injector.template import packaged

FOLDER = Path(__file__).parent / "cases"


class Case(NamedTuple):
    name: str
    pod: Any
    template: dict[str, Any]
    around: Around
    expect: dict[str, Any]


@cache
def read_cases() -> list[Case]:
    return [read(path) for path in sorted(FOLDER.glob("*.yaml"))]


def read(path: Path) -> Case:
    found = yaml.safe_load(path.read_text("utf-8"))
    assert found.keys() <= {"about", "pod", "namespaceAnnotations", "options", "expect"}, path.name
    options = found.get("options") or {}
    assert options.keys() <= {"server", "namespace", "template"}, path.name
    server = tuple(options["server"]) if "server" in options else None
    around = Around(options.get("namespace", "default"), found.get("namespaceAnnotations") or {}, server)
    return Case(path.stem, found["pod"], with_template(options.get("template") or {}), around, found["expect"])


def with_template(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The packaged template with members of sections replaced; an overlay is taken as it is."""
    template = packaged()
    sections = {name: value for name, value in changes.items() if name != "overlay"}
    return {**laid(template, sections), "overlay": changes.get("overlay", template["overlay"])}


def at(value: Any, path: str) -> Any:
    """What stands there, None for nothing."""
    for number, step in enumerate(path.split("."), start=1):
        if step == "*":
            rest = ".".join(path.split(".")[number:])
            return [at(item, rest) for item in value or []]
        if isinstance(value, list):
            value = next((item for item in value if item.get("name") == step), None)
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def status_of(pod: Mapping[str, Any], domain: str = "outrider.dev") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(pod["metadata"]["annotations"][f"{domain}/status"])
    return found
