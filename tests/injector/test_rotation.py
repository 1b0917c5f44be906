"""Certificates kept in a Secret that others write too: who wins, and what is published when."""

from __future__ import annotations

import asyncio
import base64
import logging

import pytest

from proxy.injector.refusal import ClusterError
from tests.injector.fake_api import SECRET, WEBHOOK, bundle, cluster_of
from tests.injector.replica import Replica, held, installed


async def test_an_empty_secret_is_filled_published_and_served() -> None:
    api = installed()
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        assert replica.rotation.faults == ["certificate: not yet served", "caBundle: not yet published"]
        await replica.at(0)
    assert replica.rotation.faults == []
    assert replica.served == [held(api).leaf.certificate]
    assert set(bundle(api)) == {base64.b64encode(held(api).bundle).decode()}
    assert api.objects[SECRET]["metadata"]["labels"] == {"kept": "yes"}
    assert replica.steps == {"begin": 1, "publish": 1, "serve": 1}
    assert set(replica.rotation.ends) == {"leaf", "ca"}


async def test_a_round_with_nothing_to_do_writes_nothing() -> None:
    api = installed()
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        await replica.at(0)
        api.asked.clear()
        await replica.at(1)
    assert api.asked == [("GET", WEBHOOK), ("GET", SECRET)]


@pytest.mark.parametrize("delay", [0.0, 0.01])
async def test_of_replicas_that_race_one_wins_and_all_serve_its_certificate(delay: float) -> None:
    api = installed()
    api.delay = delay
    async with cluster_of(api) as cluster:
        replicas = [Replica(api, cluster) for _ in range(4)]
        for replica in replicas:
            # Until the winner has published, the others may hold its certificate back or not: they come after it either way.
            replica.must_be_published = False
        await asyncio.gather(*(replica.at(0) for replica in replicas))
    assert sum(replica.steps["begin"] for replica in replicas) == 1
    assert {replica.served[-1] for replica in replicas} == {held(api).leaf.certificate}
    assert all(replica.rotation.faults == [] for replica in replicas)


async def test_ten_years_of_two_replicas_without_a_gap() -> None:
    """Every certificate served was of a CA published by then: Replica holds that at each step."""
    api = installed()
    async with cluster_of(api) as cluster:
        one, other = Replica(api, cluster), Replica(api, cluster)
        for day in range(0, 3300, 10):
            await one.at(day)
            await other.at(day + 0.01)
        await one.at(3300)
    steps = one.steps + other.steps
    assert (steps["prepare"], steps["promote"], steps["forget"], steps["begin"]) == (1, 1, 1, 1)
    assert steps["renew"] > 40
    assert one.served == other.served


async def test_a_coming_ca_is_not_promoted_before_it_has_settled() -> None:
    api = installed()
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        await replica.at(0)
        for day in (2900, 2921.0):
            await replica.at(day)
        before = replica.served[-1]
        # The first round after it was prepared sees it published, and the settling begins.
        for minutes in (1, 2, 5.9):
            await replica.at(2921 + minutes / 1440)
            assert replica.served[-1] == before
            assert held(api).coming is not None
        await replica.at(2921 + 7 / 1440)
        assert held(api).coming is None
        assert replica.served[-1] != before


async def test_a_bundle_that_others_took_away_is_put_back() -> None:
    api = installed()
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        await replica.at(0)
        configuration = api.objects[WEBHOOK]
        del configuration["webhooks"][1]["clientConfig"]["caBundle"]
        api.put(WEBHOOK, configuration)
        await replica.at(1)
    assert set(bundle(api)) == {base64.b64encode(held(api).bundle).decode()}
    assert replica.steps["publish"] == 2


async def test_a_replica_with_an_old_view_takes_nothing_back() -> None:
    """Between its reading of the Secret and its patch, another prepares a CA and publishes it."""
    api = installed()
    async with cluster_of(api) as cluster:
        slow, fast = Replica(api, cluster), Replica(api, cluster)
        await fast.at(0)
        await fast.at(2900)
        configuration = api.objects[WEBHOOK]
        configuration["webhooks"][0]["clientConfig"]["caBundle"] = "b2xk"
        api.put(WEBHOOK, configuration)
        bundles: list[list[str]] = []

        def overtake(path: str) -> None:
            api.before_write = lambda path: bundles.append(bundle(api))
            for each in api.objects[WEBHOOK]["webhooks"]:
                each["clientConfig"]["caBundle"] = "bmV3"
            api.put(WEBHOOK, api.objects[WEBHOOK])

        api.before_write = overtake
        await slow.at(2901)
    assert bundles == [["bmV3", "bmV3"]], "the first patch was refused, the second was made from what was published"
    assert slow.rotation.faults == []


async def test_a_conflict_is_read_again_and_at_last_told() -> None:
    api = installed()
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        api.before_write = lambda path: api.put(path, api.objects[path])
        with pytest.raises(ClusterError, match="409"):
            await replica.at(0)
        assert api.asked.count(("PUT", SECRET)) == 5
        assert "409" in replica.rotation.faults[0]
        api.before_write = lambda path: None
        await replica.at(0)
        assert replica.rotation.faults == []


async def test_a_damaged_secret_is_restored_by_who_knows_better() -> None:
    api = installed()
    async with cluster_of(api) as cluster:
        replica = Replica(api, cluster)
        await replica.at(0)
        before = held(api)
        for damage in ({"tls.key": "anVuaw=="}, {"ca.crt": 5}, {"former-ca.crt": "anVuaw=="}):
            api.put(SECRET, {**api.objects[SECRET], "data": {**api.objects[SECRET]["data"], **damage}})
            await replica.at(1)
            assert held(api) == before
    assert replica.steps["restore"] == 3
    assert len(replica.served) == 1


async def test_a_damaged_secret_is_replaced_by_who_does_not_and_the_old_ca_stays_published(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    api = installed()
    async with cluster_of(api) as cluster:
        await Replica(api, cluster).at(0)
        before = held(api)
        api.put(SECRET, {**api.objects[SECRET], "data": {**api.objects[SECRET]["data"], "tls.key": "anVuaw=="}})
        await Replica(api, cluster).at(1)
    after = held(api)
    assert after.ca != before.ca
    assert after.bundle == after.ca.certificate + before.ca.certificate
    assert "tls.key" in caplog.text
    assert "PRIVATE" not in caplog.text
    assert before.ca.key.decode().splitlines()[1] not in caplog.text


async def test_what_else_is_in_the_secret_stays() -> None:
    api = installed()
    api.put(SECRET, {**api.objects[SECRET], "data": {"other": "eA=="}, "unknown": {"kept": True}})
    async with cluster_of(api) as cluster:
        await Replica(api, cluster).at(0)
    assert api.objects[SECRET]["data"]["other"] == "eA=="
    assert api.objects[SECRET]["unknown"] == {"kept": True}
