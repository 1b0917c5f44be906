"""The template in use: another one at once, a bad one never."""

from __future__ import annotations

import json
import logging
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from proxy.injector.reread import Template
from proxy.injector.template import TemplateError

TEMPLATE: dict[str, Any] = json.loads(resources.files("proxy.injector").joinpath("template.json").read_text("utf-8"))


def write(file: Path, **changes: object) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps({**TEMPLATE, **changes}))
    new.replace(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "template.json"
    write(found)
    return found


def counting(file: Path) -> tuple[Template, Counter[str]]:
    reports: Counter[str] = Counter()

    def report(result: str) -> None:
        reports[result] += 1

    return Template(file, report), reports


def test_another_template_is_used_when_it_is_there(file: Path) -> None:
    template, reports = counting(file)
    template.look()
    assert template.current == TEMPLATE
    write(file, chart="outrider-0.2.0")
    template.look()
    template.look()
    assert template.current["chart"] == "outrider-0.2.0"
    assert reports == {"ok": 1}


@pytest.mark.parametrize("change", [{"apiVersion": "outrider.dev/v2"}, {"port": "x"}, {"container": None}])
def test_a_bad_one_is_told_once_and_the_last_good_one_kept(
    file: Path, change: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    template, reports = counting(file)
    write(file, **change)
    template.look()
    template.look()
    assert template.current == TEMPLATE
    assert reports == {"refused": 1}
    assert next(iter(change)) in caplog.text
    write(file, chart="later")
    template.look()
    assert template.current["chart"] == "later"


def test_a_file_that_vanishes_is_no_reason_to_forget(file: Path) -> None:
    template, reports = counting(file)
    file.unlink()
    template.look()
    assert template.current == TEMPLATE
    assert reports == {"refused": 1}


def test_without_a_good_one_to_begin_with_there_is_none(tmp_path: Path, file: Path) -> None:
    with pytest.raises(TemplateError, match="cannot be read: No such file"):
        counting(tmp_path / "absent.json")
    write(file, apiVersion="outrider.dev/v2")
    with pytest.raises(TemplateError, match=r"outrider.dev/v2"):
        counting(file)
