"""Each sort of value, good and bad; and nothing that is said about a key says the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.decode import ConfigError
from proxy.config.values import (
    LONGEST_KEY,
    Delay,
    HeaderName,
    Host,
    ProviderName,
    Secret,
    Sources,
    read_base_url,
    read_delay,
    read_header_value,
    read_key,
    read_size,
)

NOWHERE = Sources({}, Path("/nowhere"))


def refusal(read: Any, value: Any, sources: Sources = NOWHERE) -> str:
    with pytest.raises(ConfigError) as caught:
        read(value, "p", sources)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "size"), [(1, 1), (65536, 65536), ("7", 7), ("32Ki", 32768), ("64Mi", 64 << 20), ("1Gi", 1 << 30)]
)
def test_sizes(value: Any, size: int) -> None:
    assert read_size(value, "p", NOWHERE) == size


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (-1, "-1"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "empty"),
        ("", "''"),
        ("64MB", "'64MB'"),
        ("64mi", "'64mi'"),
        (" 1", "' 1'"),
        ("1\n", "'1\\n'"),
        ("0Ki", "'0Ki'"),
        ("٣Ki", "'٣Ki'"),
        (10**4000, "a very large number"),
        (["1"], "a list of 1"),
    ],
)
def test_what_is_no_size(value: Any, said: str) -> None:
    expected = f"p is {said}; allowed: bytes as a whole number above 0, or one with Ki, Mi or Gi behind it"
    assert refusal(read_size, value) == expected


@pytest.mark.parametrize(
    ("value", "delay"), [(0, (0, 0)), (2.5, (2.5, 2.5)), ([100, 200], (100, 200)), ([0, 600_000], (0, 600_000))]
)
def test_delays(value: Any, delay: tuple[float, float]) -> None:
    assert read_delay(value, "p", NOWHERE) == Delay(*delay)


def test_a_delay_in_seconds() -> None:
    assert Delay(100, 200).seconds == (0.1, 0.2)


@pytest.mark.parametrize(
    "value", [-1, 600_001, [2, 1], [1], [1, 2, 3], ["1", "2"], "5", True, None, {}, float("nan"), [0, float("inf")]]
)
def test_what_is_no_delay(value: Any) -> None:
    assert refusal(read_delay, value).endswith("; allowed: milliseconds, 0 to 600000, or [low, high] of such")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("http://vllm:8000/v1", "http://vllm:8000/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("HTTPS://Host", "HTTPS://Host"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_addresses(value: str, kept: str) -> None:
    assert read_base_url(value, "p", NOWHERE) == kept


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("ftp://x", "'ftp://x'"),
        ("vllm:8000/v1", "'vllm:8000/v1'"),
        ("http://", "'http://'"),
        ("http:///v1", "'http:///v1'"),
        ("http://h:99999", "'http://h:99999'"),
        ("http://h:0", "'http://h:0'"),
        ("http://h:x", "'http://h:x'"),
        ("http://[::1", "'http://[::1'"),
        ("http://h/a b", "'http://h/a b'"),
        ("http://h\n/v1", "'http://h\\n/v1'"),
        ("http://h\\@evil", "'****@evil'"),
        ("http://häuser", "'http://häuser'"),
        ("http://h/v1?key=s3cret", "'http://h/v1?****'"),
        ("http://h/v1?", "'http://h/v1?****'"),
        ("http://h/#s3cret", "'http://h/?****'"),
        ("http://user:s3cret@h/v1", "'****@h/v1'"),
        ("http://user:s3@cr\net@h/v1", "'****@h/v1'"),
        ("", "''"),
        (5, "5"),
        (None, "empty"),
    ],
)
def test_what_is_no_address(value: Any, said: str) -> None:
    expected = f"p is {said}; allowed: http:// or https:// and a host; no credentials, query, fragment"
    assert refusal(read_base_url, value) == expected


@pytest.mark.parametrize("value", ["", "a", "Bearer x", "a\tb", " padded "])
def test_header_values(value: str) -> None:
    assert read_header_value(value, "p", NOWHERE).value == value.strip()


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\n", "\0", "ä", 5, None, ["x"]])
def test_what_is_no_header_value(value: Any) -> None:
    expected = "p is ****; allowed: a string of visible ASCII characters, spaces and tabs (quote a number)"
    assert refusal(read_header_value, value) == expected


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            Host,
            ["127.0.0.1", "::1", "fe80::1%eth0", "localhost", "a-b.c"],
            ["", "a b", "[::1]", "-x", "h/", "h\n", "*"],
        ),
        (ProviderName, ["openai", "my-own_1.2", "1", "a" * 32], ["", "a:b", "a/b", ".a", "a" * 33, "a\n", "ä"]),
        (
            HeaderName,
            ["x-team", "X_Team", "authorization", "hosts", "tea"],
            ["", "a b", "a:", "a\n", "ä", "host", "Host", "CONTENT-LENGTH", "Transfer-Encoding", "te", "connection"],
        ),
    ],
)
def test_names(kind: Any, good: list[str], bad: list[str]) -> None:
    assert [msgspec.convert(name, kind) for name in good] == good
    for name in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(name, kind)


def test_a_key_by_value_from_the_environment_and_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "one").write_text("\n sk-file \n", "utf-8")
    sources = Sources({"ONE": " sk-env\n"}, tmp_path)
    absolute = str(tmp_path / "keys" / "one")
    found = [
        read_key(written, "p", sources)
        for written in (" sk-here ", {"env": "ONE"}, {"file": "keys/one"}, {"file": absolute})
    ]
    assert [(key.value, key.origin) for key in found] == [
        ("sk-here", "configuration file"),
        ("sk-env", "ONE"),
        ("sk-file", "file keys/one"),
        ("sk-file", f"file {absolute}"),
    ]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (5, "p is ****; allowed: a string, {env: NAME} or {file: PATH}"),
        ([], "p is ****; allowed: a string, {env: NAME} or {file: PATH}"),
        ({}, "p is ****; allowed: a string, {env: NAME} or {file: PATH}"),
        ({"env": "A", "file": "b"}, "p is ****; allowed: a string, {env: NAME} or {file: PATH}"),
        ({"enw": "A"}, "p is ****; allowed: a string, {env: NAME} or {file: PATH}"),
        ({"env": None}, "p is ****; allowed: a string, {env: NAME} or {file: PATH}"),
        ({"sk-1234": None}, "p is ****; allowed: a string, {env: NAME} or {file: PATH}"),
        ("", "p is empty; allowed: a key of visible ASCII characters"),
        ({"env": "ABSENT"}, "p.env is 'ABSENT' (not set); allowed: the name of an environment variable that is set"),
        ({"env": "BLANK"}, "p.env is 'BLANK' (not set); allowed: the name of an environment variable that is set"),
        ({"env": "sk-1234"}, "p.env is ****; allowed: the name of an environment variable"),
        (
            {"file": "none"},
            "p.file is 'none' (No such file or directory); allowed: a file that can be read and holds the key",
        ),
        ({"file": "."}, "p.file is '.' (Is a directory); allowed: a file that can be read and holds the key"),
        ({"file": "a\0"}, "p.file is 'a\\x00' (not a path); allowed: a file that can be read and holds the key"),
        ({"file": "blank"}, "p.file is empty; allowed: a key of visible ASCII characters"),
    ],
)
def test_what_is_no_key(tmp_path: Path, written: Any, text: str) -> None:
    (tmp_path / "blank").write_text(" \n", "utf-8")
    assert refusal(read_key, written, Sources({"BLANK": " "}, tmp_path)) == text


@pytest.mark.parametrize("key", ["sk-a b", "sk-a\nb", "sk-\x01", "sk-ä", "s" * (LONGEST_KEY + 1)])
@pytest.mark.parametrize(("written", "path"), [(None, "p"), ({"env": "K"}, "p.env"), ({"file": "k"}, "p.file")])
def test_a_key_that_no_header_could_carry(tmp_path: Path, key: str, written: Any, path: str) -> None:
    (tmp_path / "k").write_text(key, "utf-8")
    assert refusal(read_key, written or key, Sources({"K": key}, tmp_path)) == (
        f"{path} is **** (too long, or it holds a space, a line break or the like);"
        " allowed: a key of visible ASCII characters"
    )


@given(st.text().map(lambda text: f"sk-s3cr3t{text}"))
def test_nothing_said_about_a_key_says_the_key(key: str) -> None:
    sources = Sources({"K": key}, Path("/nowhere"))
    said = [said_of(written, sources) for written in (key, {"env": "K"}, {"env": key}, {key: None}, [key])]
    assert len(said) == 5
    assert "s3cr3t" not in "".join(said)


def said_of(written: Any, sources: Sources) -> str:
    try:
        secret = read_key(written, "p", sources)
    except ConfigError as error:
        return f"{error!r} {error}"
    assert "s3cr3t" in secret.value
    return f"{secret} {secret!r} {[secret]} {secret.origin}"


@pytest.mark.parametrize(
    ("key", "masked"), [("", "****"), ("sk-1234567890123", "****"), ("sk-12345678901234", "sk-…1234")]
)
def test_only_a_long_key_is_recognisable(key: str, masked: str) -> None:
    assert Secret(key, "here").masked == masked


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a", "here") == Secret("a", "there")
    assert Secret("a", "here") != Secret("b", "here")
    assert len({Secret("a", "here"), Secret("a", "there")}) == 1
