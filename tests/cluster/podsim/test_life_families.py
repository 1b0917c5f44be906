"""Pods with IPv4 alone, with IPv6 alone, and with both: probes come to each address, applications to both loopbacks there are."""

from __future__ import annotations

import pytest

from tests.cluster.podsim.network import DUAL
from tests.cluster.podsim.probes import http_get
from tests.cluster.podsim.stage import Stage, app, asking, failed, manifest, sums_of_app, sums_of_sidecar

pytestmark = pytest.mark.usefixtures("isolation")

#: Where the application has an address of its own it is left alone, so it brings a key, too.
SIX = [{"name": "OPENAI_BASE_URL", "value": "http://[::1]:11411/v1"}, {"name": "OPENAI_API_KEY", "value": "none"}]


@pytest.mark.parametrize("families", [(4,), (6,), DUAL, (6, 4)], ids=["IPv4", "IPv6", "dual", "dual, IPv6 first"])
async def test_a_pod(stage: Stage, families: tuple[int, ...]) -> None:
    """The provider is reached by the family that the pod has; both ports answer at every address of the pod."""
    stage.configure(family=families[0])
    async with stage.pod(manifest(app()), families) as pod:
        assert len(pod.network.addresses) == len(families)
        await pod.until_ready()
        await asking(pod)
        for address in pod.network.addresses:
            assert await http_get(address, 11412, "/metrics") == 200
            with pytest.raises(OSError):  # noqa: PT011  (whichever way there is nobody)
                await http_get(address, 11411, "/v1/models")
        assert await pod.delete() == "Succeeded", str(pod.record)
    assert failed(pod) == []
    assert sums_of_app(pod) == sums_of_sidecar(pod) == stage.told.sums()


async def test_an_application_that_prefers_the_other_loopback(stage: Stage) -> None:
    stage.configure(family=6)
    async with stage.pod(manifest(app("--calls", "4", env=SIX)), (6,)) as pod:
        assert await pod.ended() == "Succeeded", pod.text("app")
    assert sums_of_app(pod) == stage.told.sums()
