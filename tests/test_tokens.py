"""Exact counts by tiktoken's tables: from files only, whole or not at all, and without holding up the loop.

The tables of OpenAI are megabytes and are not here. A small one of ours stands in for them, under tiktoken's own constructors,
whose hash is then the small one's.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from tiktoken_ext import openai_public  # type: ignore[import-untyped]

import proxy.tokens
from proxy.call import Call, Target
from proxy.estimate import prompt_tokens
from proxy.estimate.families import family_of
from proxy.tokens import INLINE, VARIABLES, Counter, TablesError, table_in
from tests.policies.clocked import call_to

BASE = "https://openaipublic.blob.core.windows.net/encodings/"
TOKENS = [
    *(bytes([byte]) for byte in range(256)),
    b"he",
    b"ll",
    b"hell",
    b"hello",
    b" w",
    b"or",
    b"ld",
    b" wor",
    b" world",
]
TABLE = b"\n".join(b"%b %d" % (b64encode(token), rank) for rank, token in enumerate(TOKENS)) + b"\n"
HELLO = "hello world"  # two tokens of that table


def constructor(name: str, table: bytes) -> Callable[[], dict[str, Any]]:
    """As tiktoken has it, for another table."""
    source = f"""
def {name}():
    ranks = load_tiktoken_bpe("{BASE}{name}.tiktoken", expected_hash="{sha256(table).hexdigest()}")
    return {{"name": "{name}", "pat_str": r" ?[a-z]+|.", "mergeable_ranks": ranks, "special_tokens": {{"<|x|>": 999}}}}
"""
    space: dict[str, Any] = {"load_tiktoken_bpe": None}
    exec(source, space)
    made: Callable[[], dict[str, Any]] = space[name]
    return made


@pytest.fixture(autouse=True)
def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("o200k_base", "cl100k_base"):
        monkeypatch.setattr(openai_public, name, constructor(name, TABLE))
    monkeypatch.setattr(proxy.tokens, "LOADED", {})

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is fetched")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("o200k_base", "cl100k_base"):
        (tmp_path / sha1(f"{BASE}{name}.tiktoken".encode()).hexdigest()).write_bytes(TABLE)
    return tmp_path


def call_of(model: str, text: str = HELLO, body: bytes = b"") -> Call:
    call = call_to(json={"messages": [{"role": "user", "content": text}]})
    call.target, call.body = Target("up", model, None), body
    return call


def around(model: str) -> int:
    return family_of(model).message + family_of(model).prompt


@pytest.mark.parametrize(
    ("model", "fits"), [("gpt-4o", True), ("gpt-4", True), ("claude-opus-5", False), ("fast", False)]
)
async def test_a_call_is_counted_where_the_model_has_such_a_tokenizer(model: str, fits: bool, folder: Path) -> None:
    counter, call = Counter(str(folder), {}), call_of(model)
    assert counter.fits(call) is fits
    if fits:
        await counter.count_aside(call)
        assert call.tokens == 2 + around(model) == prompt_tokens(call)


def test_the_folder_is_said_by_the_environment_too(folder: Path) -> None:
    for name in VARIABLES:
        assert Counter(None, {name: str(folder)}).fits(call_of("gpt-4o"))
    with pytest.raises(TablesError, match=r"neither tokens\.tables nor TIKTOKEN_CACHE_DIR"):
        Counter(None, {})


def test_a_table_may_have_the_name_of_what_is_downloaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "o200k_base.tiktoken").write_bytes(TABLE)
    with caplog.at_level(logging.WARNING):
        counter = Counter(str(tmp_path), {})
    assert (counter.fits(call_of("gpt-4o")), counter.fits(call_of("gpt-4"))) == (True, False)
    assert [record.__dict__["table"] for record in caplog.records] == ["cl100k_base"]


def test_without_any_table_there_is_no_counter(tmp_path: Path) -> None:
    with pytest.raises(TablesError, match="neither o200k_base nor cl100k_base"):
        Counter(str(tmp_path), {})


@pytest.mark.parametrize("data", [TABLE + b"\n", TABLE[:-40], b""])
def test_a_damaged_table_is_refused_and_left_alone(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "o200k_base.tiktoken"
    path.write_bytes(data)
    with pytest.raises(TablesError, match="o200k_base is damaged"):
        Counter(str(tmp_path), {})
    assert path.read_bytes() == data


@pytest.mark.parametrize("table", [b"no base64 1\n", b"YQ==\n", b"YQ== x\n"])
def test_a_table_that_is_none_is_refused(table: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_public, "o200k_base", constructor("o200k_base", table))
    (tmp_path / "o200k_base.tiktoken").write_bytes(table)
    with pytest.raises(TablesError, match="o200k_base cannot be read"):
        Counter(str(tmp_path), {})


def test_a_table_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "o200k_base.tiktoken").mkdir()
    with pytest.raises(TablesError, match=r"o200k_base\.tiktoken cannot be read: Is a directory"):
        Counter(str(tmp_path), {})


def test_without_the_package_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken_ext", None)
    with pytest.raises(TablesError, match=r"pip install outrider\[tiktoken\]"):
        Counter(str(folder), {})


def test_a_reload_has_the_same_table_already(folder: Path) -> None:
    assert table_in(folder, "o200k_base") is table_in(folder, "o200k_base")
    (folder / sha1(f"{BASE}o200k_base.tiktoken".encode()).hexdigest()).write_bytes(b"")
    with pytest.raises(TablesError, match="damaged"):
        table_in(folder, "o200k_base")


async def test_a_large_call_is_counted_aside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asides: list[Call] = []
    aside = asyncio.to_thread

    async def to_thread(count: Callable[[Call], None], call: Call) -> None:
        asides.append(call)
        await aside(count, call)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    counter = Counter(str(folder), {})
    small, large = call_of("gpt-4o", body=b"x" * INLINE), call_of("gpt-4o", HELLO * 1000, b"x" * (INLINE + 1))
    for call in (small, large):
        await counter.count_aside(call)
    assert asides == [large]
    assert (small.tokens, large.tokens) == (2 + around("gpt-4o"), 2000 + around("gpt-4o"))


def test_a_text_without_end_is_estimated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weigh = table_in(folder, "o200k_base")
    assert weigh is not None
    assert weigh("\ud800 <|x|>") > 3  # half a character, and what looks like a special token
    monkeypatch.setattr(proxy.tokens, "LONGEST", 10)
    assert weigh(HELLO) != 2
    assert weigh("hello") == 1
