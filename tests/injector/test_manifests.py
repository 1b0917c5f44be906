"""Streams of documents: taken apart, put together, and refused where they cannot be trusted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.injector.manifests import Document, ManifestError, parts, read, written
from tests.injector.test_scalars import dump
from tests.injector.yaml_texts import DATA, TEXTS

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdef", "bcdefg", strict=True)
)


def together(text: str) -> str:
    return "".join(written(document, document.data) for document in (read(*part) for part in parts(text)))


def test_a_stream_of_json_objects_is_taken_apart() -> None:
    """As kubectl reads and `-o json` writes it; what is no such stream is left whole, for `read` to say what is wrong."""
    assert [read(*part).data for part in parts('{"a": 1}\n{"b": "{}"} {}\n')] == [{"a": 1}, {"b": "{}"}, {}]
    assert len(list(parts('{"a": 1}\n{"b": \n'))) == 1
    assert len(list(parts("{a: 1}\n"))) == 1
    assert len(list(parts('{"a":' * 99_999))) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a: 1", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("---\na: 1\n---\n---\nb: 2\n", 3),
        ("# only a comment\n---\n# Source: x.yaml\na: 1  # b\n", 2),
        ("--- {a: 1}\n--- # c\nb: 2\n---", 3),
        ("%YAML 1.1\n---\na: 1\n...\n", 2),
        ("a: |\n  x\n  ---\n  y\n---\r\nb: 2\r\n", 2),
        ("a: '--- x'\nb: ---x\n", 1),
        ('{"a": 1}\n---\n[1]\n', 2),
        ('{"a": 1}\n{"b": "{}"} {}\n', 3),
        ('\n{"a": 1}\n', 1),
        ('---\n{"a": 1}{"b": 1}\n---\nc: 1\n', 3),
    ],
)
def test_what_is_not_changed_comes_out_as_it_came(text: str, count: int) -> None:
    assert together(text) == text
    assert len(list(parts(text))) == count


def test_a_byte_order_mark_goes() -> None:
    assert together("\ufeffa: 1\n") == "a: 1\n"


@given(st.lists(DATA, max_size=4))
def test_any_documents(values: list[Any]) -> None:
    text = "".join(f"---\n{dump(value)}" for value in values)
    assert together(text) == text
    assert [read(*part).data for part in parts(text)] == values


@pytest.mark.parametrize(
    ("text", "separated", "result"),
    [
        ("# a\n\nk: 1  # gone\n", False, "# a\n\nk: 1\nnew: true\n"),
        ("\n# Source: x\nk: 1\n", True, "---\n# Source: x\nk: 1\nnew: true\n"),
        (" {k: 1}\n", True, "---\n{k: 1, new: true}\n"),
        (" # c\nk: 1", True, "--- # c\nk: 1\nnew: true\n"),
        ("k: 1\n...\n", False, "k: 1\nnew: true\n"),
        ('{"k": 1}', False, "k: 1\nnew: true\n"),
    ],
)
def test_what_is_changed_keeps_what_stands_before_it(text: str, separated: bool, result: str) -> None:
    document = read(text, separated)
    assert written(document, {**document.data, "new": True}) == result


@pytest.mark.parametrize("text", ["", "\n", "# a\n# b", "  \n\t\n", "%YAML 1.2\n", " # a"])
def test_what_is_empty(text: str) -> None:
    assert read(text) == Document(text, False, None, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not valid YAML, line "),
        ("a: 1\n b: 2\n", "not valid YAML, line 2 of it: "),
        ("a: 1\n---x: [\n", "not valid YAML, line 3 of it: "),
        ("a: 1\n...\nb: 2\n", "not valid YAML, line "),
        ("a: *b\n", "not valid YAML, line 1 of it: found undefined alias"),
        ("a: 1\nb: 2\na: 3\n", "the key 'a' comes twice, line 3 of it"),
        ("x:\n  1: a\n  '1': b\n", "the key '1' comes twice, line 3 of it"),
        ("a: &a [*a]\n", "an alias that leads back to itself, line 1 of it"),
        ("&a k: &b {x: {y: *b}}\n", "an alias that leads back to itself, line 1 of it"),
        (LAUGHS, "it has more than 1000000 nodes"),
        ("a: !!binary aGk=\n", "the tag !!binary has no place in a manifest, line 1 of it"),
        ("a: 1\nb: !Ref x\n", "the tag !Ref has no place in a manifest, line 2 of it"),
        ("? [a]\n: b\n", "not valid YAML, line 1 of it: a key that is no text"),
        ("a: 0o_\n", "not valid YAML: "),
        ("a: \x01\n", "not valid YAML"),
        ("a: .inf\n", "a number that JSON has not, line 1 of it"),
        ("a: 1\nb: [-.Inf]\n", "a number that JSON has not, line 2 of it"),
        ("a: .NaN\n", "a number that JSON has not, line 1 of it"),
        ("a: 1e999\n", "a number that JSON has not, line 1 of it"),
        ('{"a": 1e999}', "a number that JSON has not, line 1 of it"),
        ("[" * 100_000 + "]" * 100_000, "it is nested deeper than 200 levels, line 1 of it"),
        ("- " * 201 + "x", "it is nested deeper than 200 levels, line 1 of it"),
        ('{"a": NaN, "a": 1}', "the key 'a' comes twice"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read(text)
    assert str(caught.value).startswith(words)
    assert len(str(caught.value)) < 300


@given(st.text() | TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    for part in parts(text):
        try:
            document = read(*part)
        except ManifestError:
            continue
        assert written(document, document.data).endswith(part[0])
