"""A stage for tests of whole pods; where there can be no namespaces their containers are plain processes, and the reason is said.

The quick tests of the simulator need nothing more. The others wait for probes and grace periods, minutes in all, and some need
the API server: they are collected where it is said in which folder its programs are, as for the rest of tests/cluster.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import PROGRAMS
from tests.cluster.podsim.bare import BareNode
from tests.cluster.podsim.network import Node, NodeNetwork, missing
from tests.cluster.podsim.stage import Stage, staged

SLOW = ["test_life_*.py", "test_cluster_*.py", "test_order.py", "test_job.py", "test_bare.py", "test_isolation.py"]
collect_ignore_glob = [] if PROGRAMS in os.environ else SLOW


@pytest.fixture(scope="session")
def lacking() -> str | None:
    """Why there can be no namespaces here, said once; None where there can."""
    reason = missing()
    if reason is not None:
        sys.stderr.write(f"pods run as plain processes, without isolation: {reason}\n")
    return reason


@pytest.fixture
def isolation(lacking: str | None) -> None:
    """For tests of what only namespaces can show."""
    if lacking is not None:
        pytest.skip(f"needs namespaces: {lacking}")


@pytest.fixture
def stage(lacking: str | None, tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, BareNode if lacking else NodeNetwork) as stage:
        yield stage


@pytest.fixture
def node(lacking: str | None) -> Iterator[Node]:
    """One without a provider, for tests of the simulator itself. The thread is on it."""
    with BareNode() if lacking else NodeNetwork() as network, network.entered():
        yield network
