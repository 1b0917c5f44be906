"""Roles that are assumed, by a web identity or by other keys, at a server that checks both."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials import aws_workload
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.aws_sts import Role, assume_role, endpoint, from_web_identity, read_credentials
from proxy.upstream.credentials.fresh import Token, Unavailable
from tests.upstream.credentials.aws_places import IDENTITY, ROLE, STATIC, Sts, keys_named, workload
from tests.upstream.credentials.token_server import NOW, Answered, Files, TokenServer

IRSA = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/identity", "AWS_ROLE_ARN": ROLE}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_workload, "PAUSES", (0.0, 0.0))


@pytest.fixture
def sts(server: TokenServer) -> Sts:
    return Sts(server)


async def test_a_role_for_a_service_account(asker: Asker, files: Files, sts: Sts) -> None:
    files.write("/var/run/identity", f"{IDENTITY}\n")
    place = workload(asker, files, IRSA | sts.environ)
    assert await from_web_identity(place) == Token(keys_named("app"), NOW + 3600)
    assert sts.roles == [
        {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": ROLE,
            "RoleSessionName": "outrider",
            "WebIdentityToken": IDENTITY,
        }
    ]


async def test_its_token_is_read_anew_each_time(asker: Asker, files: Files, sts: Sts) -> None:
    files.write("/var/run/identity", IDENTITY)
    place = workload(asker, files, IRSA | sts.environ | {"AWS_ROLE_SESSION_NAME": "pod-1"})
    await from_web_identity(place)
    files.write("/var/run/identity", "canary-expired")
    with pytest.raises(Unavailable, match=r"400 .*InvalidIdentityToken: \[redacted\] is not known") as raised:
        await from_web_identity(place)
    assert raised.value.lasting
    assert "canary" not in str(raised.value)
    assert [form["RoleSessionName"] for form in sts.roles] == ["pod-1", "pod-1"]


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, "AWS_ROLE_ARN is not set"),
        (IRSA | {"AWS_WEB_IDENTITY_TOKEN_FILE": "/empty"}, "/empty is empty"),
        (IRSA, "/var/run/identity cannot be read"),
        (IRSA | {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, "no region to assume a role in: set the option `region`"),
    ],
)
async def test_a_web_identity_that_is_half_configured(
    asker: Asker, files: Files, environ: dict[str, str], reason: str
) -> None:
    files.write("/empty", " \n")
    files.write("/token", IDENTITY)
    with pytest.raises(Unavailable, match=reason):
        await from_web_identity(workload(asker, files, environ))


async def test_without_a_token_file_it_is_none(asker: Asker, files: Files) -> None:
    assert await from_web_identity(workload(asker, files, {"AWS_ROLE_ARN": ROLE})) is None


@pytest.mark.parametrize("keys", [STATIC, keys_named("base")])
async def test_a_role_that_keys_assume(asker: Asker, files: Files, server: TokenServer, keys: AwsKeys) -> None:
    sts = Sts(server, keys)
    role = Role(ROLE, "night+shift", "canary external/id&x=y", "900")
    assert await assume_role(workload(asker, files, sts.environ), role, keys) == Token(keys_named("app"), NOW + 3600)
    assert sts.roles[0] == {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "night+shift",
        "DurationSeconds": "900",
        "ExternalId": "canary external/id&x=y",
    }


@pytest.mark.parametrize("keys", [STATIC._replace(secret_key="canary-wrong"), keys_named("nobody")])
async def test_keys_that_sts_does_not_take(asker: Asker, files: Files, sts: Sts, keys: AwsKeys) -> None:
    with pytest.raises(Unavailable) as raised:
        await assume_role(workload(asker, files, sts.environ), Role(ROLE), keys)
    assert str(raised.value) == f"127.0.0.1 answered 403 for {ROLE}: SignatureDoesNotMatch: It does not match."
    assert raised.value.lasting


async def test_what_sts_repeats_of_the_request_is_taken_out(asker: Asker, files: Files, server: TokenServer) -> None:
    sts, keys = Sts(server), keys_named("base")
    said = f"{keys.token} and {keys.secret_key} with canary-id are not known"
    server.answers["/"] = sts.refused(403, "AccessDenied", said)
    with pytest.raises(Unavailable) as raised:
        await assume_role(workload(asker, files, sts.environ), Role(ROLE, "me", "canary-id"), keys)
    hidden = "[redacted] and [redacted] with [redacted] are not known"
    assert str(raised.value) == f"127.0.0.1 answered 403 for {ROLE}: AccessDenied: {hidden}"


@pytest.mark.parametrize(("off", "said"), [(-301, "+301"), (3600, "-3600"), (299, None), (None, None)])
async def test_clocks_that_differ_are_named(
    asker: Asker, files: Files, sts: Sts, off: float | None, said: str | None
) -> None:
    sts.date = "no date" if off is None else formatdate(NOW + off, usegmt=True)
    with pytest.raises(Unavailable) as raised:
        await assume_role(workload(asker, files, sts.environ), Role(ROLE), keys_named("nobody"))
    assert str(raised.value).partition("; ")[2] == (f"the clock here is {said} seconds off" if said else "")


async def test_keys_that_are_over_already(asker: Asker, files: Files, sts: Sts) -> None:
    sts.life = -1.0
    with pytest.raises(Unavailable, match="expired at 2027-01-15T07:59:59Z, unless the clock here is wrong"):
        await assume_role(workload(asker, files, sts.environ), Role(ROLE), STATIC)


@pytest.mark.parametrize(
    ("answer", "reason", "asked", "lasting"),
    [
        (Answered(500, b"oops canary"), "answered 500 .*: no reason given", 3, False),
        (Answered(503, b""), "answered 503", 3, False),
        (Answered(400, b"<E><Error><Code>IDPCommunicationError</Code></Error></E>"), "IDPCommunicationError", 3, False),
        (Answered(400, b"<E><Error><Code>Throttling</Code></Error></E>"), "Throttling", 3, False),
        (Answered(403, b"<E><Error><Code>AccessDenied</Code></Error></E>"), "AccessDenied", 1, True),
        (Answered(403, b'{"Error":{"Code":"canary"}}'), "no reason given", 1, True),
        (Answered(200, b"<html>canary"), "did not answer with Credentials in XML", 1, False),
        (Answered(200, b"<R><Credentials><AccessKeyId>canary</AccessKeyId></Credentials></R>"), "did not answer", 1, 0),
        (Answered(302, b""), "answered 302", 1, True),
    ],
)
async def test_an_sts_that_fails(
    asker: Asker, files: Files, server: TokenServer, answer: Answered, reason: str, asked: int, lasting: bool
) -> None:
    sts = Sts(server)
    server.answers["/"] = answer
    with pytest.raises(Unavailable, match=reason) as raised:
        await assume_role(workload(asker, files, sts.environ), Role(ROLE), STATIC)
    assert (len(server.asked), raised.value.lasting) == (asked, lasting)
    assert "canary" not in str(raised.value)


async def test_an_sts_that_was_busy(asker: Asker, files: Files, server: TokenServer) -> None:
    sts = Sts(server)
    server.answers["/"] = lambda asked: Answered(503) if len(server.asked) < 3 else sts(asked)
    assert (await assume_role(workload(asker, files, sts.environ), Role(ROLE), STATIC)).value == keys_named("app")


async def test_an_sts_that_is_not_there(asker: Asker, files: Files, unused_tcp_port: int) -> None:
    environ = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{unused_tcp_port}"}
    with pytest.raises(Unavailable, match=f"127.0.0.1:{unused_tcp_port} cannot be asked") as raised:
        await assume_role(workload(asker, files, environ), Role(ROLE), STATIC)
    assert not raised.value.lasting


async def test_a_duration_that_is_no_number(asker: Asker, files: Files, sts: Sts) -> None:
    with pytest.raises(Unavailable, match="duration_seconds must be a whole number"):
        await assume_role(workload(asker, files, sts.environ), Role(ROLE, seconds="1h"), STATIC)


@pytest.mark.parametrize(
    ("environ", "region", "url"),
    [
        ({}, "eu-central-1", "https://sts.eu-central-1.amazonaws.com/"),
        ({}, "us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com/"),
        ({}, "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/"),
        ({}, "eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu/"),
        ({"AWS_ENDPOINT_URL": "https://vpce-1.example"}, "us-east-1", "https://vpce-1.example/"),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_STS": "http://b:81/sts"}, "us-east-1", "http://b:81/sts"),
        (
            {"AWS_ENDPOINT_URL_STS": "http://b", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "us-east-1",
            "https://sts.us-east-1.amazonaws.com/",
        ),
    ],
)
async def test_where_sts_is(asker: Asker, files: Files, environ: dict[str, str], region: str, url: str) -> None:
    assert str(endpoint(workload(asker, files, environ), region)) == url


@pytest.mark.parametrize(
    ("environ", "region", "reason"),
    [
        ({}, "", "set the option `region` or AWS_REGION"),
        ({}, None, "set the option `region` or AWS_REGION"),
        ({}, "example.com/", "a region is written like us-east-1"),
        ({"AWS_ENDPOINT_URL_STS": "sts.local"}, "us-east-1", "AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL is not a URL"),
        ({"AWS_ENDPOINT_URL": "http://[::"}, "us-east-1", "is not a URL"),
    ],
)
async def test_where_sts_cannot_be(
    asker: Asker, files: Files, environ: dict[str, str], region: str | None, reason: str
) -> None:
    with pytest.raises(Unavailable, match=reason):
        endpoint(workload(asker, files, environ), region)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=60).map(lambda text: f"<a>{text}</a>".encode()))
def test_any_bytes_end_in_a_reason(body: bytes) -> None:
    with pytest.raises(Unavailable, match="did not answer with Credentials in XML"):
        read_credentials(body, "sts")


def test_entities_that_grow_are_not_let_grow() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    body = f'<!DOCTYPE r [<!ENTITY e0 "x">{levels}]><r><Credentials><AccessKeyId>&e11;</AccessKeyId></Credentials></r>'
    with pytest.raises(Unavailable, match="did not answer with Credentials in XML"):
        read_credentials(body.encode(), "sts")
