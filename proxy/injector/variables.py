"""The variables that send unmodified SDKs to the sidecar: which a container gets, in which order, and why it gets no others.

Ours stand before the container's own, because `$(NAME)` looks backwards only
(https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/). The table itself is the
template's. Which containers get any is placing.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Variable = dict[str, Any]

PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"})
NO_PROXY = ("NO_PROXY", "no_proxy")
LOOPBACKS = ("127.0.0.1", "localhost", "::1")
PRESENT = "it is set already"


class Wanted(NamedTuple):
    """`rows`: name, value and `unless` of each, in order. `override`: whether those of the container give way."""

    rows: tuple[Mapping[str, Any], ...]
    override: bool
    loopbacks: bool

    @property
    def names(self) -> frozenset[str]:
        return frozenset(row["name"] for row in self.rows)


class Given(NamedTuple):
    """`env`: the container's variables now. `names`: those that we added. `left_out`: name -> why it was not added."""

    env: list[Variable]
    names: list[str]
    left_out: dict[str, str]


def wanted(env: Mapping[str, Any], providers: Iterable[str], mode: str, port: int) -> Wanted:
    """What containers of a pod with these providers are to get; `env` is the template's section.

    The providers follow one another by name, the variables of each as the table has them. A name counts once.
    """
    asked = frozenset(providers)
    rows: dict[str, Mapping[str, Any]] = {}
    for provider in sorted(env["variables"]) if mode != "off" else ():
        for row in env["variables"][provider] if provider in asked else ():
            value = row["value"].replace("{port}", str(port))
            rows.setdefault(row["name"], {"name": row["name"], "value": value, "unless": row.get("unless") or []})
    return Wanted(tuple(rows.values()), mode == "override", mode != "off" and env["noProxy"] == "auto")


def given(env: Sequence[Variable], what: Wanted) -> Given:
    """What a container with the variables `env` has after it got what is wanted. `env` is not changed."""
    kept = [item for item in env if not (what.override and item["name"] in what.names)]
    present = {item["name"] for item in kept}
    left_out = {row["name"]: why for row in what.rows if (why := _objection(row, present))}
    ours = [{"name": row["name"], "value": row["value"]} for row in what.rows if row["name"] not in left_out]
    if what.loopbacks:
        ours += _missing_no_proxy(present)
        kept = _with_loopbacks(kept, present)
    return Given([*ours, *kept], [item["name"] for item in ours], left_out)


def _objection(row: Mapping[str, Any], present: set[str]) -> str | None:
    if row["name"] in present:
        return PRESENT
    return next((f"{name} is set" for name in row["unless"] if name in present), None)


def known(env: Mapping[str, Any], ports: Iterable[int]) -> frozenset[tuple[str, str]]:
    """Every variable that the template's section `env` may give, name and value, with one of these ports."""
    rows = [row for provider in env["variables"].values() for row in provider]
    values = {(row["name"], row["value"].replace("{port}", str(port))) for row in rows for port in ports}
    return frozenset(values | {(name, ",".join(LOOPBACKS)) for name in NO_PROXY})


def without(env: Sequence[Variable], names: Iterable[str], ours: frozenset[tuple[str, str]]) -> list[Variable]:
    """The container's own variables: all but those `names` that we gave it before and that still are as we write them."""
    before = frozenset(names)
    return [item for item in env if item["name"] not in before or (item["name"], item.get("value")) not in ours]


# ---- proxies, which clients would ask for 127.0.0.1 too


def _missing_no_proxy(present: set[str]) -> list[Variable]:
    """Both spellings, where a proxy is set and neither is: some programs read one, some the other."""
    if not present & PROXIES or present & set(NO_PROXY):
        return []
    return [{"name": name, "value": ",".join(LOOPBACKS)} for name in NO_PROXY]


def _with_loopbacks(env: list[Variable], present: set[str]) -> list[Variable]:
    if not present & PROXIES:
        return env
    return [_extended(item) if item["name"] in NO_PROXY and "valueFrom" not in item else item for item in env]


def _extended(item: Variable) -> Variable:
    listed = [part.strip() for part in (item.get("value") or "").split(",")]
    missing = [] if "*" in listed else [name for name in LOOPBACKS if name not in listed]
    return {**item, "value": ",".join([*filter(None, listed), *missing])} if missing else item


def hidden_no_proxy(env: Sequence[Variable]) -> bool:
    """Whether a proxy is set and what goes round it comes from elsewhere, so that nothing can be added."""
    names = {item["name"] for item in env}
    return bool(names & PROXIES) and any(item["name"] in NO_PROXY and "valueFrom" in item for item in env)
