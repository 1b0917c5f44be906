"""What a provider has to be told: where it is looked for, what is missing, what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest

from proxy.config.decode import ConfigError
from proxy.config.options import (
    OF_CREDENTIALS,
    SPOKEN_OF,
    Unspoken,
    filled,
    filled_options,
    implied,
    missing_options,
    why_off,
)
from proxy.config.sections import ProviderEntry
from proxy.config.values import Secret
from proxy.providers import Option, Provider

REGIONAL = Provider(
    dialect="openai",
    docs="https://x",
    base_url="https://api.{region}.example/v1",
    paths={"chat": "/projects/{project}/chat/{model}"},
    options={"region": Option(("REGION", "DEFAULT_REGION"), "here"), "project": Option(("PROJECT",))},
    key_env=("KEY",),
)
CLOUDY = replace(REGIONAL, cloud="aws")


@pytest.mark.parametrize(
    ("given", "environ", "found"),
    [
        ({}, {}, {"region": "here"}),
        ({}, {"DEFAULT_REGION": "there ", "PROJECT": "p"}, {"region": "there", "project": "p"}),
        ({}, {"DEFAULT_REGION": "there", "REGION": " "}, {"region": "there"}),
        ({"region": "mine"}, {"REGION": "there"}, {"region": "mine"}),
    ],
)
def test_where_an_option_comes_from(
    given: Mapping[str, str], environ: Mapping[str, str], found: Mapping[str, str]
) -> None:
    assert filled_options(REGIONAL, given, environ, "x") == found


def test_an_option_that_nobody_knows_is_named_with_what_was_meant() -> None:
    with pytest.raises(ConfigError) as raised:
        filled_options(CLOUDY, {"rol_arn": "a"}, {}, "providers.b.options")
    assert raised.value.path == "providers.b.options.rol_arn"
    assert raised.value.allowed.endswith("(did you mean role_arn?)")
    with pytest.raises(ConfigError, match="none: this kind has no options"):
        filled_options(replace(REGIONAL, options={}), {"region": "a"}, {}, "providers.b.options")


def test_options_of_the_clouds_credentials_are_options() -> None:
    assert filled_options(CLOUDY, {"role_arn": "arn:aws:iam::1:role/r"}, {}, "x")["role_arn"] == "arn:aws:iam::1:role/r"


def test_an_address_is_filled_in_with_what_is_known() -> None:
    assert filled("https://api.{region}.example/{project}", {"region": "r"}) == "https://api.r.example/{project}"
    assert filled(None, {}) is None


def test_what_is_missing() -> None:
    entry = ProviderEntry(base_url="https://api.{region}.example/v1")
    assert missing_options(REGIONAL, entry) == ["region", "project"]
    complete = ProviderEntry(base_url="https://own.example", options={"project": "p"})
    assert missing_options(REGIONAL, complete) == []


def test_a_signature_names_a_region_where_the_address_does_not() -> None:
    """An endpoint of one's own: `https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com`."""
    entry = ProviderEntry(base_url="https://own.example", options={"project": "p"})
    assert missing_options(CLOUDY, entry) == ["region"]
    assert missing_options(CLOUDY, msgspec.structs.replace(entry, api_key=Secret("k", "A_KEY"))) == []


LISTED, OFF = ProviderEntry(), Unspoken()


@pytest.mark.parametrize(
    ("provider", "environ", "entry"),
    [
        (REGIONAL, {}, LISTED),
        (replace(REGIONAL, implied=False), {}, None),
        (replace(REGIONAL, base_url=None), {}, None),
        (CLOUDY, {}, OFF),
        (CLOUDY, {"KEY": " \n", "AWS_PROFILE": ""}, OFF),
        (CLOUDY, {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, LISTED),
        (CLOUDY, {"KEY": "k"}, LISTED),
    ],
)
def test_what_is_listed_without_a_configuration(
    provider: Provider, environ: Mapping[str, str], entry: ProviderEntry | None
) -> None:
    found = implied(provider, environ)
    assert type(found) is type(entry)
    assert found == entry


def test_all_that_would_turn_it_on_is_said_at_once() -> None:
    keyed = replace(REGIONAL, key_required=True, key_env=("A_KEY",))
    told = "it has to be told more: set REGION or DEFAULT_REGION or providers.x.options.region, and "
    address = ProviderEntry(base_url="https://api.{region}.example/v1")
    assert why_off("x", keyed, address).startswith(told)
    assert why_off("x", keyed, address).endswith("; no key: set A_KEY or providers.x.api_key in the configuration file")
    whole = ProviderEntry(base_url="https://x", options={"project": "p"}, api_key=Secret("k", "A_KEY"))
    assert why_off("x", keyed, whole) == ""


def test_a_cloud_that_is_named_finds_its_own_credentials() -> None:
    options = dict.fromkeys(CLOUDY.options, "o")
    assert why_off("x", CLOUDY, ProviderEntry(base_url="https://x", options=options)) == ""
    silent = why_off("x", CLOUDY, Unspoken(base_url="https://x", options=options))
    assert silent.startswith("no credentials: set KEY or AWS_ACCESS_KEY_ID or ")
    assert silent.endswith(", or name providers.x in the configuration file")


def test_every_cloud_has_both() -> None:
    assert OF_CREDENTIALS.keys() == SPOKEN_OF.keys()
