"""What commands take and refuse, and that each has its help."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from proxy.__main__ import COMMANDS
from proxy.command_examples import OF_COMMAND
from proxy.command_line import ENTRIES, parser

#: `inject` prints manifests (`--output json`); those that serve print nothing.
WITHOUT_JSON = ("serve", "inject", "injector", "completion")


def test_every_command_has_options_help_and_somebody_who_does_it() -> None:
    assert list(ENTRIES) == list(COMMANDS) == list(OF_COMMAND)


@pytest.mark.parametrize("name", ENTRIES)
def test_help_of_each(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args([name, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert OF_COMMAND[name] in text
    assert name in WITHOUT_JSON or "--json" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tail", "--count", "0"], "a whole number above 0, not 0"),
        (["tail", "--last", "-1"], "a whole number of at most 12 digits, not '-1'"),
        (["tail", "--slower-than", "soon"], "seconds, 0 to 86400, not 'soon'"),
        (["tail", "--slower-than", "nan"], "seconds, 0 to 86400, not 'nan'"),
        (["doctor", "--timeout", "0"], "seconds above 0"),
        (["completion", "tcsh"], "invalid choice: 'tcsh'"),
        (["prices", "x", "--input", "1e3"], "a whole number of at most 12 digits"),
    ],
)
def test_wrong_usage_says_what_is_right(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(arguments)
    assert caught.value.code == 2
    assert told in capsys.readouterr().err


def test_seconds_may_have_their_unit() -> None:
    assert parser().parse_args(["tail", "--slower-than", "2.5s"]).slower_than == 2.5


def test_the_document_names_every_command_and_every_option() -> None:
    text = (Path(__file__).parent.parent / "docs" / "commands.md").read_text("utf-8")
    flags = {flag for name in ENTRIES for flag in options_of(name) if flag.startswith("--")} - {"--help"}
    assert {flag for flag in flags if f"`{flag}" not in text} == set()
    assert {name for name in ENTRIES if f"`{name}`" not in text} == set()


def options_of(name: str) -> list[str]:
    alone = argparse.ArgumentParser(prog=name)
    ENTRIES[name].add(alone)
    return [flag for action in alone._actions for flag in action.option_strings]


def test_the_ports_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTRIDER_PORT", "1")
    monkeypatch.setenv("OUTRIDER_OPS_PORT", "2")
    assert parser().parse_args(["chat", "Hi"]).url == "http://127.0.0.1:1"
    assert parser().parse_args(["top"]).url == "http://127.0.0.1:2"
