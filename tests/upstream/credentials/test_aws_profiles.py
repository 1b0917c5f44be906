"""What profiles mean: keys, roles of other profiles' keys, roles of a web identity, and circles."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from botocore.session import Session  # type: ignore[import-untyped]

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.aws_profiles import from_profile
from proxy.upstream.credentials.fresh import Token, Unavailable
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
    workload,
)
from tests.upstream.credentials.token_server import NOW, Answered, Files, TokenServer

KEYS = f"aws_access_key_id = {STATIC.access_key}\naws_secret_access_key = {STATIC.secret_key}\n"


class Disk:
    """Profiles as one config file has them."""

    def __init__(self, asker: Asker, files: Files, server: TokenServer) -> None:
        self.asker, self.files, self.sts = asker, files, Sts(server)

    async def keys(
        self, config: str, environ: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None
    ) -> Token[AwsKeys] | None:
        self.files.write("/config", config)
        around = {**self.sts.environ, "AWS_CONFIG_FILE": "/config", **(environ or {})}
        return await from_profile(workload(self.asker, self.files, around, options))


@pytest.fixture
def disk(asker: Asker, files: Files, server: TokenServer) -> Disk:
    return Disk(asker, files, server)


async def test_keys(disk: Disk) -> None:
    assert await disk.keys(f"[default]\n{KEYS}") == Token(STATIC, None)
    temporary = await disk.keys(f"[default]\n{KEYS}aws_session_token = canary-t")
    assert temporary == Token(STATIC._replace(token="canary-t"), None)


async def test_keys_that_change_on_disk_are_found(disk: Disk) -> None:
    await disk.keys(f"[default]\n{KEYS}")
    assert await disk.keys(f"[default]\n{KEYS.replace('canary', 'rotated')}") == Token(
        STATIC._replace(secret_key="rotated-static"), None
    )


@pytest.mark.parametrize("config", ["", "[profile other]\nregion = x", "[default]\nregion = us-east-1"])
async def test_a_default_that_says_nothing_is_none(disk: Disk, config: str) -> None:
    assert await disk.keys(config) is None


async def test_a_named_profile_must_be_there(disk: Disk) -> None:
    for environ, options in (({"AWS_PROFILE": "app"}, {}), ({}, {"profile": "app"})):
        with pytest.raises(Unavailable, match="there is no profile `app` in /config"):
            await disk.keys(f"[default]\n{KEYS}", environ, options)
    assert await disk.keys("[profile app]\nregion = x", {"AWS_PROFILE": "app"}) is None
    with pytest.raises(Unavailable, match="profile `app` holds neither keys nor a role"):
        await disk.keys("[profile app]\nregion = x", {}, {"profile": "app"})


async def test_the_option_wins_over_the_environment(disk: Disk) -> None:
    config = f"[profile a]\n{KEYS}[profile b]\naws_access_key_id = B\naws_secret_access_key = b"
    token = await disk.keys(config, {"AWS_PROFILE": "b"}, {"profile": "a"})
    assert token == Token(STATIC, None)


async def test_a_role_of_another_profile_s_keys(disk: Disk) -> None:
    config = (
        f"[default]\nrole_arn = {ROLE}\nsource_profile = base\nrole_session_name = me\nexternal_id = x1\n"
        f"duration_seconds = 1800\n[profile base]\n{KEYS}"
    )
    assert await disk.keys(config) == Token(keys_named("app"), NOW + 3600)
    assert (
        disk.sts.roles[0].items()
        >= {
            "RoleArn": ROLE,
            "RoleSessionName": "me",
            "ExternalId": "x1",
            "DurationSeconds": "1800",
        }.items()
    )


async def test_a_role_of_a_role_of_a_web_identity(disk: Disk) -> None:
    disk.files.write("/identity", IDENTITY)
    config = (
        f"[default]\nrole_arn = {ROLE}\nsource_profile = middle\n"
        f"[profile middle]\nrole_arn = {OTHER_ROLE}\nsource_profile = bottom\n"
        f"[profile bottom]\nrole_arn = {ROLE}2\nweb_identity_token_file = /identity\n"
    )
    assert await disk.keys(config) == Token(keys_named("app"), NOW + 3600)
    assert [form["RoleArn"] for form in disk.sts.roles] == [f"{ROLE}2", OTHER_ROLE, ROLE]
    assert [form["Action"] for form in disk.sts.roles] == ["AssumeRoleWithWebIdentity", "AssumeRole", "AssumeRole"]


async def test_a_profile_may_assume_its_role_with_its_own_keys(disk: Disk) -> None:
    token = await disk.keys(f"[default]\nrole_arn = {ROLE}\nsource_profile = default\n{KEYS}")
    assert token == Token(keys_named("app"), NOW + 3600)


async def test_a_source_with_keys_is_taken_for_its_keys(disk: Disk) -> None:
    config = f"[default]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\nrole_arn = {OTHER_ROLE}\n{KEYS}"
    await disk.keys(config)
    assert [form["RoleArn"] for form in disk.sts.roles] == [ROLE]


ASSUMES = f"role_arn = {ROLE}\nsource_profile ="


@pytest.mark.parametrize(
    "config",
    [
        f"[default]\nregion = x\n{KEYS}",
        f"[default]\n{ASSUMES} default\n{KEYS}",
        f"[default]\n{ASSUMES} b\n[profile b]\nrole_arn = {OTHER_ROLE}\nsource_profile = c\n[profile c]\n{KEYS}",
        f"[default]\n{ASSUMES} b\n[profile b]\nrole_arn = {OTHER_ROLE}\nsource_profile = c\n{KEYS}",
        f"[default]\n{ASSUMES} b\n{KEYS}\n[profile b]\nrole_arn = {OTHER_ROLE}\nweb_identity_token_file = IDENTITY",
    ],
)
async def test_the_official_sdk_understands_the_same(
    disk: Disk, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.sts.life = 2e9
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    around = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": str(tmp_path / "config"), "HOME": str(tmp_path)}
    for name, value in (disk.sts.environ | around).items():
        monkeypatch.setenv(name, value)
    identity = str(tmp_path / "identity")
    for path, text in (("config", config), ("identity", IDENTITY)):
        (tmp_path / path).write_text(text.replace("IDENTITY", identity))
    disk.files.write(identity, IDENTITY)
    ours = await disk.keys(config.replace("IDENTITY", identity))
    assumed = [form["RoleArn"] for form in disk.sts.roles]
    disk.sts.roles.clear()
    found = await asyncio.to_thread(lambda: Session().get_credentials().get_frozen_credentials())
    assert ours is not None
    assert (AwsKeys(*found[:3]), [form["RoleArn"] for form in disk.sts.roles]) == (ours.value, assumed)


async def test_keys_of_the_environment_and_of_a_container(disk: Disk, server: TokenServer) -> None:
    config = f"[default]\nrole_arn = {ROLE}\ncredential_source = "
    assert await disk.keys(config + "Environment", ENVIRONMENT) == Token(keys_named("app"), NOW + 3600)
    server.answers["/keys"] = Answered(200, handed_out("pod"))
    disk.sts.known["ASIApod"] = keys_named("pod")
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url("/keys")}
    assert await disk.keys(config + "EcsContainer", environ) == Token(keys_named("app"), NOW + 3600)
    disk.sts.known["ASIAnode"] = keys_named("node")
    token = await disk.keys(config + "Ec2InstanceMetadata", Instance(server).environ)
    assert token == Token(keys_named("app"), NOW + 3600)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (f"[default]\n{ASSUMES} default", "in a circle: default -> default$"),
        (
            f"[default]\n{ASSUMES} a\n[profile a]\n{ASSUMES} b\n[profile b]\n{ASSUMES} a",
            "in a circle: default -> a -> b -> a$",
        ),
        (f"[default]\n{ASSUMES} gone", "no profile `gone` in /config"),
        (f"[default]\n{ASSUMES} a\n[profile a]\nregion = x", "there are no keys in a$"),
        (f"[default]\nrole_arn = {ROLE}", "needs either source_profile or credential_source"),
        (f"[default]\n{ASSUMES} a\ncredential_source = Environment", "needs either"),
        (f"[default]\nrole_arn = {ROLE}\ncredential_source = Environment", "there are no keys in Environment"),
        (f"[default]\nrole_arn = {ROLE}\ncredential_source = Moon", "one of Environment, EcsContainer, Ec2Inst"),
        (f"[default]\n{ASSUMES} a\nmfa_serial = x\n[profile a]\n{KEYS}", "has mfa_serial, which is not supported"),
        (f"[default]\n{ASSUMES} a\nduration_seconds = 1h\n[profile a]\n{KEYS}", "duration_seconds must be a whole"),
        ("[default]\nweb_identity_token_file = /identity", "has web_identity_token_file, but no role_arn"),
        ("[default]\naws_access_key_id = A", "has no aws_secret_access_key"),
        ("[default]\naws_secret_access_key = canary", "has no aws_access_key_id"),
        ("[default]\ncredential_process = /bin/canary", "has credential_process, which is not supported"),
        ("[default]\nsso_session = x", "has sso_session, which is not supported"),
    ],
)
async def test_a_profile_that_leads_nowhere(disk: Disk, config: str, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason) as raised:
        await disk.keys(config)
    assert raised.value.lasting
    assert "canary" not in str(raised.value)
    assert disk.sts.roles == []
