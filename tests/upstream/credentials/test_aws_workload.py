"""Keys as the environment and metadata servers give them, and what is no key."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.aws_workload import Workload, excerpt, from_environment, moment, read_keys
from proxy.upstream.credentials.fresh import Token, Unavailable
from tests.upstream.credentials.aws_places import ENVIRONMENT, STATIC, at, handed_out, keys_named, workload
from tests.upstream.credentials.token_server import NOW, Answered, Files, Question, TokenServer


@pytest.fixture
def place(asker: Asker, files: Files) -> Workload:
    return workload(asker, files)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No pause between attempts; the pauses that there would have been."""
    paused: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        paused.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return paused


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, Token(STATIC, None)),
        ({"AWS_SESSION_TOKEN": " canary-token "}, Token(STATIC._replace(token="canary-token"), None)),
        ({"AWS_CREDENTIAL_EXPIRATION": at(60)}, Token(STATIC, NOW + 60)),
    ],
)
async def test_the_environment(place: Workload, more: dict[str, str], found: Token[AwsKeys]) -> None:
    assert await from_environment(place._replace(environ=ENVIRONMENT | more)) == found


async def test_an_environment_without_keys_is_none(place: Workload) -> None:
    assert await from_environment(place) is None
    assert await from_environment(place._replace(environ={"AWS_ACCESS_KEY_ID": " "})) is None


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, "AWS_SECRET_ACCESS_KEY is not set"),
        ({"AWS_SECRET_ACCESS_KEY": "canary"}, "AWS_ACCESS_KEY_ID is not set"),
        (ENVIRONMENT | {"AWS_SESSION_TOKEN": "canary\r\nx: y"}, "a character that no key has"),
        (ENVIRONMENT | {"AWS_CREDENTIAL_EXPIRATION": at(0)}, "expired at 2027-01-15T08:00:00Z"),
        (ENVIRONMENT | {"AWS_CREDENTIAL_EXPIRATION": "canary"}, "not a time of ISO 8601"),
    ],
)
async def test_an_environment_that_says_half(place: Workload, environ: dict[str, str], reason: str) -> None:
    with pytest.raises(Unavailable, match=reason) as raised:
        await from_environment(place._replace(environ=environ))
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2027-01-15T08:00:00Z", NOW),
        ("2027-01-15T08:00:00.5Z", NOW + 0.5),
        ("2027-01-15T10:00:00+02:00", NOW),
        ("2027-01-15T08:00:00", NOW),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert moment(text) == seconds


def test_keys_of_a_metadata_server() -> None:
    assert read_keys(orjson.dumps(handed_out("a")), NOW, "it") == Token(keys_named("a"), NOW + 3600)
    lasting = handed_out("a") | {"Expiration": None, "Token": None}
    assert read_keys(orjson.dumps(lasting), NOW, "it") == Token(keys_named("a")._replace(token=None), None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"SecretAccessKey":"canary"', "did not answer with keys in JSON"),
        (b'{"AccessKeyId":7,"SecretAccessKey":"canary"}', "did not answer with keys in JSON"),
        (b'{"SecretAccessKey":"canary"}', "without AccessKeyId or SecretAccessKey"),
        (b'{"AccessKeyId":"A B","SecretAccessKey":"canary"}', "a character that no key has"),
        (b'{"AccessKeyId":"A","SecretAccessKey":"canary","Expiration":"soon"}', "not a time of ISO 8601"),
        (b'{"Code":"AssumeRoleUnauthorizedAccess"}', "gave no keys: AssumeRoleUnauthorizedAccess"),
        (b"\xff", "did not answer with keys in JSON"),
    ],
)
def test_what_is_no_keys(body: bytes, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason) as raised:
        read_keys(body, NOW, "it")
    assert "canary" not in str(raised.value)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_end_in_a_reason(body: bytes) -> None:
    with pytest.raises(Unavailable):
        read_keys(body, NOW, "it")


def test_another_s_words_are_short_and_without_secrets() -> None:
    assert excerpt("\n no canary here\t\x1b[31m\nsecond canary", "canary") == "no [redacted] here[31m"
    assert len(excerpt("x" * 1000)) == 200


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_passes_by_itself_is_asked_again(
    place: Workload, server: TokenServer, quick: list[float], status: int
) -> None:
    server.answers["/x"] = lambda asked: Answered(status if len(server.asked) < 3 else 200)
    answer = await place.ask("GET", server.url("/x"), headers={})
    assert (answer.status, len(server.asked), quick) == (200, 3, [0.1, 0.4])


async def test_it_is_not_asked_for_ever(place: Workload, server: TokenServer, quick: list[float]) -> None:
    def refuse(asked: Question) -> Answered:
        return Answered(500)

    server.answers["/x"] = refuse
    assert (await place.ask("GET", server.url("/x"), headers={})).status == 500
    assert (await place.ask("GET", server.url("/y"), headers={})).status == 404
    assert len(server.asked) == 4
