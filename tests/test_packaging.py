"""What is installed is what is declared: pins cover it, imports need it, and the container gets it."""

from __future__ import annotations

import re
import sys
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import proxy
from tests.architecture import Module, roots

ROOT = Path(__file__).parent.parent
CONFIG = ConfigParser()
CONFIG.read(ROOT / "setup.cfg", "utf-8")

RUNTIME = CONFIG["options"]["install_requires"].split()
DEVELOPMENT = CONFIG["options.extras_require"]["dev"].split()


def normal(name: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines) if version}


def with_dependencies(names: list[str]) -> set[str]:
    """The distributions themselves and, without extras, all that they require here."""
    found: set[str] = set()
    waiting = [normal(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found and is_installed(name):
            found.add(name)
            required = metadata.requires(name) or []
            waiting += [normal(re.split(r"[^\w.-]", line)[0]) for line in required if "extra ==" not in line]
    return found


def is_installed(name: str) -> bool:
    return any(metadata.distributions(name=name))


def test_everything_declared_is_pinned_at_the_tested_version() -> None:
    pins = read_pins()
    needed = with_dependencies(RUNTIME + DEVELOPMENT)
    assert {normal(name) for name in RUNTIME + DEVELOPMENT} <= needed
    assert {name: metadata.version(name) for name in needed} == {name: pins.get(name) for name in needed}


def test_the_runtime_needs_exactly_what_is_imported() -> None:
    files = sorted((ROOT / "proxy").rglob("*.py"))
    imported = set().union(*(roots(Module(file.name, file.read_text("utf-8"))) for file in files))
    third_party = imported - sys.stdlib_module_names - {"proxy"}
    homes = metadata.packages_distributions()
    assert {normal(home) for name in third_party for home in homes[name]} == {normal(name) for name in RUNTIME}


def test_the_version_has_one_home() -> None:
    assert CONFIG["metadata"]["version"] == "attr: proxy.__version__"
    assert f"## {proxy.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_build_of_the_container_gets_every_file_it_copies() -> None:
    allowed = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text("utf-8"), flags=re.MULTILINE)
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(name for line in copies for name in line.split()) == sorted(allowed)
