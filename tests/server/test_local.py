"""Who is heard: this machine, and of its browsers only the page that knows the token."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from proxy.server.local import JSON, TOKEN, Guard, is_local, is_loopback


def request_from(peer: str, host: str, origin: str | None = None) -> web.BaseRequest:
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    return make_mocked_request("POST", "/drain", headers).clone(remote=peer)


@pytest.mark.parametrize(
    ("peer", "host", "origin", "local"),
    [
        ("127.0.0.1", "127.0.0.1:11412", None, True),
        ("127.0.0.1", "localhost:11412", None, True),
        ("127.0.0.1", "localhost:11412", "http://localhost:11412", True),
        ("127.0.0.1", "localhost:11412", "http://localhost:8080", False),
        ("::1", "[::1]:11412", None, True),
        ("::ffff:127.0.0.1", "127.0.0.1", None, True),
        ("10.0.0.7", "127.0.0.1:11412", None, False),
        ("::ffff:10.0.0.7", "localhost", None, False),
        ("fe80::1%eth0", "localhost", None, False),
        ("", "localhost", None, False),
        ("127.0.0.1", "", None, False),
    ],
)
def test_local_means_from_here_and_for_here(peer: str, host: str, origin: str | None, local: bool) -> None:
    assert is_local(request_from(peer, host, origin)) is local


def test_what_is_no_address_is_not_loopback() -> None:
    assert not is_loopback("localhost")


def posted(headers: Mapping[str, str]) -> web.BaseRequest:
    return make_mocked_request("POST", "/drain", headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"User-Agent": "curl/8.5.0"},
        {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "curl/8.5.0"},
        {"Content-Type": JSON},
    ],
)
def test_programs_need_no_token(headers: Mapping[str, str]) -> None:
    assert Guard().refusal(posted(headers)) is None


@pytest.mark.parametrize(
    "browser",
    [
        {"Origin": "http://localhost:11412", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost:11412"},
        {"Sec-Fetch-Mode": "cors"},
        {"Referer": "http://localhost:11412/status"},
        {"User-Agent": "Mozilla/5.0 (X11)"},
    ],
)
def test_browsers_need_the_token_and_json(browser: Mapping[str, str]) -> None:
    guard, page = Guard(), {**browser, "Content-Type": JSON}
    assert guard.refusal(posted({**page, TOKEN: guard.token})) is None
    assert guard.refusal(posted({**page, TOKEN: Guard().token})) is not None
    assert guard.refusal(posted({**page, TOKEN: "\xe9"})) is not None
    assert guard.refusal(posted(page)) is not None
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert guard.refusal(posted({**browser, TOKEN: guard.token, "Content-Type": kind})) is not None
    assert guard.refusal(posted({**browser, TOKEN: guard.token})) is not None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_other_pages_are_not_heard_whatever_they_know(site: str) -> None:
    guard = Guard()
    assert guard.refusal(posted({"Sec-Fetch-Site": site, "Content-Type": JSON, TOKEN: guard.token})) is not None
