"""What signs for an endpoint, by its keys and its kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from proxy.providers import Endpoint, Provider
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.choice import CLOUDS, Surroundings, read_text, signs_for
from proxy.upstream.credentials.signs import Aws, Bearer, KeyRing

PLAIN = Provider(dialect="openai", docs="https://x")
AROUND = Surroundings({}, Asker())
OPTIONS = {"region": "eu-west-1"}


def endpoint(provider: Provider, key: str | None = None, keys: tuple[str, ...] = ()) -> Endpoint:
    base = "https://bedrock-runtime.eu-west-1.amazonaws.com"
    return Endpoint("there", "kind", provider, base, key, {}, keys, OPTIONS)


def test_one_key_or_none_signs_alike() -> None:
    for one in (endpoint(PLAIN), endpoint(PLAIN, "k"), endpoint(PLAIN, "k", ("k",))):
        assert signs_for(one, AROUND) is None


def test_several_keys_take_turns() -> None:
    assert isinstance(signs_for(endpoint(PLAIN, "a", ("a", "b")), AROUND), KeyRing)


@pytest.mark.parametrize(("cloud", "kind"), [("aws", Aws), ("google", Bearer), ("azure", Bearer)])
def test_a_cloud_signs_where_there_is_no_key(cloud: str, kind: type[object]) -> None:
    signs = signs_for(endpoint(replace(PLAIN, cloud=cloud)), AROUND)
    assert signs is not None
    assert isinstance(signs, kind)
    assert not signs.at_hand
    assert signs_for(endpoint(replace(PLAIN, cloud=cloud), "k"), AROUND) is None
    assert set(CLOUDS) == {"aws", "google", "azure"}


def test_what_ends_at_a_date_is_held_against_the_date() -> None:
    """Credentials say when they end, and signatures when they were made, in seconds since the epoch."""
    assert abs(AROUND.wall() - datetime.now(UTC).timestamp()) < 60
    assert abs(AROUND.time() - monotonic()) < 60


def test_files_are_text(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t\n")
    assert read_text(str(tmp_path / "token")) == "t\n"
    with pytest.raises(OSError, match="No such file"):
        read_text(str(tmp_path / "none"))
