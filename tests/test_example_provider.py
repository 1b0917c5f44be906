"""README.md's provider file, put into a copy of this tree and nothing else: its conformance tests, and a sidecar that has it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest
import yaml
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk

from tests.architecture import RULES, Module
from tests.promises.sidecars import ROOT, InProcess, process
from tests.promises.upstream import Asked
from tests.promises.upstream import Provider as Upstream
from tests.provider_table import BEGIN, END
from tests.test_architecture import read_tree

README = (ROOT / "README.md").read_text("utf-8")
SECTION = README.partition("## A provider of your own\n")[2].partition("\n## ")[0]
#: What the tests of the copy read.
COPIED = ("proxy", "tests", "docs", "setup.cfg", "pyproject.toml", "README.md")
KEY = "sk-example-0123456789abcdefghij"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def shown(language: str) -> str:
    [block] = re.findall(rf"```{language}\n(.*?)```", SECTION, flags=re.DOTALL)
    return str(block)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy, compiled files and all: they keep their times, so that nothing is compiled anew."""
    folder = tmp_path_factory.mktemp("copy") / "tree"
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("node_modules"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    (folder / "proxy" / "providers" / "example.py").write_text(shown("python"), "utf-8")
    return folder


def test_the_file_is_short_and_no_part_of_this_tree() -> None:
    assert len(shown("python").splitlines()) <= 20
    assert not (ROOT / "proxy" / "providers" / "example.py").exists()
    assert "example" not in README.partition(BEGIN)[2].partition(END)[0].lower()


def test_the_tests_of_every_provider_are_its_tests(tree: Path) -> None:
    report = tree / "report.xml"
    files = ["tests/providers/test_conformance.py", "tests/providers/test_wire.py"]
    command = [sys.executable, "-m", "pytest", *files, "-k", "example or file_is_found or belongs_to_one_provider"]
    command += [f"--junitxml={report}", "-p", "no:cacheprovider"]
    clean = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=tree, env=clean, capture_output=True, text=True, timeout=60, check=False)
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    assert (done.returncode, [case.get("name") for case in cases if len(case)]) == (0, []), done.stdout
    names = [(str(case.get("classname")), str(case.get("name"))) for case in cases]
    assert sum(file.endswith("test_conformance") and "[example]" in name for file, name in names) > 10
    assert {name.partition("[")[2] for file, name in names if file.endswith("test_wire")} >= {
        *("example]", "example-text]", "example-stream]", "example-tools]")
    }


def test_the_rules_of_the_house_hold_for_it() -> None:
    """Among the files of its folder and their tests: those of the whole tree take seconds, and say nothing more of it."""
    beside = [module for module in read_tree() if module.path.split("/")[1] == "providers"]
    example = Module("proxy/providers/example.py", shown("python"))
    assert len(beside) > 30
    assert [complaint for rule in RULES for complaint in rule([*beside, example]) if "example" in complaint] == []


# ---- a sidecar that has it


def answer(asked: Asked) -> None:
    if not asked.json.get("stream"):
        asked.link.whole({"id": "c-1", "object": "chat.completion", "created": 1, "model": "example-large",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello back"}, "finish_reason": "stop"}],
            "usage": USAGE})  # fmt: skip
        return
    asked.link.start()
    for text in ("Hello", " back"):
        asked.link.chunk(chunk([{"index": 0, "delta": {"content": text}, "finish_reason": None}]))
    asked.link.chunk(chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    if (asked.json.get("stream_options") or {}).get("include_usage"):
        asked.link.chunk(chunk([], usage=USAGE))
    asked.link.chunk(b"data: [DONE]\n\n")
    asked.link.finish()


def chunk(choices: list[dict[str, object]], **more: object) -> bytes:
    frame = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "example-large"}
    return b"data: %b\n\n" % orjson.dumps(frame | {"choices": choices} | more)


def text_of(each: ChatCompletionChunk) -> str:
    return "".join(choice.delta.content or "" for choice in each.choices)


def sdk(running: InProcess) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"http://127.0.0.1:{running.port}/v1", api_key="unused", max_retries=0, timeout=10)


@asynccontextmanager
async def serving(tree: Path, folder: Path, **entry: object) -> AsyncIterator[tuple[InProcess, Upstream]]:
    """A sidecar out of the copy, before a local server in the example's place."""
    async with Upstream(answer) as upstream:
        entry = {**entry, "base_url": f"{upstream.url}/v1"}
        async with process(folder, {"example": entry}, {"EXAMPLE_API_KEY": KEY}, tree=tree) as running:
            yield running, upstream


async def test_it_is_asked_whole_and_streamed(tree: Path, tmp_path: Path) -> None:
    async with serving(tree, tmp_path) as (running, upstream), sdk(running) as client:
        said = await client.chat.completions.with_raw_response.create(
            model="example-large", messages=[{"role": "user", "content": "Hello"}], seed=7, temperature=1.5
        )
        assert said.parse().choices[0].message.content == "Hello back"
        assert said.headers["x-outrider-provider"] == "example"
        assert said.headers["x-outrider-translated"] == "temperature"
        stream = await client.chat.completions.create(
            model="example-large",
            messages=[{"role": "user", "content": "Hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [each async for each in stream]
    assert "".join(text_of(each) for each in chunks) == "Hello back"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 5
    whole, streamed = upstream.requests
    assert (whole.line, whole.headers["authorization"]) == ("POST /v1/chat/completions HTTP/1.1", f"Bearer {KEY}")
    assert (whole.json["random_seed"], whole.json["temperature"]) == (7, 1)
    assert "seed" not in whole.json
    assert streamed.json["stream"] is True


async def test_the_example_for_the_shell_reaches_it(tree: Path, tmp_path: Path) -> None:
    async with serving(tree, tmp_path) as (running, upstream):
        there = shown("sh").replace("http://127.0.0.1:11411", f"http://127.0.0.1:{running.port}")
        shell = await asyncio.create_subprocess_shell(there, stdout=subprocess.PIPE)
        said, _ = await asyncio.wait_for(shell.communicate(), 10)
    assert orjson.loads(said)["choices"][0]["message"]["content"] == "Hello back"
    assert upstream.requests[0].json["temperature"] == 1


async def test_without_code_it_is_an_entry_of_the_configuration(tmp_path: Path) -> None:
    [(name, entry)] = yaml.safe_load(shown("yaml"))["providers"].items()
    assert name == "example"
    async with serving(ROOT, tmp_path, **entry) as (running, upstream), sdk(running) as client:
        said = await client.chat.completions.create(
            model="example:any-model", messages=[{"role": "user", "content": "Hello"}], seed=7
        )
    assert said.choices[0].message.content == "Hello back"
    assert (upstream.requests[0].json["model"], upstream.requests[0].json["seed"]) == ("any-model", 7)
    assert upstream.requests[0].headers["authorization"] == f"Bearer {KEY}"
