"""The section `limits` and its neighbours: what they may say, how each thing that they may not is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from proxy.config.decode import Decoder
from proxy.config.limits import Adaptive, LimitEntry, Rule, Sharing, limit_faults, name_of, rules_of
from proxy.config.values import Sources

SAID = {"provider": "openai", "requests": 5}
STORE = {"redis": "redis://cache:6379/0"}


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A configuration of these sections alone."""

    limits: tuple[LimitEntry, ...] = ()
    sharing: Sharing | None = None
    adaptive: Adaptive = Adaptive()


def decoded(*limits: Any, **more: Any) -> tuple[Document, list[str]]:
    """What it decodes to, and every fault, in words."""
    decoder = Decoder(Sources({"PASSWORD": "secret"}, Path()))
    document: Document = decoder.decode(Document, {"limits": list(limits), **more}, "")
    faults = [*decoder.faults] or [*limit_faults(document.limits, ["openai", "local"], document.sharing)]
    return document, [str(fault) for fault in faults]


def test_all_that_can_be_said() -> None:
    limits = (
        {"name": "tpm", "provider": "openai", "model": "gpt-4o", "per_key": True, "tokens": 1000, "per": "minute"},
        {"header": "X-User", "values": 50, "requests": 5, "per": 2.5, "wait": 3, "queue": 7},
        {"model": "fast", "requests": 9, "tokens": 10, "per": "day", "shared": True},
    )
    document, faults = decoded(*limits, sharing=STORE)
    assert faults == []
    assert rules_of(document.limits, {"openai": 3, "local": 1}, "target") == [
        Rule("tpm", "openai", "gpt-4o", "", 1000, None, 3000, 60.0, 0.0, 100, False)
    ]
    assert rules_of(document.limits, {}, "caller") == [
        Rule("header X-User per 2.5s", "", "", "x-user", 50, 5, None, 2.5, 3.0, 7, False),
        Rule("model fast per 86400s", "", "fast", "", 1000, 9, 10, 86400.0, 0.0, 100, True),
    ]


def test_a_provider_with_one_key_or_none_has_its_limit_once() -> None:
    document, _ = decoded(SAID | {"per_key": True}, SAID | {"provider": "local", "per_key": True})
    assert [rule.requests for rule in rules_of(document.limits, {"openai": 1, "local": 0}, "target")] == [5, 5]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"provider": "opena"}, "limits[0].provider is 'opena'; allowed: openai, local (did you mean openai?)"),
        ({"requests": 0}, "limits[0].requests is 0; allowed: a whole number, 1 to"),
        ({"requests": 1.5}, "limits[0].requests is 1.5"),
        ({"requests": True}, "limits[0].requests is true"),
        ({"requests": None}, "limits[0] is without any amount; allowed: at least one of requests, tokens"),
        ({"tokens": -1}, "limits[0].tokens is -1"),
        ({"tokens": 10**16}, "limits[0].tokens is 10000000000000000"),
        (
            {"per": "minutes"},
            "limits[0].per is 'minutes'; allowed: second, minute, hour, day or seconds, 0.1 to 267840",
        ),
        ({"per": 0}, "limits[0].per is 0"),
        ({"per": -60}, "limits[0].per is -60"),
        ({"per": True}, "limits[0].per is true"),
        ({"per": float("nan")}, "limits[0].per is nan"),
        ({"per": None}, "limits[0].per is empty"),
        ({"per": [60]}, "limits[0].per is a list of 1"),
        ({"wait": -1}, "limits[0].wait is -1"),
        ({"queue": 0}, "limits[0].queue is 0"),
        ({"request": 5}, "limits[0].request is an unknown key"),
        ({"header": "x-user"}, "limits[0].header is given beside provider; allowed: one of the two"),
        ({"header": "no header"}, "limits[0].header is 'no header'"),
        ({"values": 5}, "limits[0].values is 5; allowed: nothing, as the limit names no header"),
        ({"shared": True}, "limits[0].shared is true; allowed: false, as there is no section `sharing`"),
        ({"provider": None}, "limits[0] is for nobody; allowed: at least one of provider, model, header"),
        ({"provider": None, "model": "m", "per_key": True}, "limits[0].per_key is true; allowed: false"),
    ],
)
def test_each_fault_is_named(changes: dict[str, Any], fault: str) -> None:
    _, faults = decoded(SAID | changes)
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_limits_are_told_apart_by_their_names() -> None:
    same = "limits[1].name is 'provider openai per 60s', as limits[0] is called; allowed: another name for each limit"
    assert decoded(SAID, SAID)[1] == [same]
    assert decoded(SAID, SAID | {"name": "second"}, SAID | {"per": "hour"})[1] == []
    both = LimitEntry(model="fast", header="x-user", requests=1, per=1.0)
    assert name_of(both) == "model fast, header x-user per 1s"


@pytest.mark.parametrize(
    "url", ["redis://cache", "redis://10.0.0.1:6380/3", "rediss://[::1]:6379/", "unix:///run/v.sock"]
)
def test_addresses_of_stores(url: str) -> None:
    document, faults = decoded(sharing={"redis": url, "password": {"env": "PASSWORD"}, "prefix": "a:b"})
    assert faults == []
    assert document.sharing is not None
    assert (document.sharing.redis, document.sharing.password and document.sharing.password.value) == (url, "secret")
    assert "secret" not in repr(document)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cache:6379",
        "http://cache",
        "redis://",
        "redis://user:hunter2@cache",
        "redis://cache/zero",
        "redis://cache:0",
        "redis://cache?password=hunter2",
        "redis://cache:99999",
        "unix://host/x",
        "redis://ca che",
        7,
        None,
        ["redis://cache"],
    ],
)
def test_what_is_no_address_of_a_store_is_not_shown(url: Any) -> None:
    _, faults = decoded(sharing={"redis": url})
    assert faults == [
        "sharing.redis is ****; allowed: redis://HOST:PORT/NUMBER, rediss:// with TLS, or unix://PATH; no password"
    ]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"timeout": 0}, "sharing.timeout is 0"),
        ({"prefix": ""}, "sharing.prefix is ''"),
        ({"prefix": "a b"}, "sharing.prefix is 'a b'"),
        ({"password": {"env": "NONE"}}, "sharing.password.env is 'NONE' (not set)"),
        ({"url": "x"}, "sharing.url is an unknown key"),
    ],
)
def test_other_faults_of_sharing(changes: dict[str, Any], fault: str) -> None:
    (said,) = decoded(sharing=STORE | changes)[1]
    assert said.startswith(fault)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"share": 0}, "adaptive.share is 0; allowed: a share"),
        ({"share": 1.1}, "adaptive.share is 1.1"),
        ({"adaptive": "yes"}, "adaptive.adaptive is 'yes'"),
        ({"queue": -1}, "adaptive.queue is -1"),
    ],
)
def test_faults_of_what_is_learned(said: dict[str, Any], fault: str) -> None:
    (found,) = decoded(adaptive=said)[1]
    assert found.startswith(fault)


def test_the_schema_says_how_it_is_written() -> None:
    assert msgspec.json.schema(Document, schema_hook=lambda kind: {})["$defs"]["LimitEntry"]["properties"]["per"][
        "x-written"
    ] == {
        "anyOf": [{"enum": ["second", "minute", "hour", "day"]}, {"type": "number", "minimum": 0.1, "maximum": 2678400}]
    }
