"""Where in the pod everything goes: the container, the volumes, the variables of other containers. Lists in, new lists out.

Nothing of the input is changed: what stays the same is the same object in the result. Why a pod is injected is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from proxy.injector.container import NAME
from proxy.injector.difference import same
from proxy.injector.status import Before
from proxy.injector.variables import Given, Wanted, given, without

Item = Mapping[str, Any]
#: Containers of Istio and Linkerd that must come first: without them the pod has no network, or is not redirected yet.
MESH = frozenset(
    {"istio-init", "istio-validation", "istio-proxy", "linkerd-init", "linkerd-network-validator", "linkerd-proxy"}
)

#: Members of containers and volumes that the API server adds where they are absent.
DEFAULTS = frozenset(
    {
        *("terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "protocol", "apiVersion", "divisor"),
        *(
            "scheme",
            "successThreshold",
            "failureThreshold",
            "timeoutSeconds",
            "periodSeconds",
            "defaultMode",
            "hostPort",
        ),
    }
)


class Selected(NamedTuple):
    """Which containers get variables. `only`: none means all. `ours`: what we may have given before."""

    only: frozenset[str]
    skip: frozenset[str]
    init: bool
    ours: frozenset[tuple[str, str]]

    def takes(self, name: str) -> bool:
        return name not in MESH and name not in self.skip and (not self.only or name in self.only)


class Placed(NamedTuple):
    """`env`: container -> the variables that it was given. `left_out`: container -> name -> why."""

    spec: dict[str, Any]
    env: dict[str, list[str]]
    left_out: dict[str, dict[str, str]]


def after_mesh(containers: Sequence[Item]) -> int:
    """The place of a native sidecar among init containers that are not ours."""
    return max((place + 1 for place, each in enumerate(containers) if each["name"] in MESH), default=0)


def containers(spec: Item, ours: Item, native: bool, what: Wanted, which: Selected, before: Before) -> Placed:
    """`spec` with our container in its place and the others with their variables."""
    init = _others(spec.get("initContainers"))
    usual = _others(spec.get("containers"))
    first = after_mesh(init) if native and which.init else len(init)
    done = [*_leave(init[:first], which, before), *_give(init[first:], what, which, before)]
    rest = _give(usual, what, which, before)
    place = after_mesh(init)
    changed: dict[str, Any] = {
        "containers": [each for each, _ in rest] if native else [ours, *(each for each, _ in rest)]
    }
    listed = [each for each, _ in done]
    if native:
        changed["initContainers"] = [*listed[:place], ours, *listed[place:]]
    elif spec.get("initContainers"):
        changed["initContainers"] = listed
    return Placed({**spec, **changed}, *_told([*done, *rest]))


def _told(all_of_them: Iterable[tuple[Item, Given | None]]) -> tuple[dict[str, list[str]], dict[str, dict[str, str]]]:
    """By container what it was given, and why not the rest. Two of one name, which no API server takes, are told together."""
    env: dict[str, list[str]] = {}
    left_out: dict[str, dict[str, str]] = {}
    for each, found in all_of_them:
        if found is not None and found.names:
            env[each["name"]] = list(dict.fromkeys([*env.get(each["name"], ()), *found.names]))
        if found is not None and found.left_out:
            left_out.setdefault(each["name"], {}).update(found.left_out)
    return env, left_out


def settled(ours: Item, present: Item | None) -> Item:
    """What stands there already, where it differs from ours only by what the API server fills in: nothing is changed then."""
    return present if present is not None and _is_filled(ours, present) else ours


def _is_filled(ours: Any, present: Any) -> bool:
    if isinstance(ours, Mapping) and isinstance(present, Mapping):
        added = present.keys() - ours.keys()
        return added <= DEFAULTS and all(name in present and _is_filled(ours[name], present[name]) for name in ours)
    if isinstance(ours, list) and isinstance(present, list):
        return len(ours) == len(present) and all(map(_is_filled, ours, present))
    return same(ours, present)


def _others(listed: Sequence[Item] | None) -> list[Item]:
    return [each for each in listed or [] if each["name"] != NAME]


def _leave(group: Iterable[Item], which: Selected, before: Before) -> list[tuple[Item, Given | None]]:
    return [(_with_env(each, _own_env(each, which, before)), None) for each in group]


def _give(group: Iterable[Item], what: Wanted, which: Selected, before: Before) -> list[tuple[Item, Given | None]]:
    return [_give_one(each, what, which, before) for each in group]


def _give_one(each: Item, what: Wanted, which: Selected, before: Before) -> tuple[Item, Given | None]:
    env = _own_env(each, which, before)
    if not which.takes(each["name"]):
        return _with_env(each, env), None
    found = given(env, what)
    return _with_env(each, found.env), found


def _own_env(each: Item, which: Selected, before: Before) -> list[dict[str, Any]]:
    return without(each.get("env") or [], before.env.get(each["name"], ()), which.ours)


def _with_env(each: Item, env: list[dict[str, Any]]) -> Item:
    """The same object where nothing changed: an absent or a null list stays what it is."""
    return each if env == (each.get("env") or []) else {**each, "env": env}


# ---- volumes and the like


def volumes(present: Sequence[Item] | None, ours: Sequence[Item], before: Before) -> tuple[list[Item], list[str]]:
    """All volumes, and the names of those that are ours. A volume of that name that the user has stays, as it may be meant.

    Ours of an earlier time are renewed where they stand, or go where they are wanted no more.
    """
    by_name = {each["name"]: each for each in ours}
    kept: list[Item] = []
    mine: list[str] = []
    for each in present or []:
        earlier = before.injected and each["name"] in before.volumes
        new = by_name.pop(each["name"], None)
        if not earlier:
            kept.append(each)
        elif new is not None:
            kept.append(settled(new, each))
            mine.append(each["name"])
    return [*kept, *by_name.values()], [*mine, *by_name]


def named(template: Sequence[Item], config: str | None, keys: str | None) -> list[Item]:
    """The template's volumes with the objects that annotations name."""
    return [
        _renamed(
            _renamed(each, "outrider-config", "configMap", "name", config),
            "outrider-keys",
            "secret",
            "secretName",
            keys,
        )
        for each in template
    ]


def _renamed(volume: Item, name: str, source: str, member: str, value: str | None) -> Item:
    if value is None or volume["name"] != name or not isinstance(volume.get(source), Mapping):
        return volume
    return {**volume, source: {**volume[source], member: value}}


def with_secrets(present: Sequence[Item] | None, ours: Sequence[Item]) -> list[Item]:
    names = {each["name"] for each in present or []}
    return [*(present or []), *(each for each in ours if each["name"] not in names)]
