"""`outrider prices` tells what models and calls cost, for people and for programs, and by its exit code whether it knows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proxy.__main__ import main


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in [name for name in os.environ if name.startswith("OUTRIDER_") or name.endswith("_API_KEY")]:
        monkeypatch.delenv(variable)
    file = tmp_path / "config.yaml"
    file.write_text("providers: {openai: {api_key: sk-canary-0123456789abcdef}}", "utf-8")
    monkeypatch.setenv("OUTRIDER_CONFIG", str(file))
    return file


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["prices", *words]) == code
    out, err = capsys.readouterr()
    assert "sk-canary" not in out + err
    return out if code != 2 else err


def as_json(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, *words, "--json", code=code))
    return found


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "gpt-4o", "--input", "800", "--cached", "200", "--output", "500").splitlines()
    assert re.fullmatch(
        r"openai:gpt-4o  \$ per million tokens, from litellm .* and genai-prices .*, 20\d\d-\d\d-\d\d", lines[0]
    )
    assert lines[1].split() == ["now", "priority", "fast", "batch"]
    assert "  cache read    1.25  2.125     2.125  1.25" in lines
    assert lines[-1] == "  800 input + 500 output + 200 cache read: $0.00725"


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    report = as_json(
        capsys, "openai:gpt-5", "--input", "1000", "--output", "100", "--tier", "flex", "--at", "2026-12-01"
    )
    assert (report["at"], report["tier"], report["counts"]) == (
        "2026-12-01T00:00:00Z",
        "flex",
        {"input": 1000, "output": 100},
    )
    assert report["models"][0]["cost"] == "0.001125"
    assert report["models"][0]["price"]["input"] == "0.625"


@pytest.mark.parametrize(
    ("at", "cost"),
    [
        ("2026-11-23T02:00", "0.3"),
        ("2026-11-23T02:00:00+00:00", "0.3"),
        ("2026-11-23T05:00", "0.15"),
        ("2026-11-23T09:00+08:00", "0.3"),
        ("2026-11-21T02:00", "0.15"),
        ("2026-11-23", "0.15"),
    ],
)
def test_at_another_time(at: str, cost: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = as_json(capsys, "deepseek-flash", "--input", "1000000", "--at", at)
    assert report["models"][0]["cost"] == cost


def test_every_sort_of_token_can_be_counted(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--cache-write", "1000", "--cache-write-1h", "1000", "--reasoning", "1000", "--searches", "2"]
    # 6.25 + 10 + 25 thousandths, and two cents
    assert as_json(capsys, "claude-opus-4-8", *words)["models"][0]["cost"] == "0.06125"
    words = ["--audio-input", "1000", "--audio-cached", "1000", "--image-input", "1000"]
    assert as_json(capsys, "gemini-2.5-flash", *words)["models"][0]["cost"] == "0.0014"
    words = ["--audio-output", "1000", "--image-output", "0"]
    assert as_json(capsys, "gpt-audio", *words)["models"][0]["cost"] == "0.064"


def test_what_is_not_known_is_told_by_words_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the price in the tier scale is not known" in said(capsys, "gpt-5", "--tier", "scale", code=1)
    assert said(capsys, "gpt-5", "--audio-input", "5", code=1).endswith("  5 audio input: not known\n")
    assert as_json(capsys, "gpt-5", "--audio-input", "5", code=1)["models"][0]["cost"] is None
    assert "request, each  ?" in said(capsys, "sonar-pro")


def test_the_operator_s_price_counts(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = "\ncatalog: [{provider: openai, model: gpt-5, price: {input: 1, output: 2}}]"
    environment.write_text(environment.read_text("utf-8") + more, "utf-8")
    lines = said(capsys, "gpt-5", "--input", "1000").splitlines()
    assert lines[0] == "openai:gpt-5  $ per million tokens, from the configuration"
    assert lines[-1] == "  1,000 input: $0.001"


def test_the_cheapest(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--cheapest", "--capability", "tools", "--capability", "vision", "--limit", "3").splitlines()
    assert lines[0].startswith("$ of 1,000 input + 500 output, from litellm")
    assert len(lines) == 4
    assert all(re.fullmatch(r"  openai:\S+ +0\.\d+", line) for line in lines[1:])
    assert "  no model with a known price" in said(capsys, "--cheapest", "--provider", "ollama", code=1)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["gpt4o"], "outrider: no model gpt4o is known (did you mean gpt-4o"),
        (["gpt-4o", "--at", "soon"], "outrider: --at soon: a date or a time, 2026-12-01 or"),
        ([], "outrider: name a model, or say --cheapest"),
        (["gpt-4o", "--cheapest"], "outrider: a model or --cheapest, not both"),
        (
            ["gpt-4o", "--provider", "openai"],
            "outrider: --provider goes with --cheapest; a model of one provider is written",
        ),
        (["gpt-4o", "--capability", "tools"], "outrider: --capability goes with --cheapest"),
        (["--cheapest", "--capability", "visoin"], "outrider: --capability visoin: there is chat"),
    ],
)
def test_what_is_asked_wrongly(words: list[str], fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, *words, code=2).startswith(fault)


@pytest.mark.parametrize(
    "words", [["gpt-4o", "--input", "-5"], ["gpt-4o", "--input", "many"], ["gpt-4o", "--output", "1.5"]]
)
def test_a_count_is_a_whole_number(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["prices", *words])
    assert "prices: error: argument --" in capsys.readouterr().err


def test_a_faulty_configuration(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment.write_text("catalog: [{provider: mock, model: m, price: {input: -1}}]", "utf-8")
    assert "catalog[0].price.input is -1" in said(capsys, "gpt-4o", code=2)


def test_help_has_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["prices", "--help"])
    out = capsys.readouterr().out
    assert "outrider prices --cheapest --provider anthropic" in out
    assert "exit codes:" in out


def test_who_reads_may_go() -> None:
    command = f"{sys.executable} -m proxy prices --cheapest --limit 2000 | head -n 1"
    ran = subprocess.run(command, shell=True, capture_output=True, timeout=30, text=True, check=False)
    assert ran.stdout.startswith("$ of")
    assert ran.stderr == ""
