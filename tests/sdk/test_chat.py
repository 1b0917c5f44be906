"""`outrider chat` as a process, against a sidecar as a process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.sdk.anthropic_upstream import AnthropicUpstream, answers, text
from tests.sdk.sidecar import PATIENCE, ROOT, Running


def command(sidecar: Running, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "proxy", "chat", *arguments, "--url", sidecar.url]


def chat(sidecar: Running, *arguments: str) -> tuple[str, str, int]:
    done = subprocess.run(
        command(sidecar, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return done.stdout, done.stderr, done.returncode


@pytest.mark.parametrize("mode", ["--stream", "--no-stream"])
def test_an_answer(sidecar: Running, mode: str) -> None:
    out, err, code = chat(sidecar, "Hello there", mode)
    assert out.startswith("You said: Hello there\n")
    assert (err, code) == ("", 0)


def test_a_provider(sidecar: Running, upstream: AnthropicUpstream) -> None:
    upstream.script = answers(text("Grüezi 🌍"))
    assert chat(sidecar, "Hi", "--model", "clever", "--system", "Be Swiss") == ("Grüezi 🌍\n", "", 0)
    assert upstream.requests[0]["system"] == "Be Swiss"


@pytest.mark.parametrize(
    ("model", "out", "err"),
    [
        ("mock-status-401", "", "outrider: authentication_failed: The mock was asked for this status.\n"),
        ("mock-error-event", "", "outrider: provider_error: The mock was asked to fail.\n"),
        ("mock-end-early-2", "You said\n", "outrider: provider_stream_cut: the provider's stream ended"),
        ("mock-cut-2", "You said\n", "outrider: provider_stream_cut: the provider closed the connection"),
        ("mock-html", "", "outrider: provider_error: the provider's reply is not a JSON object"),
        ("nonsense", "", 'outrider: model_not_found: no provider for the model "nonsense"'),
    ],
)
def test_an_error(sidecar: Running, model: str, out: str, err: str) -> None:
    said, complaint, code = chat(sidecar, "Hello", "--model", model)
    assert (said, code) == (out, 1)
    assert complaint.startswith(err)
    assert complaint.count("\n") == 1


def test_ctrl_c_ends_the_call(sidecar: Running) -> None:
    stalling = command(sidecar, "Hello", "--model", "mock-stall-2")
    with subprocess.Popen(stalling, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(len("You said")) == b"You said"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == (b"\n", b"")
        assert process.returncode == 130
    ended = sidecar.wait_for(event="call", model="mock-stall-2")
    assert ended["kind"] == "client_gone"
