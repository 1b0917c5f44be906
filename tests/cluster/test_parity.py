"""The same pod, whoever injects: the webhook, the policy, `outrider inject` and the library chart, on the golden cases.

What the policy and the library cannot do they refuse: nothing that a pod asks for is ever left out in silence.
"""

from __future__ import annotations

import pytest

from tests.cluster.client import Json
from tests.cluster.injectors import Injectors
from tests.cluster.parity import (
    REFUSED,
    as_made,
    by_admission,
    by_command,
    by_library,
    comparable_cases,
    injects,
    refuses,
)
from tests.cluster.pods import DOMAIN, POLICY_DOMAIN, variables
from tests.cluster.releases import Release
from tests.injector.golden import Case

CASES = {case.name: case for case in comparable_cases()}
#: What the policy cannot do (docs/policy.md): annotations, and a container of the user's own to lay over ours.
BEYOND_THE_POLICY = {f"{DOMAIN}/{name}" for name in ("image", "extra-env", "metrics")}
MOST_OF_THE_CASES = 60


def asked_of(case: Case) -> dict[str, str]:
    return case.pod["metadata"].get("annotations") or {}


def own_container(case: Case) -> bool:
    spec = case.pod["spec"]
    return any(each["name"] == "outrider" for each in [*(spec.get("initContainers") or []), *spec["containers"]])


def beyond_the_policy(case: Case) -> bool:
    asked = {**case.around.annotations, **asked_of(case)}
    return bool(BEYOND_THE_POLICY & asked.keys()) or own_container(case) or asked.get(f"{DOMAIN}/native") == "never"


def for_the_command(case: Case) -> bool:
    """Namespaces have annotations only in a cluster."""
    return not refuses(case) and not case.around.annotations


def for_the_library(case: Case) -> bool:
    """What it injects where nothing is said by annotations: charts have values for that."""
    said = any(key.startswith(f"{DOMAIN}/") for key in asked_of(case))
    return for_the_command(case) and injects(case) and not said and not own_container(case)


COMMAND = [name for name, case in CASES.items() if for_the_command(case)]
LIBRARY = [name for name, case in CASES.items() if for_the_library(case)]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    return by_command([CASES[name] for name in COMMAND], tmp_path_factory.mktemp("command"))


@pytest.fixture(scope="module")
def library(webhook: Injectors, command: dict[str, Json], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    found = [(CASES[name], variables(command[name], "outrider")["POD_WORKLOAD"]) for name in LIBRARY]
    return by_library(webhook.release, found, tmp_path_factory.mktemp("library"))


def test_there_are_cases() -> None:
    assert len(CASES) >= MOST_OF_THE_CASES
    assert len(COMMAND) >= MOST_OF_THE_CASES // 2
    assert len(LIBRARY) >= MOST_OF_THE_CASES // 4


@pytest.mark.parametrize("name", CASES)
def test_the_webhook_does_what_the_case_says(webhook: Injectors, name: str) -> None:
    case = CASES[name]
    found = by_admission(webhook.release.api, case, DOMAIN)
    assert (found == REFUSED) is refuses(case)


@pytest.mark.parametrize("name", CASES)
def test_the_policy_does_what_the_webhook_does(webhook: Injectors, policy: Release, name: str) -> None:
    case, api = CASES[name], policy.api
    found = by_admission(api, case, POLICY_DOMAIN)
    expected = REFUSED if beyond_the_policy(case) else by_admission(api, case, DOMAIN)
    assert found == expected


@pytest.mark.parametrize("name", COMMAND)
def test_the_command_does_what_the_webhook_does(webhook: Injectors, command: dict[str, Json], name: str) -> None:
    api = webhook.release.api
    assert as_made(api, api.namespace(), command[name]) == by_admission(api, CASES[name], DOMAIN)


@pytest.mark.parametrize("name", LIBRARY)
def test_the_library_does_what_the_webhook_does(webhook: Injectors, library: dict[str, Json], name: str) -> None:
    api = webhook.release.api
    assert as_made(api, api.namespace(), library[name]) == by_admission(api, CASES[name], DOMAIN)
