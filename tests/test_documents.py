"""What the documents claim and a machine can check: links lead somewhere, tables agree with the code, examples run."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from proxy.call import KINDS, Outcome, compose

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text("utf-8")


def read_table(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, cells stripped of blanks and backticks."""
    section = text.partition(f"## {heading}\n")[2]
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows[2:]]


def python_blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def run(source: str) -> ModuleType:
    module = ModuleType("example")
    exec(compile(source, "README.md", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8"))
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    dead = [link for link in local if not (document.parent / link).exists()]
    assert not dead, f"{document.name} links to {', '.join(dead)}"


def test_the_failure_table_is_the_closed_list() -> None:
    said = read_table((ROOT / "docs" / "operations.md").read_text("utf-8"), "Failure kinds")
    yes = {True: "yes", False: "no"}
    meant = [
        [kind, str(rule.status), rule.party, yes[rule.retryable], yes[rule.trips_breaker]]
        for kind, rule in KINDS.items()
    ]
    assert said == meant


def test_the_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = {target for document in DOCUMENTS for target in re.findall(r"`make ([a-z]+)", document.read_text("utf-8"))}
    assert named
    assert named - targets == set()


def test_the_provider_in_the_readme_is_the_file() -> None:
    [block] = [block for block in python_blocks(README) if "PROVIDER =" in block]
    assert block == (ROOT / "proxy" / "providers" / "groq.py").read_text("utf-8")


async def test_the_policy_in_the_readme_works() -> None:
    [block] = [block for block in python_blocks(README) if "class Concurrency" in block]
    seen: list[Any] = []

    async def answer(call: Any) -> Outcome:
        seen.append(call)
        return Outcome(200)

    handler = compose([run(block).Concurrency(1)], answer)
    call: Any = object()
    assert await handler(call) == Outcome(200)
    assert seen == [call]
