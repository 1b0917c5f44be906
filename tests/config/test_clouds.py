"""What is said of a cloud's credentials before anybody has asked for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from proxy.config import endpoints, load
from proxy.config.clouds import LAST, SOURCES, TITLES, credentials_of
from proxy.config.options import OF_CREDENTIALS, SPOKEN_OF

CLIENT = {"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"}
FILES = ("/home/me/.aws/credentials", "/home/me/.config/gcloud/application_default_credentials.json")


def said(cloud: str, environ: Mapping[str, str], files: tuple[str, ...] = (), **options: str) -> str:
    return credentials_of(cloud, options, environ, files.__contains__)


@pytest.mark.parametrize(
    ("cloud", "environ", "options", "by"),
    [
        ("aws", {"AWS_ACCESS_KEY_ID": "a", "AWS_PROFILE": "p"}, {"profile": "team"}, "the option profile"),
        ("aws", {"AWS_ACCESS_KEY_ID": "a", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, {}, "AWS_ACCESS_KEY_ID"),
        ("aws", {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_PROFILE": "p"}, {}, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ("aws", {"AWS_PROFILE": "p", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "u"}, {}, "AWS_PROFILE"),
        ("aws", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "u"}, {}, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        ("google", {"GOOGLE_APPLICATION_CREDENTIALS": "/f"}, {"credentials_file": "/o"}, "the option credentials_file"),
        ("google", {"GOOGLE_APPLICATION_CREDENTIALS": "/f", "HOME": "/h"}, {}, "GOOGLE_APPLICATION_CREDENTIALS"),
        ("azure", {**CLIENT, "AZURE_CLIENT_SECRET": "s", "IDENTITY_ENDPOINT": "e"}, {}, "AZURE_CLIENT_SECRET"),
        ("azure", {**CLIENT, "AZURE_FEDERATED_TOKEN_FILE": "/t"}, {}, "AZURE_FEDERATED_TOKEN_FILE"),
        (
            "azure",
            {"AZURE_FEDERATED_TOKEN_FILE": "/t"},
            {"client_id": "c", "tenant_id": "t"},
            "AZURE_FEDERATED_TOKEN_FILE",
        ),
        ("azure", {**CLIENT, "IDENTITY_ENDPOINT": "e", "IDENTITY_HEADER": "h"}, {}, "IDENTITY_ENDPOINT"),
    ],
)
def test_the_first_source_that_is_there_is_named(
    cloud: str, environ: Mapping[str, str], options: Mapping[str, str], by: str
) -> None:
    assert said(cloud, environ, (), **options) == f"credentials of {TITLES[cloud]} by {by}"


@pytest.mark.parametrize(("cloud", "file"), [("aws", FILES[0]), ("google", FILES[1])])
def test_a_file_at_home_is_one(cloud: str, file: str) -> None:
    assert said(cloud, {"HOME": "/home/me"}, (file,)).endswith(f" by {file.replace('/home/me', '~')}")
    assert LAST[cloud] in said(cloud, {}, (file,))


@pytest.mark.parametrize("cloud", LAST)
def test_where_only_a_metadata_server_is_left_all_else_is_named(cloud: str) -> None:
    told = said(cloud, {"HOME": "/home/me", "AWS_PROFILE": " ", "AZURE_CLIENT_SECRET": "s"})
    assert told.startswith(f"credentials of {TITLES[cloud]}: {LAST[cloud]} (what else would do: ")
    assert all(name in told for needed in SOURCES[cloud] for name in needed)
    assert "secret-value" not in said(cloud, {"AZURE_CLIENT_SECRET": "secret-value", "AWS_PROFILE": "secret-value"})


def test_a_role_that_is_assumed_is_named() -> None:
    assert said("aws", {"AWS_ACCESS_KEY_ID": "a"}, role_arn="arn:r").endswith(" by AWS_ACCESS_KEY_ID, to assume arn:r")


MANUAL = (Path(__file__).parent.parent.parent / "docs" / "clouds.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", MANUAL, flags=re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=["aws", "google", "azure"])
def test_an_example_of_the_manual_is_a_configuration(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    on, off = endpoints(load(str(tmp_path), {}))
    assert off == {}
    named = yaml.safe_load(text)["providers"]
    assert {name: on[name].provider.cloud != "" for name in named} == dict.fromkeys(named, True)


def test_the_manual_names_all_that_turns_credentials_on() -> None:
    wanted = {name for sources in SOURCES.values() for needed in sources for name in needed}
    files = {"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"}  # where profiles are, and not what they are
    options = {name for names in OF_CREDENTIALS.values() for name in names}
    assert {name for name in wanted - files | options if f"`{name}`" not in MANUAL} == set()


def test_it_knows_the_clouds_and_the_variables_that_the_options_know() -> None:
    assert SOURCES.keys() == LAST.keys() == TITLES.keys() == OF_CREDENTIALS.keys() - {""}
    for cloud, needed in SOURCES.items():
        assert set(SPOKEN_OF[cloud]) <= {names[0] for names in needed}
