"""`outrider top` beside a real sidecar: printed once, as JSON, and on a terminal that is left as it was."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.commands_top import ENTER, LEAVE, top
from tests.sdk.sidecar import PATIENCE, ROOT, Running, serving
from tests.test_commands_tail import CONFIG, ask


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(CONFIG, tmp_path_factory.mktemp("sidecar")) as running:
        for model in ("mock", "mock", "mock-status-429"):
            ask(running, model)
        yield running


def command(sidecar: Running, *options: str) -> list[str]:
    return [sys.executable, "-m", "proxy", "top", "--url", sidecar.ops, *options]


def run(sidecar: Running, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(sidecar, *options), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)


def test_in_a_pipe_it_prints_one_table(sidecar: Running) -> None:
    done = run(sidecar)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    rows = [line.split()[:4] for line in done.stdout.splitlines() if line.startswith("mock ")]
    assert [(row[0], row[1], row[3]) for row in rows] == [("mock", "mock", "0%"), ("mock", "mock-status-429", "100.0%")]
    assert "provider_rate_limited  provider  mock  mock-status-429" in done.stdout


def test_as_json(sidecar: Running) -> None:
    done = run(sidecar, "--once", "--json")
    found = json.loads(done.stdout)
    assert (found["calls"], found["failed"], found["calls_in_flight"]) == (3, 1, 0)
    assert found["failures"][0]["kind"] == "provider_rate_limited"


def test_a_line_of_json_each_second_until_nobody_reads(sidecar: Running) -> None:
    with subprocess.Popen(command(sidecar, "--json"), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
    assert 0.5 < second["uptime_seconds"] - first["uptime_seconds"] < 5


class Terminal:
    """`outrider top` on a terminal of 80 columns; `until` reads what it shows."""

    def __init__(self, sidecar: Running) -> None:
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (24, 80))
        self.before = termios.tcgetattr(self.theirs)
        environment = {"PATH": os.environ["PATH"], "TERM": "xterm"}
        streams = (self.theirs, self.theirs)
        self.process = subprocess.Popen(command(sidecar), -1, None, *streams, cwd=ROOT, env=environment)
        self.shown = ""

    def until(self, words: str) -> None:
        end = time.monotonic() + PATIENCE
        while words not in self.shown:
            assert select.select([self.ours], [], [], max(0.0, end - time.monotonic()))[0], self.shown
            self.shown += os.read(self.ours, 65536).decode()

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self.ours)
        os.close(self.theirs)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())


@pytest.fixture
def terminal(sidecar: Running) -> Iterator[Terminal]:
    terminal = Terminal(sidecar)
    yield terminal
    terminal.close()


def test_on_a_terminal_it_lives_until_q_and_leaves_everything_as_it_was(sidecar: Running, terminal: Terminal) -> None:
    terminal.until("mock-status-429")
    ask(sidecar, "mock-status-404")
    terminal.until("mock-status-404")
    terminal.type("x")
    assert terminal.process.poll() is None
    terminal.type("q")
    terminal.until(LEAVE)
    assert terminal.process.wait(PATIENCE) == 0
    assert terminal.shown.startswith(ENTER)
    assert termios.tcgetattr(terminal.theirs) == terminal.before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_the_terminal_as_it_was(number: int, code: int, terminal: Terminal) -> None:
    terminal.until("mock-status-429")
    terminal.process.send_signal(number)
    terminal.until(LEAVE)
    assert terminal.process.wait(PATIENCE) == code
    assert termios.tcgetattr(terminal.theirs) == terminal.before


def test_a_sidecar_that_goes_is_waited_for_and_is_not_kept_from_going(tmp_path: Path) -> None:
    with serving(CONFIG, tmp_path) as leaving:
        ask(leaving, "mock-status-429")
        terminal = Terminal(leaving)
        terminal.until("mock-status-429")
    try:
        terminal.until("trying again")
        terminal.type("q")
        assert terminal.process.wait(PATIENCE) == 0
    finally:
        terminal.close()


def test_nobody_there_and_no_url(capsys: pytest.CaptureFixture[str]) -> None:
    assert top("http://127.0.0.1:1", once=True) == 1
    assert "nothing answers there" in capsys.readouterr().err
    assert top("nowhere") == 2
    assert capsys.readouterr().err == "outrider: --url nowhere: expected http://host:port\n"
