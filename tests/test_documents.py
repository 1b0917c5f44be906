"""What the documents claim and a machine can check: links lead somewhere, tables agree with the code, examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from proxy.call import KINDS, Outcome
from proxy.command_examples import EPILOG
from proxy.config import endpoints, load
from proxy.stack import compose
from tests.sdk.sidecar import PATIENCE, Running, serving

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "helm" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
README = (ROOT / "README.md").read_text("utf-8")


def read_table(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, cells stripped of blanks and backticks."""
    section = text.partition(f"## {heading}\n")[2]
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows[2:]]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


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


def test_the_exit_codes_are_those_of_the_help() -> None:
    said = [code for code, _ in read_table((ROOT / "docs" / "operations.md").read_text("utf-8"), "Exit codes")]
    assert said == re.findall(r"^  (\d+) ", EPILOG.partition("exit codes:")[2], flags=re.MULTILINE)


def test_the_targets_that_are_named_exist() -> None:
    rules = [ROOT / "Makefile", *(ROOT / "tests").glob("**/*.mk")]
    targets = {
        name for path in rules for name in re.findall(r"^([a-z-]+):", path.read_text("utf-8"), flags=re.MULTILINE)
    }
    named = {target for document in DOCUMENTS for target in re.findall(r"`make ([a-z-]+)", document.read_text("utf-8"))}
    assert named
    assert named - targets == set()


SETTINGS = [
    (name, text) for name in ("README.md", "docs/mock.md") for text in blocks((ROOT / name).read_text("utf-8"), "yaml")
]


@pytest.mark.parametrize("text", [text for _, text in SETTINGS], ids=[name for name, _ in SETTINGS])
def test_an_example_of_a_configuration_is_one(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    on, off = endpoints(load(str(tmp_path), {"EXAMPLE_API_KEY": "sk-example"}))
    assert len(on) > 4  # beside the mocks that are always there
    assert off == {}


async def test_the_policy_in_the_readme_works() -> None:
    [block] = [block for block in blocks(README, "python") if "class Concurrency" in block]
    seen: list[Any] = []

    async def answer(call: Any) -> Outcome:
        seen.append(call)
        return Outcome(200)

    handler = compose([run(block).Concurrency(1)], answer)
    call: Any = object()
    assert await handler(call) == Outcome(200)
    assert seen == [call]


# ---- examples, against a sidecar

CONFIG = """
listen: {hosts: [127.0.0.1], port: 0}
ops: {hosts: [127.0.0.1], port: 0}
providers: {mock: {mock: {first_token_ms: 0, inter_token_ms: 0}}}
"""

#: Each example that asks a sidecar: document, words that find it, exit code, words of its output.
ASKING: list[tuple[str, str, int, list[str]]] = [
    ("README.md", '"model": "mock", "stream": true', 0, ['"content":"You"', '"content":" Hello"', "data: [DONE]"]),
    (
        "README.md",
        '"model": "example-large"',
        0,
        ['"code":"model_not_found"', "mock"],
    ),  # it is on in test_example_provider
    ("docs/mock.md", '"model": "mock", "stream": true', 0, ['"content":" hello"', "data: [DONE]"]),
    ("docs/mock.md", '"model": "mock-cut-3"', 18, ['"content":"You"', '"type":"provider_stream_cut"']),
    ("docs/mock.md", '"model": "mock-status-429-retry-after-2"', 0, ["HTTP/1.1 429", "retry-after: 2"]),
    ("docs/mock.md", '"model": "mock-tools"', 0, ['"name":"get_time"', '"finish_reason":"tool_calls"']),
]


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(CONFIG, tmp_path_factory.mktemp("sidecar")) as running:
        yield running


def perform(command: list[str], example: str, sidecar: Running) -> subprocess.CompletedProcess[str]:
    """Run an example as written, but for the port."""
    there = example.replace("http://127.0.0.1:11411", sidecar.url)
    assert there != example
    return subprocess.run([*command, there], capture_output=True, text=True, timeout=PATIENCE, check=False)


def asks(block: str) -> bool:
    return "11411" in block and "curl" in block


@pytest.mark.parametrize(("document", "finds", "code", "words"), ASKING)
def test_an_example_for_the_shell_works(
    document: str, finds: str, code: int, words: list[str], sidecar: Running
) -> None:
    [example] = [
        block for block in blocks((ROOT / document).read_text("utf-8"), "sh") if asks(block) and finds in block
    ]
    done = perform(["bash", "-c"], example, sidecar)
    assert done.returncode == code, done.stderr
    assert [word for word in words if word not in done.stdout] == []


def test_every_example_for_the_shell_is_tried() -> None:
    # Those of docs/relay.md ask for what no mock has: test_relay_document.py tries them.
    documents = [document for document in DOCUMENTS if document.name != "relay.md"]
    examples = [block for document in documents for block in blocks(document.read_text("utf-8"), "sh") if asks(block)]
    assert len(examples) == len(ASKING)


PROGRAMS = [block for block in blocks(README, "python") if "11411" in block]


@pytest.mark.parametrize("program", PROGRAMS, ids=[block.split()[1] for block in PROGRAMS])
def test_a_program_in_the_readme_works(program: str, sidecar: Running) -> None:
    done = perform([sys.executable, "-W", "error::DeprecationWarning:__main__", "-c"], program, sidecar)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("You said: Hello\n")


def test_the_same_question_is_asked_with_six_sdks() -> None:
    sdks = {"openai", "anthropic", "google", "boto3", "ollama", "cohere"}
    assert {
        name for name in sdks if any(f"import {name}" in text or f"from {name} " in text for text in PROGRAMS)
    } == sdks
