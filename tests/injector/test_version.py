"""The API server's version as vendors spell it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.refusal import ClusterError
from proxy.injector.version import read_version, version_of
from tests.injector.fake_api import FakeApi, cluster_of


@pytest.mark.parametrize(
    ("found", "version"),
    [
        ({"major": "1", "minor": "33"}, (1, 33)),
        ({"major": "1", "minor": "30+", "gitVersion": "v1.30.5-gke.1"}, (1, 30)),
        ({"major": 1, "minor": 36}, (1, 36)),
        ({"major": "", "minor": ""}, None),
        ({"major": "1"}, None),
        ({"major": "one", "minor": "33"}, None),
        ({"major": None, "minor": []}, None),
        ({}, None),
    ],
)
def test_how_it_is_spelled(found: dict[str, Any], version: tuple[int, int] | None) -> None:
    assert version_of(found) == version


async def test_it_is_read_from_the_server_or_there_is_an_error() -> None:
    api = FakeApi()
    async with cluster_of(api) as cluster:
        assert await read_version(cluster) == (1, 36)
        api.objects["/version"] = {"major": "", "minor": ""}
        with pytest.raises(ClusterError, match="no version"):
            await read_version(cluster)
