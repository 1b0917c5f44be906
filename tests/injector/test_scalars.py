"""Plain scalars mean what kubectl takes them for, and new texts are written so that nobody takes them for anything else."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given

from proxy.injector.scalars import Dumper, Loader, is_ambiguous
from tests.injector.yaml_texts import DATA, TEXTS, TRICKY


def load(text: str) -> Any:
    loader = Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def dump(value: Any) -> str:
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=2**30)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, True) for word in ("y", "Y", "yes", "YES", "true", "True", "on", "On")),
        *((word, False) for word in ("n", "N", "no", "No", "FALSE", "off", "OFF")),
        *((word, None) for word in ("~", "null", "Null", "")),
        *(("0755", 493), ("0o755", 493), ("0x1F", 31), ("0b101", 5), ("1_000", 1000), ("-7", -7), ("+7", 7), ("0", 0)),
        *(("1e3", 1000.0), ("1E-3", 0.001), ("5.", 5.0), (".5", 0.5), ("08", 8.0), ("1.5e+2", 150.0)),
        *(
            ("yEs", "yEs"),
            ("nil", "nil"),
            ("2001-01-01", "2001-01-01"),
            ("12:30:45", "12:30:45"),
            ("=", "="),
            ("1.2.3", "1.2.3"),
        ),
        *(
            ("'yes'", "yes"),
            ('"1"', "1"),
            ("!!str 1", "1"),
            ("10Mi", "10Mi"),
            ("0o8", "0o8"),
            ("1e", "1e"),
            ("e3", "e3"),
        ),
    ],
)
def test_plain_scalars(text: str, value: Any) -> None:
    found = load(text)
    assert found == value
    assert type(found) is type(value)


def test_keys_are_texts() -> None:
    assert load("{1: a, yes: b, ~: c, 1.5: d, on2: e}") == {"1": "a", "true": "b", "null": "c", "1.5": "d", "on2": "e"}


def test_merges() -> None:
    assert load("a: &a {x: 1, z: 2}\nb: {<<: *a, z: 3}") == {"a": {"x": 1, "z": 2}, "b": {"x": 1, "z": 3}}


@pytest.mark.parametrize("text", TRICKY)
def test_a_text_stays_a_text_for_kubectl_and_for_yaml_1_1(text: str) -> None:
    for value in (text, {"k": text}, {text: [text]}, [[text]]):
        assert load(dump(value)) == value
        assert yaml.safe_load(dump(value)) == value


@pytest.mark.parametrize(
    "text", ["0755", "yes", "1e3", "0o17", "y", "12:30", "2001-01-01", "~", "null", "1.2.3", "=", "<<"]
)
def test_what_is_ambiguous_stands_in_quotes(text: str) -> None:
    assert is_ambiguous(text)
    assert dump({"k": text}) == f'k: "{text}"\n'


@pytest.mark.parametrize(
    "text",
    [
        "web",
        "v1",
        "http://127.0.0.1:11411/v1",
        "/etc/outrider",
        "--config",
        "yesterday",
        "10Mi",
        "registry.example/a:1",
    ],
)
def test_what_is_plain_stays_plain(text: str) -> None:
    assert dump({"k": text}) == f"k: {text}\n"


def test_several_lines_are_a_block() -> None:
    assert dump({"k": "a\n  b\n"}) == "k: |\n  a\n    b\n"


@given(DATA)
def test_any_data_comes_back(value: Any) -> None:
    assert load(dump(value)) == value


@given(TEXTS)
def test_any_text_comes_back_from_yaml_1_1(text: str) -> None:
    assert yaml.safe_load(dump([text])) == [text]
