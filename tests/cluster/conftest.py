"""The API server of the tests here, one a process of pytest.

Where nobody says in which folder the programs are, there is nothing to collect.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.apiserver import ApiServer, running
from tests.cluster.client import Answer, Json
from tests.cluster.injectors import Injectors, injectors
from tests.cluster.pods import POLICY_DOMAIN, pod, sidecar
from tests.cluster.releases import Release

PROGRAMS = "OUTRIDER_CLUSTER"
collect_ignore_glob = [] if PROGRAMS in os.environ else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests measured, wherever they ran."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "measured":
                terminalreporter.line(str(value))


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    if PROGRAMS not in os.environ:
        pytest.skip(f"{PROGRAMS} names no folder with the programs: make test-cluster does")
    with running(Path(os.environ[PROGRAMS]), tmp_path_factory.mktemp("cluster")) as server:
        yield server


@pytest.fixture(scope="session")
def webhook(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Injectors]:
    """The chart as it is, with its two injectors, by helm 3. Tests that break something install a release of their own."""
    api.make_namespace("outrider-system")
    release = Release(api, "outrider-system")
    release.install()
    with injectors(release, tmp_path_factory.mktemp("injectors"), replicas=2) as running:
        yield running


@pytest.fixture(scope="session")
def policy(api: ApiServer) -> Release:
    """The chart with mode policy, of a domain of its own beside the webhook's; in force."""
    api.make_namespace("outrider-policy")
    release = Release(api, "outrider-policy", "outrider-policy")
    release.install({"injection.mode": "policy", "injection.domain": POLICY_DOMAIN})
    namespace, good = api.namespace(), pod(domain=POLICY_DOMAIN)
    bad = pod(domain=POLICY_DOMAIN, annotations={"port": "no"})

    def tried(asked: Json) -> Answer:
        return api.admin.create("Pod", asked, namespace, dryRun="All")

    api.eventually(lambda: tried(good), lambda made: made.accepted and sidecar(made.body) is not None)
    api.eventually(lambda: tried(bad), lambda answer: not answer.accepted)
    return release
