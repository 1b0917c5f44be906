"""What shells make of the scripts: each is asked by the shell itself, where that is installed."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from proxy.call import KINDS
from proxy.command_line import ENTRIES
from proxy.commands_completion import completion, quoted

SECONDS = 15.0

#: What is typed -> some of what must be offered, and what must not.
TYPED = [
    ("outrider ", set(ENTRIES), {"--config"}),
    ("outrider t", {"tail", "top"}, {"check"}),
    ("outrider tail --f", {"--failed"}, {"--json"}),
    ("outrider tail --failed --kind t", {"timeout"}, set(KINDS) - {"timeout"}),
    ("outrider completion ", {"bash", "zsh", "fish"}, {"check"}),
    ("outrider models --can vis", {"vision"}, {"tools"}),
    ("outrider check --config con", {"config one.yaml"}, {"--json"}),
    ("outrider check --config config\\ one.yaml --a", {"--all"}, {"--config"}),
]


def script(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert completion(shell) == 0
    file = folder / f"outrider.{shell}"
    file.write_text(capsys.readouterr().out, "utf-8")
    (folder / "config one.yaml").touch()
    return file


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_option_of_every_command_is_in_the_script(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script(shell, tmp_path, capsys).read_text("utf-8")
    for name in ENTRIES:
        assert name in text
    for option in ("slower-than", "no-stream", "cache-write-1h", "schema"):
        assert option in text


def test_quotes() -> None:
    assert quoted("a 'b'") == "'a '\\''b'\\'''"


# ---- bash

ASK_BASH = """
source "$1"
read -ra COMP_WORDS <<< "$2"
[[ $2 == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
_outrider
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(("typed", "offered", "withheld"), TYPED)
def test_bash(
    typed: str, offered: set[str], withheld: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = script("bash", tmp_path, capsys)
    arguments = ["bash", "--norc", "-c", ASK_BASH, "-", str(file), typed.replace("\\ ", "_")]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS)
    found = set(done.stdout.splitlines())
    assert offered <= found, (found, done.stderr)
    assert not withheld & found


# ---- fish


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
@pytest.mark.parametrize(("typed", "offered", "withheld"), TYPED)
def test_fish(
    typed: str, offered: set[str], withheld: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = script("fish", tmp_path, capsys)
    ask = f"source {file}; complete -C {quoted(typed)}"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    arguments = ["fish", "--no-config", "-c", ask]
    done = subprocess.run(
        arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True
    )
    found = {line.partition("\t")[0].replace("\\ ", " ") for line in done.stdout.splitlines()}
    assert offered <= found, found
    assert not withheld & found


# ---- zsh, which completes on a terminal only


def typed_in_zsh(file: Path, typed: str, folder: Path) -> str:
    """What the terminal shows after the tab key, twice."""
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb", "COLUMNS": "200"}
    begin = f"PS1=''; autoload -Uz compinit; compinit -u -d {folder}/dump; source {file}; LISTMAX=1000; echo rea''dy\n"
    with subprocess.Popen(["zsh", "-f", "-i"], cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs):
        try:
            os.write(ours, begin.encode())
            shown = read_until(ours, "ready\r\n")
            assert "not found" not in shown, shown
            os.write(ours, f"{typed}\t\t".encode())
            shown = read_until(ours, None)
            return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x07|\r", "", shown)
        finally:
            os.write(ours, b"\x03\x15exit\n")
            read_until(ours, None)
            os.close(theirs)
            os.close(ours)


def read_until(descriptor: int, words: str | None) -> str:
    """Until the words are there, or, without any, until nothing has come for a moment."""
    found, end = "", time.monotonic() + SECONDS
    while words is None or words not in found:
        patience = 1.0 if words is None else max(0.0, end - time.monotonic())
        if not select.select([descriptor], [], [], patience)[0]:
            assert words is None, found
            break
        found += os.read(descriptor, 65536).decode(errors="replace")
    return found


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh")
@pytest.mark.parametrize(("typed", "offered", "withheld"), TYPED[:6])
def test_zsh(
    typed: str, offered: set[str], withheld: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = typed_in_zsh(script("zsh", tmp_path, capsys), typed, tmp_path)
    assert all(word in shown for word in offered), shown
    assert not any(word in shown.replace(typed, "") for word in withheld), shown
