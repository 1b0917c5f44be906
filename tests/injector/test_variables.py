"""Which variables a container gets, in which order, and why it gets no others."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.template import packaged
from proxy.injector.variables import Wanted, given, hidden_no_proxy, known, wanted, without

ENV = packaged()["env"]


def row(name: str, value: str = "v", *unless: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unless": list(unless)}


def env(**values: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


def test_what_is_wanted_follows_the_providers_names_and_the_table() -> None:
    found = wanted(ENV, ["openai", "anthropic"], "ifAbsent", 9000)
    assert [row["name"] for row in found.rows] == [
        *("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
        *("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_API_KEY"),
    ]
    assert found.rows[2]["value"] == "http://127.0.0.1:9000/v1"
    assert (found.override, found.loopbacks) == (False, True)


def test_off_wants_nothing() -> None:
    assert wanted(ENV, ["openai"], "off", 1) == Wanted((), False, False)


def test_a_name_of_two_providers_counts_once() -> None:
    table = {"variables": {"b": [row("A", "2")], "a": [row("A", "1")]}, "noProxy": "off"}
    assert [row["value"] for row in wanted(table, ["a", "b"], "ifAbsent", 1).rows] == ["1"]


def test_every_provider_of_the_template_sends_to_the_sidecar_and_no_value_is_empty() -> None:
    for provider, rows in ENV["variables"].items():
        assert any("127.0.0.1:{port}" in row["value"] for row in rows), provider
        assert all(row["value"] for row in rows), provider


def test_ours_come_first_and_those_that_are_there_stay() -> None:
    what = Wanted((row("A"), row("B"), row("C")), False, False)
    found = given(env(X="1", B="mine"), what)
    assert found.env == [*env(A="v", C="v"), *env(X="1", B="mine")]
    assert (found.names, found.left_out) == (["A", "C"], {"B": "it is set already"})


def test_unless_looks_at_what_the_container_has_and_not_at_ours() -> None:
    what = Wanted((row("URL"), row("KEY", "k", "URL", "TOKEN")), False, False)
    assert names(given([], what).env) == ["URL", "KEY"]
    assert given(env(TOKEN="t"), what).left_out == {"KEY": "TOKEN is set"}
    assert given(env(URL="u"), what).left_out == {"URL": "it is set already", "KEY": "URL is set"}


def test_override_replaces_and_counts_what_it_replaces_as_gone() -> None:
    what = Wanted((row("URL"), row("KEY", "k", "URL", "TOKEN")), True, False)
    assert given(env(URL="mine", X="1"), what).env == [*env(URL="v", KEY="k"), *env(X="1")]
    assert given(env(TOKEN="t", KEY="mine"), what).left_out == {"KEY": "TOKEN is set"}


def test_a_source_counts_as_present() -> None:
    there = [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]
    assert given(there, Wanted((row("A"),), False, False)).env == there


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"NO_PROXY": "a"}, {"NO_PROXY": "a"}),
        (
            {"HTTP_PROXY": "p"},
            {"NO_PROXY": "127.0.0.1,localhost,::1", "no_proxy": "127.0.0.1,localhost,::1", "HTTP_PROXY": "p"},
        ),
        ({"all_proxy": "p", "NO_PROXY": ""}, {"all_proxy": "p", "NO_PROXY": "127.0.0.1,localhost,::1"}),
        (
            {"https_proxy": "p", "no_proxy": "a,127.0.0.1"},
            {"https_proxy": "p", "no_proxy": "a,127.0.0.1,localhost,::1"},
        ),
        ({"HTTPS_PROXY": "p", "NO_PROXY": "a, *"}, {"HTTPS_PROXY": "p", "NO_PROXY": "a, *"}),
        (
            {"HTTPS_PROXY": "p", "NO_PROXY": "a", "no_proxy": "b"},
            {"HTTPS_PROXY": "p", "NO_PROXY": "a,127.0.0.1,localhost,::1", "no_proxy": "b,127.0.0.1,localhost,::1"},
        ),
        (
            {"HTTPS_PROXY": "p", "NO_PROXY": "::1,localhost ,127.0.0.1"},
            {"HTTPS_PROXY": "p", "NO_PROXY": "::1,localhost ,127.0.0.1"},
        ),
    ],
)
def test_no_proxy(before: dict[str, str], after: dict[str, str]) -> None:
    found = given(env(**before), Wanted((), False, True)).env
    assert found == env(**after)
    assert given(found, Wanted((), False, True)).env == found


def test_no_proxy_from_elsewhere() -> None:
    there = [*env(HTTPS_PROXY="p"), {"name": "no_proxy", "valueFrom": {}}]
    assert given(there, Wanted((), False, True)).env == there
    assert hidden_no_proxy(there)
    assert not hidden_no_proxy(there[1:])
    assert not hidden_no_proxy(env(HTTPS_PROXY="p", NO_PROXY="x"))


def test_only_what_we_gave_and_nobody_changed_is_taken_out() -> None:
    ours = known(ENV, [11411, 9000])
    there = env(
        OPENAI_BASE_URL="http://127.0.0.1:9000/v1", OPENAI_API_KEY="theirs", X="1", NO_PROXY="127.0.0.1,localhost,::1"
    )
    assert names(without(there, ["OPENAI_BASE_URL", "OPENAI_API_KEY", "X"], ours)) == [
        "OPENAI_API_KEY",
        "X",
        "NO_PROXY",
    ]
    assert names(without(there, ["NO_PROXY"], ours)) == ["OPENAI_BASE_URL", "OPENAI_API_KEY", "X"]
    assert without(there, [], ours) == there
