"""Write requirements.lock and requirements-build.lock, what the image is built from. Run by `make lock`.

Versions come from constraints.txt and what needs what from the packages installed here; hashes come from the registry, through
pip, for every Python and machine below. It installs nothing and knows nothing of how the image is made. Hashes stand in the order
of the file names above them: pip allows no comment between.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
#: Debian 12 has glibc 2.36: a wheel may ask for as much. https://peps.python.org/pep-0600/
GLIBCS = range(17, 37)
#: Published without a wheel: the image builds it from its source, with what the second lock has.
SOURCES = ("quantile-python",)
BUILDS = {"setuptools": "84.2.1"}
#: What deployments use; tiktoken's tables are files that somebody has to mount, so who wants it builds an image of their own.
EXTRAS = ("google", "injector", "redis", "tiktoken")

HEAD = """\
# {what} Written by `make lock`; to move a version change {where} and run it.
# Hashes are in the order of the files named above them: {pythons} on {machines}.
"""


class File(NamedTuple):
    name: str
    sha256: str


def pins(text: str) -> dict[str, str]:
    """Versions by normal name, of a file of constraints."""
    lines = (line.partition("==") for line in text.splitlines())
    return {str(canonicalize_name(name)): version for name, _, version in lines if version}


def needed(roots: Iterable[str]) -> set[str]:
    """Normal names of `roots` and of all that they need on any of the Pythons and machines. Raises PackageNotFoundError."""
    found: set[str] = set()
    waiting = [(str(canonicalize_name(name)), "") for name in roots]
    while waiting:
        name, extra = waiting.pop()
        new = name not in found
        found.add(name)
        required = map(Requirement, metadata.requires(name) or []) if new or extra else ()
        for requirement in required:
            if any(applies(requirement, there) for there in environments(extra)):
                waiting += [(str(canonicalize_name(requirement.name)), asked) for asked in requirement.extras or {""}]
    return found


def applies(requirement: Requirement, environment: Mapping[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(dict(environment))


def environments(extra: str) -> Iterator[dict[str, str]]:
    for python in PYTHONS:
        for machine in MACHINES:
            yield {
                "python_version": python,
                "python_full_version": f"{python}.9",
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
                "platform_machine": machine,
                "sys_platform": "linux",
                "extra": extra,
            }


def by_extra(config: ConfigParser) -> dict[str, list[str]]:
    """Each package -> the extras that bring it; none for what every sidecar has."""
    always = needed(config["options"]["install_requires"].split())
    extras = {extra: needed(config["options.extras_require"][extra].split()) - always for extra in EXTRAS}
    names = sorted(always.union(*extras.values()))
    return {name: [extra for extra in EXTRAS if name in extras[extra]] for name in names}


def wheels(wanted: Iterable[str]) -> Iterator[tuple[str, File]]:
    """Each wheel that a supported Python on a supported machine would take, with the normal name of its package."""
    wanted = list(wanted)
    for python in PYTHONS:
        for machine in MACHINES:
            platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in reversed(GLIBCS)]
            there = [f"--platform=manylinux2014_{machine}", "--implementation=cp", f"--python-version={python}"]
            yield from resolved(["--only-binary=:all:", *platforms, *there, *wanted])


def resolved(arguments: list[str]) -> Iterator[tuple[str, File]]:
    """What pip would install, and from which file. Raises CalledProcessError; pip has said why."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
    environment = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    with tempfile.TemporaryDirectory() as nowhere:
        command = [*pip, "--target", nowhere, "--report", "-", *arguments]
        report: dict[str, Any] = json.loads(subprocess.check_output(command, env=environment))
    for item in report["install"]:
        came = item["download_info"]
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        yield name, File(came["url"].rpartition("/")[2], came["archive_info"]["hashes"]["sha256"])


def block(name: str, version: str, extras: list[str], files: set[File]) -> str:
    comments = ([f"# extras: {' '.join(extras)}"] if extras else []) + [f"# {file.name}" for file in sorted(files)]
    hashes = [f"    --hash=sha256:{file.sha256}" for file in sorted(files)]
    return "\n".join(comments) + f"\n{name}=={version} \\\n" + " \\\n".join(hashes) + "\n"


def lock(versions: Mapping[str, str], extras: Mapping[str, list[str]], head: str) -> str:
    wanted = {name: f"{name}=={versions[name]}" for name in extras}
    found: dict[str, set[File]] = {name: set() for name in wanted}
    for name, file in wheels(text for name, text in wanted.items() if name not in SOURCES):
        found[name].add(file)
    for name in found.keys() & set(SOURCES):
        found[name].update(file for _, file in resolved([f"--no-binary={name}", wanted[name]]))
    return head + "".join("\n" + block(name, versions[name], extras[name], found[name]) for name in sorted(wanted))


def main() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    said = {"pythons": ", ".join(PYTHONS), "machines": " and ".join(MACHINES)}
    head = HEAD.format(what="What the image installs.", where="constraints.txt", **said)
    versions = pins((ROOT / "constraints.txt").read_text("utf-8"))
    (ROOT / "requirements.lock").write_text(lock(versions, by_extra(config), head), "utf-8")
    head = HEAD.format(what="What builds what has no wheel.", where="scripts/image_lock.py", **said)
    (ROOT / "requirements-build.lock").write_text(lock(BUILDS, {name: [] for name in BUILDS}, head), "utf-8")


if __name__ == "__main__":
    main()
