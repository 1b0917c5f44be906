"""The packages in the image are those of the lock, they have what they need, and the bill names them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.metadata import Distribution, distributions
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import proxy
from tests.image.conftest import ROOT
from tests.image.container import Spec, run

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
EXTRAS = re.findall(r"^ARG EXTRAS=(\S+)$", DOCKERFILE, flags=re.MULTILINE)[0]


@pytest.fixture(scope="session")
def inside(root: Path) -> dict[str, Distribution]:
    return {str(canonicalize_name(found.metadata["Name"])): found for found in distributions(path=[str(root / "app")])}


@pytest.fixture(scope="session")
def environment(spec: Callable[..., Spec]) -> dict[str, str]:
    """What markers are about, as the image's Python says."""
    asked = spec()
    source = "import json, os, platform as p, sys; print(json.dumps([p.python_version(), p.machine(), sys.platform, os.name]))"
    asked.command = [asked.command[0], "-P", "-c", source]
    code, said = run(asked)
    assert code == 0, said
    version, machine, system, name = json.loads(said)
    return {
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "platform_machine": machine,
        "sys_platform": system,
        "os_name": name,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def test_they_are_those_of_the_lock(inside: dict[str, Distribution], script: Callable[[str], ModuleType]) -> None:
    lock = script("image_packages").chosen((ROOT / "requirements.lock").read_text("utf-8"), EXTRAS)
    wanted = dict(re.findall(r"^([\w-]+)==(\S+) ", lock, flags=re.MULTILINE))
    assert {name: found.version for name, found in inside.items()} == wanted | {"outrider": proxy.__version__}


def test_each_has_what_it_needs(inside: dict[str, Distribution], environment: dict[str, str]) -> None:
    extras = {"outrider": EXTRAS.split(",")}
    for name, found in inside.items():
        for requirement in map(Requirement, found.requires or []):
            asked = [environment | {"extra": extra} for extra in ["", *extras.get(name, [])]]
            if requirement.marker is None or any(map(requirement.marker.evaluate, asked)):
                other = inside.get(str(canonicalize_name(requirement.name)))
                assert other is not None, f"{name} needs {requirement}"
                assert requirement.specifier.contains(other.version, prereleases=True), f"{name} needs {requirement}"


def test_the_bill_names_them_with_their_licences(root: Path, inside: dict[str, Distribution]) -> None:
    bill = json.loads((root / "usr/share/outrider/bill.cdx.json").read_text("utf-8"))
    named = {item["name"]: item for item in bill["components"] if item["purl"].startswith("pkg:pypi/")}
    assert {str(canonicalize_name(name)): item["version"] for name, item in named.items()} == {
        name: found.version for name, found in inside.items()
    }
    assert {name for name, item in named.items() if not item.get("licenses")} <= {"aiocache", "quantile-python"}
    debian = {item["name"] for item in bill["components"] if item["purl"].startswith("pkg:deb/")}
    assert any(name.startswith("libc6") for name in debian)
