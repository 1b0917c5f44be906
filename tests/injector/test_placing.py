"""Where everything goes in the pod."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.placing import MESH, Selected, after_mesh, containers, named, settled, volumes, with_secrets
from proxy.injector.status import Before
from proxy.injector.variables import Wanted

OURS = {"name": "outrider"}
ALL = Selected(frozenset(), frozenset(), True, frozenset())
ONE = Wanted(({"name": "A", "value": "1", "unless": []},), False, False)
GIVEN = [{"name": "A", "value": "1"}]


def listed(*names: str) -> list[dict[str, Any]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("present", "place"),
    [
        ((), 0),
        (("a",), 0),
        (("istio-init",), 1),
        (("a", "linkerd-proxy", "b"), 2),
        (("istio-proxy", "a", "istio-validation", "b"), 3),
    ],
)
def test_after_the_last_of_a_mesh(present: tuple[str, ...], place: int) -> None:
    assert after_mesh(listed(*present)) == place


def test_native_takes_its_place_and_what_runs_after_it_gets_variables() -> None:
    spec = {"initContainers": listed("a", "istio-init", "b"), "containers": listed("app"), "other": 1}
    placed = containers(spec, OURS, True, ONE, ALL, Before())
    assert placed.spec == {
        "initContainers": [{"name": "a"}, {"name": "istio-init"}, OURS, {"name": "b", "env": GIVEN}],
        "containers": [{"name": "app", "env": GIVEN}],
        "other": 1,
    }
    assert placed.env == {"app": ["A"], "b": ["A"]}
    assert spec["containers"] == [{"name": "app"}]


def test_classic_is_the_first_container() -> None:
    spec = {"initContainers": listed("a", "outrider"), "containers": listed("app", "outrider")}
    placed = containers(spec, OURS, False, ONE, ALL, Before())
    assert placed.spec == {"initContainers": listed("a"), "containers": [OURS, {"name": "app", "env": GIVEN}]}


@pytest.mark.parametrize("absent", [{}, {"initContainers": None}, {"initContainers": []}])
def test_classic_adds_no_empty_list(absent: dict[str, Any]) -> None:
    placed = containers({**absent, "containers": listed("app")}, OURS, False, ONE, ALL, Before())
    assert {name: value for name, value in placed.spec.items() if name != "containers"} == absent


@pytest.mark.parametrize(
    ("only", "skip", "taken"),
    [((), (), {"a", "b"}), (("a",), (), {"a"}), ((), ("a",), {"b"}), (("a", "b"), ("b",), {"a"}), (("x",), (), set())],
)
def test_who_is_selected(only: tuple[str, ...], skip: tuple[str, ...], taken: set[str]) -> None:
    which = Selected(frozenset(only), frozenset(skip), True, frozenset())
    assert {name for name in ("a", "b", *MESH) if which.takes(name)} == taken


def test_who_is_not_selected_any_more_loses_ours_and_nothing_else() -> None:
    which = Selected(frozenset({"b"}), frozenset(), True, frozenset({("A", "1")}))
    app = {"name": "app", "env": [*GIVEN, {"name": "X", "value": "2"}], "more": 1}
    before = Before(True, {"app": ["A"]})
    placed = containers({"containers": [app]}, OURS, True, ONE, which, before)
    assert placed.spec["containers"] == [{"name": "app", "env": [{"name": "X", "value": "2"}], "more": 1}]


def test_volumes_are_added_and_those_of_the_user_stay() -> None:
    found, mine = volumes([{"name": "v"}, {"name": "b", "own": 1}], [{"name": "a"}, {"name": "b"}], Before())
    assert found == [{"name": "v"}, {"name": "b", "own": 1}, {"name": "a"}]
    assert mine == ["a"]
    assert volumes(None, [{"name": "a"}], Before()) == ([{"name": "a"}], ["a"])


def test_volumes_of_an_earlier_time_are_renewed_in_place_or_go() -> None:
    before = Before(True, volumes=frozenset({"a", "gone"}))
    found, mine = volumes(
        [{"name": "gone"}, {"name": "a", "old": 1}, {"name": "late"}], [{"name": "a"}, {"name": "b"}], before
    )
    assert found == [{"name": "a"}, {"name": "late"}, {"name": "b"}]
    assert sorted(mine) == ["a", "b"]


@pytest.mark.parametrize(
    ("ours", "present", "kept"),
    [
        ({"a": 1}, None, False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "defaultMode": 420}, True),
        ({"a": 1}, {"a": 1, "cpu": "1"}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": 1}, {"a": True}, False),
        ({"p": [{"name": "x"}]}, {"p": [{"name": "x", "protocol": "TCP"}]}, True),
        ({"p": [{"name": "x"}]}, {"p": [{"name": "x"}, {"name": "y"}]}, False),
        ({"p": {"httpGet": {"port": 1}}}, {"p": {"httpGet": {"port": 1, "scheme": "HTTP"}, "timeoutSeconds": 1}}, True),
    ],
)
def test_what_the_api_server_fills_in_is_no_difference(ours: Any, present: Any, kept: bool) -> None:
    assert (settled(ours, present) is present) is kept


def test_objects_of_other_names() -> None:
    template: list[dict[str, Any]] = [
        {"name": "outrider-config", "configMap": {"name": "c", "optional": True}},
        {"name": "outrider-keys", "csi": {}},
        {"name": "x"},
    ]
    assert named(template, "mine", "keys") == [
        {"name": "outrider-config", "configMap": {"name": "mine", "optional": True}},
        *template[1:],
    ]
    assert named(template, None, None) == template


def test_pull_secrets_are_added_once() -> None:
    assert with_secrets(None, listed("a")) == listed("a")
    assert with_secrets(listed("a", "b"), listed("b", "c")) == listed("a", "b", "c")
