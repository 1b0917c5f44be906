"""The command line: what it takes, how it exits, and that it ends at once when it is told to while it starts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from proxy import __version__
from proxy.__main__ import main
from proxy.config import ConfigError

HEAVY = ("aiohttp", "msgspec", "yaml", "uvloop", "asyncio", "orjson")

#: Stands in for a module: what is taken from it says that the import has begun and then takes forever, as far as a signal knows.
SLOW = """
import signal, sys, types
class Slow(types.ModuleType):
    def __getattr__(self, name):
        if name != "%s":
            raise AttributeError(name)
        print("importing", flush=True)
        while True:
            signal.pause()
sys.modules["%s"] = Slow("%s")
from proxy.__main__ import main
sys.exit(main(["%s"]))
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=30)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A stand-in for the composition root; the handler that `serve` installs is taken back afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    module = ModuleType("proxy.app")
    monkeypatch.setitem(sys.modules, "proxy.app", module)
    yield module
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("module", "taken", "command"),
    [
        ("proxy.app", "main", "serve"),
        ("proxy.command_line", "parser", "serve"),
        ("proxy.command_line", "parser", "injector"),
    ],
)
def test_sigterm_while_the_imports_run_ends_the_process(module: str, taken: str, command: str) -> None:
    source = SLOW % (taken, module, module, command)
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_other_commands_end_as_any_program_does() -> None:
    source = SLOW % ("parser", "proxy.command_line", "proxy.command_line", "check")
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == -signal.SIGTERM


def test_the_entry_point_imports_nothing_heavy() -> None:
    source = f"import sys, proxy.__main__; print([name for name in {HEAVY} if name in sys.modules])"
    assert python("-c", source).stdout.strip() == "[]"


def test_serve_hands_the_configuration_on(app: ModuleType) -> None:
    seen: list[tuple[str | None, str | None]] = []

    def note(path: str | None, keys: str | None) -> int:
        seen.append((path, keys))
        return 5

    app.main = note  # type: ignore[attr-defined]
    assert main(["serve"]) == 5
    assert main(["serve", "--config", "c.yaml", "--keys", "k"]) == 5
    assert seen == [(None, None), ("c.yaml", "k")]


def test_serve_refuses_a_bad_configuration(app: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(path: str | None, keys: str | None) -> int:
        fault = ConfigError("listen.port", "0.5", "a port")
        fault.others = (ConfigError("ops.port", "'x'", "a port"),)
        raise fault

    app.main = refuse  # type: ignore[attr-defined]
    assert main(["serve"]) == 2
    assert capsys.readouterr().err == (
        "outrider: listen.port is 0.5; allowed: a port\noutrider: ops.port is 'x'; allowed: a port\n"
    )


def test_serve_says_that_a_port_is_taken(app: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(path: str | None, keys: str | None) -> int:
        raise OSError(98, "Address already in use")

    app.main = refuse  # type: ignore[attr-defined]
    assert main(["serve"]) == 1
    assert capsys.readouterr().err == "outrider: [Errno 98] Address already in use\n"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"outrider {__version__}\n"


def test_check_reads_its_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("listen: {port: 1}", "utf-8")
    assert main(["check", "--config", str(file), "--json"]) == 0
    assert '"127.0.0.1:1"' in capsys.readouterr().out
    assert main(["check", "--schema"]) == 0
    assert "$schema" in capsys.readouterr().out


def test_chat_asks_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OUTRIDER_PORT", "1")
    assert main(["chat", "Hi"]) == 1
    assert capsys.readouterr().err.startswith("outrider: nothing answers at http://127.0.0.1:1;")


def test_version_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": __version__}


class Noted:
    """Stands in for what a command does: it remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[object] = []

    def __call__(self, *given: object, **named: object) -> int:
        self.given = [*given, named]
        return 0


def test_chat_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = Noted()
    monkeypatch.setattr("proxy.commands.chat", noted)
    assert main(["chat", "--json", "--url", "http://h", "Hi"]) == 0
    assert noted.given == ["Hi", "mock", "http://h", {"system": None, "stream": False, "as_json": True}]


def test_the_options_of_tail_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = Noted()
    monkeypatch.setattr("proxy.commands_tail.tail", noted)
    arguments = ["--failed", "--model", "m*", "--provider", "p", "--slower-than", "2", "--kind", "timeout"]
    assert main(["tail", *arguments, "--last", "5", "--count", "3", "--url", "http://h", "--json"]) == 0
    assert noted.given == ["http://h", (True, "m*", "p", 2.0, ("timeout",)), 5, 3, {"as_json": True}]


def test_the_options_of_top_doctor_and_check_reach_them(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = Noted()
    for name in ("commands_top.top", "commands_doctor.doctor", "commands.check"):
        monkeypatch.setattr(f"proxy.{name}", noted)
    assert main(["top", "--once", "--url", "http://h"]) == 0
    assert noted.given == ["http://h", {"once": True, "as_json": False}]
    assert main(["doctor", "--config", "c", "--keys", "k", "--provider", "p", "--timeout", "3", "--json"]) == 0
    assert noted.given == ["c", ("p", 3.0, "k"), {"as_json": True}]
    assert main(["check", "--all", "--keys", "k"]) == 0
    assert noted.given == [None, "k", {"schema": False, "as_json": False, "every": True}]


@pytest.mark.parametrize("arguments", [[], ["fly"], ["serve", "--fast"], ["chat"], ["check", "extra"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: outrider")


@pytest.mark.parametrize("words", ["examples:", "exit codes:", "serve", "check", "chat", "version"])
def test_help(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert words in capsys.readouterr().out


def test_the_module_runs() -> None:
    run = python("-m", "proxy", "version")
    assert (run.returncode, run.stdout) == (0, f"outrider {__version__}\n")
