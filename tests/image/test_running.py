"""The image runs as the pod's security context has it: ready soon, small, silent on the disk, gone when it is told."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.image.conftest import ROOT
from tests.image.container import DATA, OPS, USER, Spec, run, running

MakeSpec = Callable[..., Spec]
READY_SECONDS, IDLE_MIB, END_SECONDS = 0.6, 48.0, 2.0
SIGTERM_BIT = 1 << (signal.SIGTERM - 1)
#: A machine that is busy with something else tells nothing of the image by its slowest start.
STARTS = 5
CALL = {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}
LABELLED = {"name": "web", "labels": {"outrider.dev/inject": "true"}}
CONTAINERS = [{"name": "app", "image": "web:1"}]
INJECTED = {"apiVersion": "v1", "kind": "Pod", "metadata": LABELLED, "spec": {"containers": CONTAINERS}}
MOUNTED = ("--config", "/etc/outrider/config", "--keys", "/etc/outrider/keys")
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


@pytest.fixture
def mounts(tmp_path: Path) -> dict[str, str]:
    """Three volumes as the kubelet makes them of optional objects that are not there."""
    seen = {"config": "/etc/outrider/config", "keys": "/etc/outrider/keys", "noapi": TOKEN}
    for name in seen:
        (tmp_path / name).mkdir()
    return {str(tmp_path / name): place for name, place in seen.items()}


def test_it_is_ready_soon_small_while_idle_and_ends_when_it_is_told(
    spec: MakeSpec, measured: Callable[[str], None]
) -> None:
    ready, idle, ends = [], [], []
    for _ in range(STARTS):
        with running(spec()) as container:
            ready.append(container.ready())
            idle.append(container.resident())
            ends.append(container.end())
    measured(
        f"ready after {min(ready):.3f} s ({max(ready):.3f} at most of {STARTS}), {max(idle):.1f} MiB resident when idle"
    )
    measured(f"ended {max(seconds for _, seconds in ends):.3f} s after SIGTERM")
    assert min(ready) <= READY_SECONDS
    assert max(idle) < IDLE_MIB
    assert [code for code, _ in ends] == [0] * STARTS
    assert max(seconds for _, seconds in ends) <= END_SECONDS


def test_it_ends_when_it_is_told_while_it_still_starts(spec: MakeSpec) -> None:
    """As process 1 it is not ended by a signal that it has no handler for: there has to be one before all else is imported."""
    with running(spec()) as container:
        while not int(container.status("SigCgt"), 16) & SIGTERM_BIT:
            assert container.process.poll() is None
        with pytest.raises(ConnectionRefusedError):
            container.connect(DATA)
        code, seconds = container.end()
        assert (code, seconds <= END_SECONDS) == (0, True), container.said()


def test_it_has_no_right_that_the_pod_does_not_give(spec: MakeSpec) -> None:
    with running(spec()) as container:
        container.ready()
        assert container.status("Uid").split() == [str(USER)] * 4
        assert {container.status(f"Cap{kind}") for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
        assert container.status("NoNewPrivs") == "1"
        assert container.status("NSpid").split()[-1] == "1"
        assert container.end()[0] == 0


def test_it_answers_a_call_with_the_mock(spec: MakeSpec) -> None:
    with running(spec()) as container:
        container.ready()
        status, answer = container.ask(DATA, "POST", "/v1/chat/completions", CALL)
        assert status == 200
        assert "hello" in json.loads(answer)["choices"][0]["message"]["content"]
        assert b"outrider_" in container.ask(OPS, "GET", "/metrics")[1]
        assert container.end()[0] == 0


def test_it_starts_with_what_the_pod_mounts_where_nothing_is_there(spec: MakeSpec, mounts: dict[str, str]) -> None:
    with running(spec("serve", *MOUNTED, mounts=mounts)) as container:
        assert container.ready() < END_SECONDS
        assert container.end()[0] == 0


def test_it_reads_the_configuration_and_keys_that_are_mounted(
    spec: MakeSpec, mounts: dict[str, str], tmp_path: Path
) -> None:
    config = (
        "providers: {openai: {kind: mock_openai}}\nmodels: [{model: fast, targets: [{provider: openai, model: m}]}]\n"
    )
    (tmp_path / "config" / "config.yaml").write_text(config, "utf-8")
    (tmp_path / "keys" / "ANTHROPIC_API_KEY").write_text("sk-ant-0123456789", "utf-8")
    with running(spec("serve", *MOUNTED, mounts=mounts)) as container:
        container.ready()
        assert container.ask(DATA, "POST", "/v1/chat/completions", CALL | {"model": "fast"})[0] == 200
        assert container.end()[0] == 0
        assert "sk-ant-0123456789" not in container.said()


def files(root: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and folder -> its mode, size and time."""
    found = {}
    for folder, folders, names in os.walk(root):
        for path in (Path(folder, name) for name in folders + names):
            was = path.lstat()
            found[str(path)] = was.st_mode, was.st_size, was.st_mtime_ns
    return found


def test_it_writes_nothing_even_where_it_could(spec: MakeSpec, root: Path, tmp_path: Path) -> None:
    """As root, with every file writable: whatever it tried to leave behind would be there."""
    copy = tmp_path / "root"
    shutil.copytree(root, copy, symlinks=True)
    asked = spec(user=0, writable=True)
    asked.root = copy
    before = files(copy)
    with running(asked) as container:
        container.ready()
        assert container.ask(DATA, "POST", "/v1/chat/completions", CALL)[0] == 200
        assert container.end()[0] == 0
    assert files(copy) == before


def test_a_pod_is_injected(spec: MakeSpec) -> None:
    code, said = run(spec("inject", "--output", "json"), json.dumps(INJECTED))
    assert code == 0, said
    assert json.loads(said)["spec"]["initContainers"][0]["name"] == "outrider"


@pytest.mark.parametrize("command", ["injector", "inject", "check", "doctor"])
def test_other_commands_are_there(spec: MakeSpec, command: str) -> None:
    code, said = run(spec(command, "--help"))
    assert code == 0
    assert f"outrider {command}" in said


def test_the_version_is_that_of_the_sources(spec: MakeSpec) -> None:
    version = (ROOT / "proxy" / "__init__.py").read_text("utf-8").partition('__version__ = "')[2].partition('"')[0]
    assert run(spec("version")) == (0, f"outrider {version}\n")
