"""Tokens in a directory: who has one, what of a directory counts, and what is said of the rest."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from proxy.call import Failure
from proxy.server import callers
from proxy.server.callers import CREDENTIALS, MOST_CALLERS, MOST_TOKENS, Callers, read_listing, settled, stamp_of

ONE, TWO, THREE = (f"token-of-{name}-0123456789" for name in ("one", "two", "three"))


def nothing(token: str) -> None: ...


async def known(folder: Path, **tokens: str) -> Callers:
    for name, text in tokens.items():
        (folder / name).write_text(text, "latin-1")
    found = Callers(folder, nothing, nothing)
    await found.look()
    return found


def refusal(found: Callers, headers: dict[str, str]) -> Failure:
    with pytest.raises(Failure) as caught:
        found.name_of(headers)
    assert (caught.value.kind, caught.value.status) == ("unauthenticated", 401)
    assert ("www-authenticate", 'Bearer realm="outrider"') in caught.value.headers
    return caught.value


# ---- who is there


@pytest.mark.parametrize("header", CREDENTIALS)
async def test_a_token_in_the_header_of_any_sdk(header: str, tmp_path: Path) -> None:
    found = await known(tmp_path, one=ONE + "\n", two=TWO)
    for name, token in (("one", ONE), ("two", TWO)):
        value = f"Bearer {token}" if header == "authorization" else token
        assert found.name_of({header: value}) == name
        refusal(found, {header: value + "x"})


async def test_any_of_the_headers_will_do(tmp_path: Path) -> None:
    """An SDK that signs in its own way sends the token beside a placeholder."""
    found = await known(tmp_path, one=ONE)
    assert found.name_of({"authorization": "Bearer sidecar-managed", "x-api-key": ONE}) == "one"
    assert found.name_of({"authorization": "AWS4-HMAC-SHA256 Credential=x", "api-key": ONE}) == "one"
    assert found.name_of({"authorization": f"bEARER  {ONE}"}) == "one"


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", f"Basic {ONE}", ONE, f"Bearer {ONE} {ONE}", "Bearer \udcff"]
)
async def test_what_is_no_token(value: str, tmp_path: Path) -> None:
    refusal(await known(tmp_path, one=ONE), {"authorization": value})


async def test_a_refusal_says_what_is_missing_and_never_a_token(tmp_path: Path) -> None:
    found = await known(tmp_path, one=ONE)
    none, wrong = refusal(found, {}), refusal(found, {"api-key": TWO})
    nobody = refusal(await known(tmp_path / "absent"), {"api-key": TWO})
    assert "a token is needed" in none.detail
    assert (wrong.detail, wrong.code) == ("the token is not one of those that are let in", "unknown_token")
    assert "no token is set up" in nobody.detail
    assert TWO not in f"{wrong}{nobody}"


# ---- what counts


async def test_two_tokens_of_one_caller(tmp_path: Path) -> None:
    """So that one can be given out before the other is taken away."""
    found = await known(tmp_path, one=f"{ONE}\r\n\n  {TWO}  \n")
    assert [found.name_of({"api-key": token}) for token in (ONE, TWO)] == ["one", "one"]
    assert (set(found.names), found.faults) == ({"one"}, ())


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"one": ""}, "one holds no token"),
        ({"one": "short"}, "line 1 of one is no token: 16 to 4096 letters, digits"),
        ({"one": f"{ONE}\nwith a space in the middle"}, "line 2 of one is no token"),
        ({"a": ONE, "b": ONE}, "line 1 of b is the token of a, whose it stays"),
        ({"b d": ONE}, "'b d' is no name of a caller"),
        ({}, "nobody is let in: .* holds no token"),
    ],
)
def test_what_is_wrong_is_told_in_words(files: dict[str, str], fault: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, "latin-1")
    listing = read_listing(tmp_path)
    assert any(re.match(fault, each) for each in listing.faults), listing.faults
    assert ONE not in "".join(listing.faults)


def test_a_file_that_cannot_be_read_is_its_callers_affair_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "one").write_text(ONE, "latin-1")
    listing = read_listing(tmp_path)
    assert (dict(listing.names), listing.faults) == ({ONE: "one"}, ("folder cannot be read (Is a directory)",))


def test_so_many_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("\n".join(f"{ONE}-{number}" for number in range(MOST_TOKENS + 1)), "latin-1")
    for number in range(MOST_CALLERS):
        (tmp_path / f"b{number}").write_text(TWO, "latin-1")
    listing = read_listing(tmp_path)
    assert len(listing.names) == MOST_TOKENS
    assert f"only the first {MOST_CALLERS} of {MOST_CALLERS + 1} files count, by name" in listing.faults


def test_a_directory_that_is_not_there_lets_nobody_in(tmp_path: Path) -> None:
    listing = read_listing(tmp_path / "absent")
    assert not listing.names
    assert listing.faults == (f"nobody is let in: {tmp_path}/absent cannot be read (No such file or directory)",)


# ---- changes


async def test_files_that_come_change_and_go(tmp_path: Path) -> None:
    found = await known(tmp_path, one=ONE)
    (tmp_path / "two").write_text(TWO, "latin-1")
    await found.look()
    assert found.name_of({"api-key": TWO}) == "two"
    (tmp_path / "two").write_text(THREE, "latin-1")
    await found.look()
    assert found.name_of({"api-key": THREE}) == "two"
    refusal(found, {"api-key": TWO})
    (tmp_path / "two").unlink()
    await found.look()
    refusal(found, {"api-key": THREE})
    assert found.name_of({"api-key": ONE}) == "one"


def mount(folder: Path, version: str, **tokens: str) -> None:
    """As kubelet does: a new folder, and the link to it swapped at once."""
    (folder / version).mkdir(parents=True)
    for name, token in tokens.items():
        (folder / version / name).write_text(token, "latin-1")
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..new").symlink_to(version)
    (folder / "..new").rename(folder / "..data")


async def test_a_mounted_secret_that_is_replaced(tmp_path: Path) -> None:
    mount(tmp_path, "..1", one=ONE)
    found = await known(tmp_path)
    assert found.name_of({"api-key": ONE}) == "one"
    before = stamp_of(tmp_path)
    mount(tmp_path, "..2", one=TWO)
    assert stamp_of(tmp_path) != before
    await found.look()
    assert found.name_of({"api-key": TWO}) == "one"
    refusal(found, {"api-key": ONE})
    assert found.faults == ()


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who has a token is refused because a file was missing for a moment."""
    mount(tmp_path, "..1", one=ONE)
    read, times = read_listing, 0

    def swapped(directory: Path) -> callers.Listing:
        nonlocal times
        times += 1
        if times == 1:
            listing = callers.Listing({}, ("half of it",))
            mount(tmp_path, "..2", one=TWO)
            return listing
        return read(directory)

    monkeypatch.setattr(callers, "read_listing", swapped)
    assert (dict(settled(tmp_path).names), times) == ({TWO: "one"}, 2)


def test_a_link_that_leads_nowhere_hides_no_change(tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to("nothing")
    before = stamp_of(tmp_path)
    (tmp_path / "one").write_text(ONE, "latin-1")
    assert stamp_of(tmp_path) != before


async def test_tokens_are_hidden_as_long_as_they_hold(tmp_path: Path) -> None:
    hidden: list[str] = []
    (tmp_path / "one").write_text(ONE, "latin-1")
    found = Callers(tmp_path, hidden.append, hidden.remove)
    await found.look()
    assert hidden == [ONE]
    os.unlink(tmp_path / "one")
    (tmp_path / "two").write_text(TWO, "latin-1")
    await found.look()
    assert hidden == [TWO]


@pytest.mark.parametrize(
    "text", ["x" * 15, "x" * 4097, "sixteen chars ok!", '"quoted-0123456789"', "padded=in=the=middle", "é" * 16]
)
def test_what_no_bearer_can_be(text: str, tmp_path: Path) -> None:
    (tmp_path / "one").write_text(text, "latin-1")
    assert not read_listing(tmp_path).names


@pytest.mark.parametrize("text", ["x" * 16, "x" * 4096, "AZaz09-._~+/0123=="])
def test_what_a_bearer_can_be(text: str, tmp_path: Path) -> None:
    (tmp_path / "one").write_text(text, "latin-1")
    assert dict(read_listing(tmp_path).names) == {text: "one"}
