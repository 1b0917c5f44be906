"""`outrider tail` beside a real sidecar whose mock fails on demand: what is shown, what is left out, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead
from typing import Any

import pytest

from proxy.commands_tail import Wanted, call_text, tail
from proxy.terminal import plain
from tests.sdk.sidecar import PATIENCE, ROOT, Running, serving

CONFIG = """
listen: {hosts: [127.0.0.1], port: 0}
ops: {hosts: [127.0.0.1], port: 0}
providers: {mock: {mock: {first_token_ms: 0, inter_token_ms: 0}}}
models: [{model: fast, targets: [{provider: mock, model: mock}]}]
retry: {attempts: 1}
"""
ASKED = ("mock", "fast", "mock-slow-0.4", "mock-status-429", "mock-status-500", "mock-cut-3", "nobody:x")


def ask(sidecar: Running, model: str) -> None:
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "hello"}]})
    request = urllib.request.Request(
        f"{sidecar.url}/v1/chat/completions", body.encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()
    except IncompleteRead:
        pass  # the mock has cut it


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(CONFIG, tmp_path_factory.mktemp("sidecar")) as running:
        for model in ASKED:
            ask(running, model)
        yield running


def command(sidecar: Running, *options: str) -> list[str]:
    return [sys.executable, "-m", "proxy", "tail", "--url", sidecar.ops, *options]


def run(sidecar: Running, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(sidecar, *options), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)


def shown(line: str) -> str:
    """Without what differs from run to run."""
    line = re.sub(r"^\d\d:\d\d:\d\d", "TIME", line)
    return re.sub(r" {2,}", "  ", re.sub(r"[0-9a-f]{32}", "ID", re.sub(r"\d+(\.\d+)? m?s\b", "SPENT", line)))


GOLDEN = """\
TIME  200  mock:mock  ok  SPENT  first token SPENT  ~8 in ~52 out  ID
TIME  200  fast -> mock:mock  ok  SPENT  first token SPENT  ~8 in ~52 out  ID
TIME  200  mock:mock-slow-0.4  ok  SPENT  first token SPENT  ~8 in ~52 out  ID
TIME  429  mock:mock-status-429  provider_rate_limited (provider)  SPENT  ID
TIME  502  mock:mock-status-500  provider_error (provider)  SPENT  ID
TIME  502  mock:mock-cut-3  provider_stream_cut (provider)  SPENT  first token SPENT  ~8 in ~3 out  ID
TIME  404  nobody:x  model_not_found (caller)  SPENT  ID
"""


def test_each_call_in_a_line_with_its_fault_and_no_colour_in_a_pipe(sidecar: Running) -> None:
    done = run(sidecar, "--count", str(len(ASKED)))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    lines = [line.partition("  do: ") for line in map(shown, done.stdout.splitlines())]
    assert [line for line, _, _ in lines] == GOLDEN.splitlines()
    assert [bool(hint) for _, _, hint in lines] == [False, False, False, True, True, True, True]


FILTERS = [
    (("--failed",), {"mock-status-429", "mock-status-500", "mock-cut-3", "nobody:x"}),
    (("--model", "mock-status-*"), {"mock-status-429", "mock-status-500"}),
    (("--provider", "mock", "--failed"), {"mock-status-429", "mock-status-500", "mock-cut-3"}),
    (("--kind", "model_not_found", "--kind", "provider_error"), {"mock-status-500", "nobody:x"}),
    (("--slower-than", "0.3"), {"mock-slow-0.4"}),
]


@pytest.mark.parametrize(("options", "models"), FILTERS)
def test_filters(sidecar: Running, options: tuple[str, ...], models: set[str]) -> None:
    done = run(sidecar, *options, "--json", "--last", "200", "--count", str(len(models)))
    assert done.returncode == 0, done.stderr
    calls = [json.loads(line) for line in done.stdout.splitlines()]
    assert {call["model"] for call in calls} == models
    assert len(calls) == len(models)


def test_json_says_what_the_log_says_and_whose_fault_it_is(sidecar: Running) -> None:
    done = run(sidecar, "--json", "--kind", "provider_error", "--count", "1")
    call = json.loads(done.stdout)
    sidecar_wrote = {"status": 502, "kind": "provider_error", "attempts": 1, "cache": None, "tried": []}
    assert {name: call[name] for name in sidecar_wrote} == sidecar_wrote
    assert call["party"] == "provider"


def test_only_the_latest_are_shown_of_what_was(sidecar: Running) -> None:
    done = run(sidecar, "--last", "2", "--json", "--count", "2")
    assert [json.loads(line)["model"] for line in done.stdout.splitlines()] == list(ASKED[-2:])


def test_a_call_is_shown_as_it_ends_and_an_interrupt_ends_it(sidecar: Running) -> None:
    pipe = subprocess.PIPE
    follow = command(sidecar, "--last", "1", "--json", "--model", "mock*")
    with subprocess.Popen(follow, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        json.loads(process.stdout.readline())  # what was: from now on it is live
        ask(sidecar, "mock-status-404")
        assert json.loads(process.stdout.readline())["model"] == "mock-status-404"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr.read() == ""


def test_a_reader_that_goes_ends_it_without_a_word(sidecar: Running) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(command(sidecar, "--last", "1"), cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        ask(sidecar, "mock")
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("url", ["localhost:11412", "ftp://h", "http://", "http://h:x", "http://[::1", "http://a b"])
def test_what_is_no_url(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tail(url, Wanted(), 10, None) == 2
    assert capsys.readouterr().err == f"outrider: --url {url}: expected http://host:port\n"


def test_a_kind_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert tail("http://127.0.0.1:1", Wanted(kinds=("timeouts",)), 10, None) == 2
    assert capsys.readouterr().err.endswith("(did you mean timeout?)\n")


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert tail("http://127.0.0.1:1", Wanted(), 10, None) == 1
    told = "outrider: http://127.0.0.1:1: nothing answers there (Connection refused); start the sidecar with `outrider serve`\n"
    assert capsys.readouterr().err == told


HOSTILE: dict[str, Any] = {
    "time": "2026-11-21T12:00:00.000Z",
    "model": "\x1b[2J\r\n" + "x" * 100_000,
    "provider": "p\n",
    "target_model": "\x07",
    "status": 200,
    "kind": "no such kind\x1b",
    "id": "\u202e",
    "tried": ["a\nb"],
    "cost": "\x1b[31m",
}


def test_what_came_from_outside_moves_no_cursor_and_stays_small() -> None:
    text = call_text(HOSTILE, plain)
    assert text.isprintable()
    assert len(text) < 800


def test_a_call_without_any_members_is_a_line() -> None:
    assert call_text({}, plain).startswith("          None")


def test_details() -> None:
    call = {
        "time": "2026-11-21T12:00:00.000Z",
        "status": 200,
        "provider": "openai",
        "model": "gpt-4o",
        "target_model": "gpt-4o",
        "duration_ms": 1234.5,
        "tokens_in": 10,
        "tokens_out": 2,
        "cost": "0.00012",
        "cache": "miss",
        "attempts": 2,
        "tried": ["groq:x timeout"],
        "dropped": ["seed"],
        "id": "abc",
    }
    assert re.sub(" {2,}", "  ", call_text(call, plain)) == (
        "12:00:00  200  openai:gpt-4o  ok  1.23 s  10 in 2 out  $0.00012  cache miss  2 attempts  tried groq:x timeout"
        "  dropped seed  abc"
    )


def test_colours_are_for_terminals(sidecar: Running) -> None:
    import pty

    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        ours, theirs = pty.openpty()
        clean = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
        done = subprocess.run(command(sidecar, "--count", "1"), cwd=ROOT, env=clean, stdout=theirs, timeout=PATIENCE)
        os.close(theirs)
        assert done.returncode == 0
        assert (b"\x1b[" in os.read(ours, 4096)) is coloured
        os.close(ours)
