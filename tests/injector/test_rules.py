"""The rules that the golden cases do not reach: bounds, several faults at once, versions."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.annotations import Settings
from proxy.injector.rules import (
    LONGEST_WARNING,
    MOST_CONTAINERS,
    Case,
    cut,
    refused,
    skipped,
    skipped_on_host,
    warnings,
)
from proxy.injector.template import packaged


def case(
    pod: dict[str, Any] | None = None, server: tuple[int, int] | None = None, native: str = "auto", **settings: Any
) -> Case:
    spec = {"containers": [{"name": "app"}], **(pod or {})}
    return Case({"spec": spec}, {**packaged(), "native": native}, Settings(**settings), "default", server, False)


@pytest.mark.parametrize(
    ("server", "template", "annotation", "native"),
    [
        (None, "auto", None, True),
        ((1, 32), "auto", None, True),
        ((1, 31), "auto", None, False),
        ((2, 0), "auto", None, True),
        ((1, 33), "never", None, False),
        ((1, 29), "always", None, True),
        ((1, 29), "always", "auto", False),
        ((1, 33), "never", "auto", True),
        ((1, 33), "auto", "never", False),
    ],
)
def test_native_or_not(server: tuple[int, int] | None, template: str, annotation: str | None, native: bool) -> None:
    found = case(server=server, native=template)
    assert found._replace(settings=Settings(native=annotation)).native is native


def test_every_fault_is_told() -> None:
    pod = {"containers": [{"name": "app", "ports": [{"containerPort": 9000}]}, {"name": "outrider", "image": "theirs"}]}
    found = list(
        refused(case(pod, port=9000, ops_port=9000, providers=("x",), image="i", cpu_request="2", cpu_limit="1"))
    )
    assert [words for words in found if "providers names 'x'" in words]
    assert len(found) == 6


def test_a_limit_given_with_the_request_is_the_one_that_counts() -> None:
    assert not list(refused(case(memory_request="1Gi", memory_limit="2Gi")))
    [fault] = refused(case(memory_request="3Gi", memory_limit="2Gi"))
    assert "above the limit of 2Gi" in fault


def test_an_api_server_that_is_too_old_for_what_is_asked() -> None:
    assert not list(refused(case(server=(1, 28), native="always")))
    [fault] = refused(case(server=(1, 27), native="always"))
    assert "1.27" in fault
    assert not list(refused(case(server=(1, 27))))


def test_skips_come_before_the_host_network() -> None:
    pod = {"hostNetwork": True}
    assert skipped(case(pod)) is None
    assert skipped_on_host(case(pod)) is not None
    assert skipped_on_host(case(pod, allow_host_network=True)) is None


def test_warnings_of_names_are_for_those_that_are_asked_on_the_pod() -> None:
    asked = case(env_containers=("app", "x"), env_skip_containers=("y",))
    own = {
        "metadata": {"annotations": {"outrider.dev/env-containers": "app,x", "outrider.dev/env-skip-containers": "y"}}
    }
    assert list(warnings(asked._replace(pod={**asked.pod, **own}))) == [
        "outrider.dev/env-containers: the pod has no container x",
        "outrider.dev/env-skip-containers: the pod has no container y",
    ]
    assert not list(warnings(asked)), "of the namespace"
    off = asked._replace(pod={**asked.pod, **own}, settings=asked.settings._replace(env="off"))
    assert not list(warnings(off))


def test_ports_are_set_where_all_places_agree() -> None:
    [fault] = refused(case(extra_env=({"name": "A"}, {"name": "OUTRIDER_OPS_PORT", "value": "1"})))
    assert (
        fault
        == "annotation outrider.dev/extra-env sets OUTRIDER_OPS_PORT; the annotation outrider.dev/ops-port does that"
    )


def test_warnings_are_cut() -> None:
    assert cut("a" * LONGEST_WARNING) == "a" * LONGEST_WARNING
    assert cut("a" * (LONGEST_WARNING + 1)) == "a" * (LONGEST_WARNING - 3) + "..."


def test_a_limit_below_what_the_sidecar_asks_for_anyway() -> None:
    """The API server would refuse the pod in words that name no annotation."""
    [fault] = refused(case(memory_limit="64Mi"))
    assert fault == (
        "annotation outrider.dev/memory-limit is '64Mi', below the request of 96Mi; outrider.dev/memory-request lowers it"
    )
    [fault] = refused(case(cpu_limit="10m"))
    assert "below the request of 25m" in fault
    assert not list(refused(case(memory_limit="64Mi", memory_request="64Mi")))
    assert not list(refused(case(memory_limit="96Mi")))


def test_a_pod_of_very_many_containers() -> None:
    containers = [{"name": f"c{number}"} for number in range(MOST_CONTAINERS + 1)]
    assert not list(refused(case({"containers": containers[1:]})))
    [fault] = refused(case({"containers": containers[1:], "initContainers": containers[:1]}))
    assert fault == f"the pod has {MOST_CONTAINERS + 1} containers; allowed: at most {MOST_CONTAINERS}"
