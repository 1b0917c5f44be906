"""The chain: which source is taken, that none is passed over, and what is said where there is none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from botocore.session import Session  # type: ignore[import-untyped]

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials import aws_workload
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.aws import CHAIN, aws_region, aws_source
from proxy.upstream.credentials.fresh import Fresh, Token, Unavailable
from tests.upstream.credentials.aws_places import (
    ENVIRONMENT,
    IDENTITY,
    OTHER_ROLE,
    ROLE,
    STATIC,
    Instance,
    Sts,
    handed_out,
    keys_named,
)
from tests.upstream.credentials.test_fresh import Wall
from tests.upstream.credentials.token_server import NOW, Answered, Files, TokenServer

PROFILE = "[default]\naws_access_key_id = ASIAfile\naws_secret_access_key = canary-file\naws_session_token = canary-token-file"
#: What each source gives, in the order of the chain.
ORDER = {"environment": STATIC, **{name: keys_named(name) for name in ("app", "file", "pod", "node")}}


class Place:
    """Everything is there: each source is configured by its own variables."""

    def __init__(self, asker: Asker, files: Files, server: TokenServer) -> None:
        self.asker, self.files, self.server = asker, files, server
        self.sts, self.instance = Sts(server), Instance(server)
        files.write("/identity", IDENTITY)
        files.write("/credentials", PROFILE)
        server.answers["/pod"] = Answered(200, handed_out("pod"))
        self.variables: list[Mapping[str, str]] = [
            ENVIRONMENT,
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "/identity", "AWS_ROLE_ARN": ROLE},
            {"AWS_SHARED_CREDENTIALS_FILE": "/credentials"},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url("/pod")},
            self.instance.environ,
        ]

    def environ(self, start: int = 0) -> dict[str, str]:
        """That of the sources from number `start` on."""
        return {**self.sts.environ, **{k: v for group in self.variables[start:] for k, v in group.items()}}

    async def fetch(self, environ: Mapping[str, str], **options: str) -> Token[AwsKeys]:
        return await aws_source(environ, options, self.asker, lambda: NOW, self.files)()


@pytest.fixture
def place(asker: Asker, files: Files, server: TokenServer, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(aws_workload, "PAUSES", ())
    return Place(asker, files, server)


@pytest.mark.parametrize("start", range(5))
async def test_the_first_one_that_is_configured_is_taken(place: Place, start: int) -> None:
    assert (await place.fetch(place.environ(start))).value == list(ORDER.values())[start]


@pytest.mark.parametrize("start", range(5))
async def test_the_official_sdk_takes_the_same(
    place: Place, start: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It believes these places to be AWS's, and goes by the same order."""
    place.sts.life = place.instance.life = 2e9
    place.server.answers["/pod"] = Answered(200, handed_out("pod", 2e9))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in place.environ(start).items():
        if value in place.files.held:
            file = tmp_path / value[1:]
            file.write_text(place.files.held[value])
            value = str(file)
        monkeypatch.setenv(name, value)
    found = await asyncio.to_thread(lambda: Session().get_credentials().get_frozen_credentials())
    assert AwsKeys(*found[:3]) == list(ORDER.values())[start]


BROKEN = [
    {"AWS_SECRET_ACCESS_KEY": ""},
    {"AWS_WEB_IDENTITY_TOKEN_FILE": "/gone"},
    {"AWS_PROFILE": "gone"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"},
    {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "gone"},
]


@pytest.mark.parametrize("start", range(5))
async def test_one_that_is_configured_and_fails_is_not_passed_over(place: Place, start: int) -> None:
    with pytest.raises(Unavailable) as raised:
        await place.fetch(place.environ(start) | BROKEN[start])
    reason, _, passed = str(raised.value).partition("; not configured: ")
    assert reason.startswith(f"{CHAIN[start].name}: ")
    assert [source.name in passed for source in CHAIN[:start]] == [True] * start
    assert [source.wants in passed for source in CHAIN[:start]] == [True] * start
    assert "canary" not in str(raised.value)


async def test_where_there_is_none_all_are_named(place: Place) -> None:
    with pytest.raises(Unavailable) as raised:
        await place.fetch({"AWS_EC2_METADATA_DISABLED": "true"})
    assert str(raised.value).startswith("no source is configured: environment (wants AWS_ACCESS_KEY_ID and ")
    assert all(source.name in str(raised.value) and source.wants in str(raised.value) for source in CHAIN)
    assert raised.value.lasting


async def test_nothing_is_looked_at_before_it_is_asked(place: Place) -> None:
    aws_source(place.environ(1), {}, place.asker, lambda: NOW, place.files)
    await asyncio.sleep(0)
    assert (place.files.read, place.server.asked) == ([], [])


async def test_a_profile_that_the_operator_names_is_the_only_source(place: Place) -> None:
    assert (await place.fetch(place.environ(), profile="default")).value == keys_named("file")
    with pytest.raises(Unavailable, match=r"^profile: there is no profile `gone` in /credentials$"):
        await place.fetch(place.environ(), profile="gone")


@pytest.mark.parametrize("start", range(5))
async def test_the_role_that_the_operator_names_is_assumed_with_whatever_keys(place: Place, start: int) -> None:
    base = list(ORDER.values())[start]
    place.sts.known[base.access_key] = base
    token = await place.fetch(place.environ(start), role_arn=OTHER_ROLE, external_id="canary-x", session_name="me")
    assert token == Token(keys_named("other"), NOW + 3600)
    asked = place.sts.roles[-1]
    assert (asked["RoleArn"], asked["ExternalId"], asked["RoleSessionName"]) == (OTHER_ROLE, "canary-x", "me")


async def test_a_role_that_is_refused_says_which(place: Place) -> None:
    environ = place.environ() | {"AWS_SECRET_ACCESS_KEY": "canary-wrong"}
    with pytest.raises(Unavailable, match=f"^option `role_arn`: .* for {OTHER_ROLE}: SignatureDoesNotMatch") as raised:
        await place.fetch(environ, role_arn=OTHER_ROLE, external_id="canary-x")
    assert "canary" not in str(raised.value)


async def test_the_region_of_an_option_signs(place: Place) -> None:
    del place.sts.environ["AWS_REGION"]
    await place.fetch(place.environ(), role_arn=OTHER_ROLE, region="us-east-1")
    with pytest.raises(Unavailable, match="SignatureDoesNotMatch"):
        await place.fetch(place.environ(), role_arn=OTHER_ROLE, region="us-east-2")


async def test_the_region(files: Files) -> None:
    files.write("/config", "[default]\nregion = eu-west-1")
    assert await aws_region({"AWS_CONFIG_FILE": "/config"}, {}, files) == "eu-west-1"
    assert await aws_region({"AWS_REGION": "us-east-1"}, {"region": "cn-north-1"}, files) == "cn-north-1"
    assert await aws_region({}, {}, files) is None


async def test_keys_are_renewed_before_they_expire(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    wall, real = Wall(), asyncio.sleep
    wall.now = NOW
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: wall.sleep(seconds) if seconds else real(0))
    fresh = Fresh("bedrock", aws_source(place.environ(1), {}, place.asker, wall, place.files), wall, lambda: 0.0)
    await fresh.ready()
    assert (fresh.expires, len(place.sts.roles)) == (NOW + 3600, 1)
    place.sts.life = 7200.0
    await wall.pass_by(3600 - 300)
    async with asyncio.timeout(5):
        while fresh.renewals < 2:
            assert fresh.current == keys_named("app")
            await asyncio.sleep(0)
    assert (fresh.expires, len(place.sts.roles)) == (NOW + 7200, 2)
    fresh.close()
