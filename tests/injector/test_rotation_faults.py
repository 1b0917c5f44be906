"""What is said, and what goes on being served, when the API refuses, is away, or answers what it never should."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.injector.refusal import ClusterError
from proxy.injector.rotation import Kept, Rotation
from proxy.injector.served import BadPair
from tests.injector.fake_api import SECRET, WEBHOOK, cluster_of
from tests.injector.replica import START, Replica, installed


@pytest.mark.parametrize(
    ("method", "path", "status", "fault", "served"),
    [
        ("GET", SECRET, 403, "certificate: GET /api/v1/namespaces/llm/secrets/outrider-tls: status 403", False),
        ("GET", SECRET, 404, "certificate: GET", False),
        ("PUT", SECRET, 403, "certificate: PUT", False),
        ("GET", SECRET, 500, "certificate: GET", False),
        ("GET", WEBHOOK, 403, "caBundle: GET", True),
        ("GET", WEBHOOK, 404, "caBundle: GET", True),
        ("PATCH", WEBHOOK, 403, "caBundle: PATCH", False),
    ],
)
async def test_what_is_refused_at_first_is_why_it_is_not_ready(
    method: str, path: str, status: int, fault: str, served: bool
) -> None:
    api = installed()
    api.refuse = {(method, path): status}
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        replica.must_be_published = False
        with pytest.raises(ClusterError):
            await replica.at(0)
        assert any(each.startswith(fault) for each in replica.rotation.faults), replica.rotation.faults
        assert bool(replica.served) is served
        api.refuse = {}
        await replica.at(0)
        assert replica.rotation.faults == []


@pytest.mark.parametrize("status", [0, 500, 429])
async def test_an_api_that_is_away_does_not_make_a_replica_unready(status: int) -> None:
    api = installed()
    async with cluster_of(api, patience=0.1) as cluster:
        replica = Replica(api, cluster)
        await replica.at(0)
        if status:
            api.refuse = {("GET", "/"): status}
        else:
            api.delay = 0.3
        with pytest.raises(ClusterError):
            await replica.at(1)
    assert replica.rotation.faults == []


async def test_a_configuration_that_was_deleted_makes_it_unready() -> None:
    api = installed()
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        await replica.at(0)
        del api.objects[WEBHOOK]
        with pytest.raises(ClusterError):
            await replica.at(1)
    assert "404" in replica.rotation.faults[0]


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"webhooks": 5},
        {"webhooks": [7, {}, {"clientConfig": None}]},
        {"webhooks": [], "metadata": []},
        {"metadata": 3},
    ],
)
async def test_a_configuration_of_another_shape_is_never_published(lie: dict[str, Any]) -> None:
    api = installed()
    api.lies = {WEBHOOK: json.dumps(lie).encode()}
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        replica.must_be_published = False
        await replica.at(0)
    assert replica.rotation.faults == ["caBundle: outrider has no webhook with it"]


@pytest.mark.parametrize("data", [None, [], "x", {"ca.crt": []}, {"tls.crt": {}}])
async def test_a_secret_of_another_shape_is_replaced(data: object) -> None:
    api = installed()
    api.put(SECRET, {**api.objects[SECRET], "data": data})
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        await replica.at(0)
    assert replica.rotation.faults == []


async def test_a_pair_that_tls_refuses_is_a_fault() -> None:
    def refuse(certificate: bytes, key: bytes) -> bool:
        raise BadPair("no")

    api = installed()
    async with cluster_of(api) as cluster:
        kept = Kept("llm", "outrider-tls", "outrider", ("outrider",))
        rotation = Rotation(cluster, kept, refuse, lambda: START, lambda step: None)
        await rotation.tick()
    assert rotation.faults == ["certificate: no"]
