"""The log as configured: what is off is neither made nor imported, and what is on does what the configuration says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import chat
from tests.promises.sidecars import process, sidecar

LATE = (
    *("proxy.logs.content", "proxy.logs.pii", "proxy.logs.attempts", "proxy.logs.national_ids"),
    *("proxy.policies.attempt_log", "proxy.policies.overhear", "proxy.upstream.overheard"),
)
SCRIPT = """
import sys
from proxy.config import Config
from proxy.journal import Journal
journal = Journal(Config())
assert (journal.attempts, journal.overhear, journal.room) == (None, None, None)
print(*[name for name in sys.argv[1:] if name in sys.modules])
"""


def test_what_is_off_is_not_imported() -> None:
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, *LATE], capture_output=True, text=True, timeout=30, check=True
    )
    assert found.stdout.split() == []


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


async def test_at_debug_each_attempt_has_its_line(tmp_path: Path) -> None:
    sections: dict[str, Any] = {"logging": {"level": "debug"}, "retry": {"attempts": 3, "initial": 0.001}}
    async with sidecar(tmp_path, **sections) as running:
        assert (await running.ask(chat("mock:mock-status-503"), {"x-request-id": "one"})).status == 502
        await running.is_idle()
    found = [line for line in lines(running.log()) if line.get("id") == "one"]
    assert [line["event"] for line in found] == ["attempt", "attempt", "attempt", "call"]
    assert [line["attempt"] for line in found[:3]] == [1, 2, 3]
    assert {(line["level"], line["kind"], line["party"]) for line in found[:3]} == {
        ("debug", "provider_overloaded", "provider")
    }
    assert {line["provider_status"] for line in found[:3]} == {503}
    call = found[3]
    assert (call["attempts"], call["kind"], call["party"], len(call["tried"])) == (
        3,
        "provider_overloaded",
        "provider",
        2,
    )
    assert call["queued_ms"] > 0
    assert call["duration_ms"] >= sum(line["duration_ms"] for line in found[:3])


async def test_at_info_there_is_one_line_for_each_call(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as running:
        await running.ask(chat("mock:mock-status-503"))
        await running.ask(chat("mock"))
        await running.is_idle()
    assert [line["event"] for line in lines(running.log())].count("call") == 2
    assert not [line for line in lines(running.log()) if line["event"] in ("attempt", "content")]


@pytest.mark.parametrize("stream", [True, False])
async def test_content_is_what_was_asked_and_what_was_said(tmp_path: Path, stream: bool) -> None:
    content = {"prompts": True, "answers": True, "patterns": {"employee": "EMP-[0-9]{4}"}}
    async with sidecar(tmp_path, logging={"content": content}) as running:
        asked = chat("mock", stream=stream, messages=[{"role": "user", "content": "I am EMP-1234, a@b.de"}])
        answer = await running.ask(asked, {"x-request-id": "one"})
        assert b"EMP-1234" in answer.body or stream
        await running.is_idle()
    [line] = [line for line in lines(running.log()) if line["event"] == "content"]
    clean = "I am [redacted:employee], [redacted:mail]"
    assert (line["id"], line["provider"], line["model"], line["cut"]) == ("one", "mock", "mock", None)
    assert line["prompt"] == [{"role": "user", "content": clean}]
    assert clean in line["answer"]
    assert "EMP-" not in running.log()


async def test_a_call_that_is_refused_has_no_content(tmp_path: Path) -> None:
    async with sidecar(tmp_path, logging={"content": {"prompts": True, "answers": True}}) as running:
        assert (await running.ask(chat("nobody:knows"))).status == 404
        await running.is_idle()
    assert not [line for line in lines(running.log()) if line["event"] == "content"]


async def test_lines_go_to_the_file_that_is_named(tmp_path: Path) -> None:
    log = tmp_path / "lines"
    async with sidecar(tmp_path, logging={"file": str(log), "format": "logfmt"}) as running:
        await running.ask(chat("mock"), {"x-request-id": "one"})
        await running.is_idle()
    assert " event=call id=one " in log.read_text()
    assert running.log() == ""


@pytest.mark.parametrize("format", ["auto", "json"])
async def test_what_is_no_terminal_gets_json(tmp_path: Path, format: str) -> None:
    async with process(tmp_path, logging={"format": format}) as running:
        await running.ask(chat("mock"))
    assert all(isinstance(line, dict) for line in lines(running.log()))
