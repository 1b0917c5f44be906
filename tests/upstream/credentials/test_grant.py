"""Answers of token endpoints: good ones, refusals, and what is no answer at all."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.upstream.credentials import grant
from proxy.upstream.credentials.ask import Answer, Asker
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.grant import granted, moment, safe, said_in, text_in, token_in, told
from tests.upstream.credentials.token_server import NOW, Answered, Files, TokenServer, holds_no_secret


def wall() -> float:
    return NOW


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ({"expires_in": 3599}, NOW + 3599),
        ({"expires_in": "3599", "expires_on": "1"}, NOW + 3599),
        ({"expires_on": "1800086400"}, 1_800_086_400.0),
        ({"expires_on": "09/14/2030 00:00:00"}, None),
        ({"expires_in": True}, None),
        ({}, None),
    ],
)
def test_how_long_it_holds_is_told_in_several_ways(said: dict[str, Any], end: float | None) -> None:
    assert token_in({"access_token": "t", **said}, "there", NOW) == Token("t", end)


@pytest.mark.parametrize("token", [None, "", 5, "a b", "a\r\nx-evil: 1", "é", ["t"]])
def test_what_does_not_go_into_a_header_is_no_token(token: Any) -> None:
    with pytest.raises(Unavailable, match=r"^there answered without a usable access_token$"):
        token_in({"access_token": token}, "there", NOW)


@pytest.mark.parametrize(
    ("status", "body", "reason", "lasting"),
    [
        (
            400,
            b'{"error":"invalid_grant","error_description":"expired\\n or so"}',
            " (invalid_grant: expired or so)",
            True,
        ),
        (403, b'{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no"}}', " (PERMISSION_DENIED: no)", True),
        (403, b'{"error":{"code":403,"message":"no"}}', " (403: no)", True),
        (429, b"{}", "", False),
        (500, b"<html>", "", False),
        (503, b'["x"]', "", False),
        (302, b"", "", True),
        (400, b'{"error":"bad","error_description":"got canary-secret"}', " (bad: got [...])", True),
        (400, b'{"error_description":"\\u001b[31m"}', " (?[31m)", True),
    ],
)
def test_a_refusal_is_told_in_its_own_words(status: int, body: bytes, reason: str, lasting: bool) -> None:
    with pytest.raises(Unavailable) as raised:
        said_in(Answer(status, {}, body), "there", ["canary-secret"])
    assert (str(raised.value), raised.value.lasting) == (f"there answered {status}{reason}", lasting)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"t"'])
def test_a_good_status_with_something_else_is_no_answer(body: bytes) -> None:
    with pytest.raises(Unavailable, match=r"^there answered with no JSON object$"):
        said_in(Answer(200, {}, body), "there", ())


async def test_a_question_is_a_form_and_an_echo_of_it_is_not_repeated(server: TokenServer, asker: Asker) -> None:
    server.answers["/token"] = Answered(200, {"access_token": "t", "expires_in": 60})
    assert await granted(asker, server.url("/token"), {"a": "b c&d"}, wall) == Token("t", NOW + 60)
    assert server.asked[0].form == {"a": "b c&d"}
    assert server.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    server.answers["/token"] = lambda asked: Answered(
        401, {"error": asked.form["client_secret"], "error_description": asked.headers["authorization"]}
    )
    with pytest.raises(Unavailable) as raised:
        await granted(
            asker, server.url("/token"), {"client_secret": "canary-secret"}, wall, authorization="Basic canary-header"
        )
    assert holds_no_secret(str(raised.value))


@pytest.mark.parametrize(("status", "asked"), [(429, 3), (500, 3), (503, 3), (400, 1), (403, 1), (302, 1), (404, 1)])
async def test_what_passes_by_itself_is_asked_again_and_a_refusal_is_not(
    server: TokenServer, asker: Asker, status: int, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grant, "PAUSES", (0.0, 0.0))
    server.answers["/token"] = Answered(status)
    with pytest.raises(Unavailable, match=f"answered {status}$"):
        await granted(asker, server.url("/token"), {"a": "b"}, wall)
    assert len(server.asked) == asked
    server.answers["/token"] = lambda question: Answered(
        *((503,) if len(server.asked) < asked + 2 else (200, {"access_token": "t"}))
    )
    assert (await granted(asker, server.url("/token"), {"a": "b"}, wall)).value == "t"
    assert len(server.asked) == asked + 2


async def test_a_failure_says_which_way_it_was() -> None:
    async def fails() -> Token[str]:
        raise Unavailable("no", lasting=True)

    with pytest.raises(Unavailable, match=r"^by this way: no$") as raised:
        await told("by this way", fails())
    assert raised.value.lasting


async def test_a_file_is_read_whole_and_told_by_its_name(files: Files) -> None:
    files.write("/token", " t \n")
    assert await text_in("/token", files, "the token") == "t"
    files.write("/empty", "\n")
    for path, reason in (("/none", r"the token /none cannot be read \(FileNotFoundError\)"), ("/empty", "is empty")):
        with pytest.raises(Unavailable, match=reason):
            await text_in(path, files, "the token")


@pytest.mark.parametrize("url", ["https://sts.googleapis.com/v1/token", "http://127.0.0.1:5/t", "http://[::1]/t"])
def test_secrets_go_where_nobody_listens(url: str) -> None:
    assert safe(url, "token_uri") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://oauth2.googleapis.com/token",
        "ftp://127.0.0.1/",
        "",
        "token",
        "https://",
        "http://[",
        "http://127.evil.example/",
    ],
)
def test_secrets_go_nowhere_else(url: str) -> None:
    with pytest.raises(Unavailable, match=r"^token_uri must be an https address$"):
        safe(url, "token_uri")


def test_moments_are_rfc_3339() -> None:
    assert moment("2027-01-15T08:00:00Z") == NOW
    assert [moment(value) for value in ("soon", None, 5, "")] == [None] * 4
