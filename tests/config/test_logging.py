"""The section `logging`: what it allows, what it refuses and in which words, and that content is off unless it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from proxy.config import ConfigError, load, schema
from proxy.config.logging import EVERYTHING, MOST_PATTERNS, Content, Logging, Personal, Sample
from proxy.logs.pii import SORTS


def logging(tmp_path: Path, section: Any) -> Logging:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"logging": section}), "utf-8")
    return load(str(path), {}).logging


def test_what_it_is_where_nothing_is_said(tmp_path: Path) -> None:
    asked = logging(tmp_path, {})
    assert (asked.format, asked.level, asked.file, asked.sample) == ("json", "info", None, Sample())
    assert (asked.content.prompts, asked.content.answers, asked.content.limit) == (False, False, 2000)


def test_everything_that_may_be_said(tmp_path: Path) -> None:
    content = {
        "prompts": True,
        "answers": True,
        "limit": 100,
        "redact": ["mail"],
        "patterns": {"employee": "EMP-[0-9]+"},
    }
    section = {"format": "logfmt", "level": "debug", "file": "log", "sample": {"success": 0.1}, "content": content}
    asked = logging(tmp_path, section)
    assert (asked.format, asked.level, asked.file) == ("logfmt", "debug", str(tmp_path / "log"))
    assert asked.sample == Sample(success=0.1, failure=1.0)
    assert asked.content == Content(
        prompts=True, answers=True, limit=100, redact=("mail",), patterns={"employee": "EMP-[0-9]+"}
    )


def test_all_that_is_personal_goes_unless_somebody_says_otherwise() -> None:
    assert get_args(Personal) == EVERYTHING
    assert set(EVERYTHING) == set(SORTS)
    assert Content(prompts=True).redact == EVERYTHING


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"format": "xml"}, "logging.format is 'xml'; allowed: json, logfmt, console, auto"),
        ({"format": "jsno"}, "(did you mean json?)"),
        ({"level": "trace"}, "logging.level is 'trace'; allowed: debug, info, warning, error"),
        ({"file": ""}, "logging.file is ''; allowed: the path of a file that can be written"),
        ({"file": "/var/log/"}, "logging.file is '/var/log/'; allowed: the path of a file"),
        ({"file": 5}, "logging.file is 5; allowed: the path of a file"),
        ({"file": "a\0b"}, "logging.file is 'a\\x00b'; allowed: the path of a file"),
        ({"sample": {"success": 1.5}}, "logging.sample.success is 1.5; allowed: a share, 0 to 1"),
        ({"sample": {"failure": -1}}, "logging.sample.failure is -1; allowed: a share, 0 to 1"),
        ({"sample": 0.1}, "logging.sample is a scalar; allowed: a mapping"),
        ({"content": {"prompt": True}}, "logging.content.prompt is an unknown key"),
        ({"content": {"prompts": "yes"}}, "logging.content.prompts is 'yes'; allowed: true or false"),
        (
            {"content": {"limit": 4001}},
            "logging.content.limit is 4001; allowed: a whole number of characters, 1 to 4000",
        ),
        ({"content": {"redact": ["cards"]}}, "logging.content.redact[0] is 'cards'; allowed: mail, phone, card"),
        ({"content": {"patterns": ["x"]}}, "logging.content.patterns is a list of 1; allowed: a mapping of at most 20"),
        ({"content": {"patterns": {"A b": "x"}}}, "logging.content.patterns[0] is no such name"),
        ({"content": {"patterns": {"a": 5}}}, "logging.content.patterns.a is 5; allowed: a pattern of at most 500"),
        ({"content": {"patterns": {"a": "("}}}, "logging.content.patterns.a is '('; allowed: a regular expression"),
        (
            {"content": {"patterns": {"a": "(a+)+b"}}},
            "logging.content.patterns.a is '(a+)+b'; allowed: a pattern whose repeats",
        ),
        (
            {"content": {"patterns": {f"p{n}": "x" for n in range(MOST_PATTERNS + 1)}}},
            "allowed: a mapping of at most 20",
        ),
    ],
)
def test_what_it_refuses_is_named(section: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        logging(tmp_path, section)
    assert said in str(caught.value)


def test_editors_know_it() -> None:
    section = schema()["$defs"]
    assert section["Logging"]["properties"]["format"]["enum"] == ["auto", "console", "json", "logfmt"]
    assert section["Content"]["properties"]["patterns"]["additionalProperties"] == {"type": "string"}
