"""Ports, folders, files and packages of this machine: what is good, what is not, and that nothing is left behind."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.config import load
from proxy.doctor import local
from proxy.doctor.finding import Finding
from proxy.doctor.local import ledger_findings, mode_finding, package_findings, port_findings, secret_findings, taken
from tests.config.test_mounts import publish


def config_of(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(text, "utf-8")
    return file


# ---- ports


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_port_that_is_free() -> None:
    [found] = port_findings("listen", ["127.0.0.1"], 0, None)
    assert (found.state, found.detail) == ("ok", "127.0.0.1:0 is free")


def test_a_port_that_somebody_has(busy: int) -> None:
    [found] = port_findings("listen", ["127.0.0.1"], busy, None)
    assert found.state == "failed"
    assert found.advice == "end what listens there (`ss -ltnp` names it), or choose another listen.port"
    [found] = port_findings("ops", ["127.0.0.1"], busy, "a running sidecar (1)")
    assert (found.state, found.detail) == ("ok", f"127.0.0.1:{busy} is taken by a running sidecar (1)")


def test_an_address_that_this_machine_has_not() -> None:
    first, second = port_findings("listen", ["127.0.0.1", "203.0.113.1"], 0, None)
    assert (first.state, second.state) == ("ok", "skipped")
    [found] = port_findings("listen", ["203.0.113.1"], 0, None)
    assert (found.state, found.advice) == ("failed", "this machine has no such address: correct the hosts")


def test_a_port_for_root_alone() -> None:
    found = taken("listen", "127.0.0.1:80", PermissionError(errno.EACCES, "Permission denied"), None)
    assert (found.state, "below 1024" in found.advice) == ("failed", True)


# ---- the ledger


def ledger(tmp_path: Path, folder: str) -> list[Finding]:
    text = f"budgets: [{{per: day, money: 5}}]\nbudget_state: {{path: {folder}}}"
    return list(ledger_findings(load(str(config_of(tmp_path, text)), {})))


def test_a_ledger_that_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    [found] = ledger(tmp_path, str(tmp_path / "state"))
    assert (found.state, found.detail) == ("ok", f"{tmp_path}/state can be written to")
    assert os.listdir(tmp_path / "state") == []


def test_a_folder_that_will_be_made_is_not_made(tmp_path: Path) -> None:
    [found] = ledger(tmp_path, str(tmp_path / "a" / "b"))
    assert (found.state, found.detail) == ("ok", f"{tmp_path} can be written to; {tmp_path}/a/b will be made")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("number", "told"), [(errno.EROFS, "read-only"), (errno.ENOSPC, "full"), (errno.EIO, "correct")]
)
def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    [found] = ledger(tmp_path, str(tmp_path))
    assert (found.state, os.strerror(number) in found.detail, told in found.advice) == ("failed", True, True)


def test_a_ledger_on_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [found] = ledger(tmp_path, str(tmp_path / "file"))
    assert found.state == "failed"


def test_budgets_that_forget(tmp_path: Path) -> None:
    [found] = ledger_findings(load(str(config_of(tmp_path, "budgets: [{per: day, money: 5}]")), {}))
    assert (found.state, found.detail) == ("warning", "what was spent is forgotten when the process ends")
    assert list(ledger_findings(load(None, {}))) == []


# ---- files that hold keys


@pytest.mark.parametrize(
    ("mode", "state"), [(0o400, "ok"), (0o640, "ok"), (0o644, "warning"), (0o604, "warning"), (0o602, "failed")]
)
def test_who_may_read_a_key(tmp_path: Path, mode: int, state: str) -> None:
    (tmp_path / "key").write_text("sk-secret")
    (tmp_path / "key").chmod(mode)
    found = mode_finding(tmp_path / "key")
    assert found.state == state
    assert "sk-secret" not in repr(found)
    assert bool(found.advice) is (state != "ok")


def test_a_mounted_key_is_seen_by_its_pod_alone(tmp_path: Path) -> None:
    publish(tmp_path, 1, openai="sk-secret")
    (tmp_path / "openai").chmod(0o444)
    assert mode_finding(tmp_path / "openai").state == "ok"


def test_every_file_with_a_key_is_looked_at(tmp_path: Path) -> None:
    for name in ("one", "two", "password"):
        (tmp_path / name).write_text("sk-secret")
    text = """
        providers:
          openai: {api_key: {file: one}}
          groq: {api_keys: [{file: two}, {env: KEY}]}
          google: {kind: vertex, options: {project: p, credentials_file: /nowhere/google.json}}
        sharing: {redis: "redis://h/0", password: {file: password}}
    """
    file = config_of(tmp_path, text)
    found = list(secret_findings(load(str(file), {"KEY": "k"}), file))
    assert [Path(each.subject).name for each in found] == ["google.json", "one", "password", "two"]
    assert [each.state for each in found] == ["failed", "warning", "warning", "warning"]


def test_a_configuration_that_holds_a_key_is_looked_at_itself(tmp_path: Path) -> None:
    file = config_of(tmp_path, "providers: {openai: {api_key: sk-secret}}")
    assert [each.subject for each in secret_findings(load(str(file), {}), file)] == [str(file)]
    file = config_of(tmp_path, "providers: {openai: {api_key: {env: KEY}}}")
    assert list(secret_findings(load(str(file), {"KEY": "k"}), file)) == []


def test_packages_that_are_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load(str(config_of(tmp_path, 'sharing: {redis: "redis://h/0"}')), {})
    assert list(package_findings(config)) == []
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    [found] = package_findings(config)
    assert (found.subject, found.state) == ("redis", "failed")
    assert found.advice.startswith("pip install 'outrider[redis]'")


def test_a_folder_behind_one_that_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path, **_: bool) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "exists", denied)
    found = local.folder_finding("budgets", "state", tmp_path / "ledger")
    assert (found.state, found.detail) == ("failed", f"{tmp_path / 'ledger'} cannot be written to: Permission denied")
    assert found.advice == local.FOLDER_ADVICE[errno.EACCES]
