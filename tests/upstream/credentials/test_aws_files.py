"""The files of profiles: where they are, what they say together, and what no secret of theirs is told by an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.aws_files import CONFIG, CREDENTIALS, place, read_profiles, region_of, sections
from proxy.upstream.credentials.aws_workload import Workload
from proxy.upstream.credentials.fresh import Unavailable
from tests.upstream.credentials.aws_places import workload
from tests.upstream.credentials.token_server import Files

CONFIG_TEXT = """
# a comment
[default]
region = eu-west-1
s3 =
    max_queue_size = 1000
[profile app]
aws_access_key_id = AKIACONFIG
region = us-west-2\x20
[profile "two words"]
REGION=ap-south-1
[bare]
region = never
[sso-session x]
sso_region = us-east-1
"""
CREDENTIALS_TEXT = """
[app]
aws_access_key_id = AKIACREDENTIALS
aws_secret_access_key = can%ary/+=#;secret
[only]
aws_access_key_id=A
[profile never]
region = never
"""


@pytest.fixture
def home(asker: Asker, files: Files) -> Workload:
    files.write("/home/app/.aws/config", CONFIG_TEXT)
    files.write("/home/app/.aws/credentials", CREDENTIALS_TEXT)
    return workload(asker, files, {"HOME": "/home/app"})


async def test_both_files_are_one(home: Workload) -> None:
    profiles = await read_profiles(home)
    assert profiles["app"] == {
        "aws_access_key_id": "AKIACREDENTIALS",
        "aws_secret_access_key": "can%ary/+=#;secret",
        "region": "us-west-2",
    }
    assert profiles["two words"] == {"region": "ap-south-1"}
    assert profiles["default"]["region"] == "eu-west-1"
    assert profiles["only"] == {"aws_access_key_id": "A"}
    assert "bare" not in profiles


@pytest.mark.parametrize(
    "text", ["[default]\nregion = a\n[profile default]\nregion = b", "[profile default]\nregion=b\n[default]\nregion=a"]
)
def test_a_profile_said_in_full_wins(text: str) -> None:
    assert dict(sections(text, "config", True)) == {"default": {"region": "b"}}


@pytest.mark.parametrize(
    ("environ", "config", "credentials"),
    [
        ({}, "", ""),
        ({"HOME": "/root/"}, "/root/.aws/config", "/root/.aws/credentials"),
        ({"AWS_CONFIG_FILE": "/a", "AWS_SHARED_CREDENTIALS_FILE": "/b", "HOME": "/root"}, "/a", "/b"),
        ({"AWS_CONFIG_FILE": "~/a", "HOME": "/root"}, "/root/a", "/root/.aws/credentials"),
    ],
)
async def test_where_they_are(
    asker: Asker, files: Files, environ: dict[str, str], config: str, credentials: str
) -> None:
    around = workload(asker, files, environ)
    assert (place(around, CONFIG), place(around, CREDENTIALS)) == (config, credentials)


async def test_none_is_no_profiles(asker: Asker, files: Files) -> None:
    assert await read_profiles(workload(asker, files, {"HOME": "/nowhere"})) == {}
    assert await read_profiles(workload(asker, files)) == {}
    assert files.read == ["/nowhere/.aws/config", "/nowhere/.aws/credentials"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("canary = secret\n[default]", "see line 1"),
        ("[default]\naws_secret_access_key\ncanary", "see line 2"),
        ("[default\nx = canary", "see line 1"),
    ],
)
async def test_a_file_that_is_none_is_named_by_its_line_alone(
    home: Workload, files: Files, text: str, reason: str
) -> None:
    files.write("/home/app/.aws/credentials", text)
    with pytest.raises(Unavailable, match=f"^/home/app/.aws/credentials is not a file of profiles: {reason}$"):
        await read_profiles(home)


async def test_a_file_that_cannot_be_read(asker: Asker, tmp_path: Path) -> None:
    around = Workload({"AWS_CONFIG_FILE": str(tmp_path)}, {}, asker, lambda: 0.0, lambda path: Path(path).read_text())
    with pytest.raises(Unavailable, match=rf"{tmp_path} cannot be read \(IsADirectoryError\)"):
        await read_profiles(around)
    (tmp_path / "config").write_bytes(b"[default]\nx = \xff")
    with pytest.raises(Unavailable, match=r"config cannot be read \(UnicodeDecodeError\)"):
        await read_profiles(around._replace(environ={"AWS_CONFIG_FILE": str(tmp_path / "config")}))


@pytest.mark.parametrize(
    ("options", "environ", "region"),
    [
        ({"region": "a"}, {"AWS_REGION": "b"}, "a"),
        ({}, {"AWS_REGION": "b", "AWS_DEFAULT_REGION": "c"}, "b"),
        ({}, {"AWS_DEFAULT_REGION": "c"}, "c"),
        ({}, {}, "eu-west-1"),
        ({}, {"AWS_PROFILE": "app"}, "us-west-2"),
        ({"profile": "two words"}, {"AWS_PROFILE": "app"}, "ap-south-1"),
        ({}, {"AWS_PROFILE": "only"}, None),
        ({}, {"AWS_PROFILE": "nobody"}, None),
    ],
)
async def test_the_region(
    home: Workload, files: Files, options: dict[str, str], environ: dict[str, str], region: str | None
) -> None:
    around = home._replace(options=options, environ={**home.environ, **environ})
    assert await region_of(around) == region
    assert bool(files.read) == (region not in ("a", "b", "c"))


lines = st.sampled_from(
    [
        "[default]",
        "[profile a]",
        "[a]",
        "[]",
        "[",
        "[\0]",
        "[profile ]",
        "k = v",
        " k = v",
        "k",
        "  k",
        "=",
        "= v",
        "k =",
        "#",
        "\t",
        "%(x)s = %",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.lists(lines, max_size=8).map("\n".join), st.booleans())
def test_any_text_ends_in_profiles_or_a_reason(text: str, config: bool) -> None:
    reason = ""
    try:
        for name, said in sections(text, "file", config):
            assert all(isinstance(word, str) for word in (name, *said, *said.values()))
    except Unavailable as fault:
        reason = str(fault)
    assert not reason or reason.startswith("file is not a file of profiles")
