"""A replica's keeping of certificates in a test, without a socket: what it served, what it counted, and what the Secret holds."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import UTC, datetime, timedelta

from proxy.injector.authority import Authority, parse_secret
from proxy.injector.certificates import Lifetimes, is_issued_by, split
from proxy.injector.cluster import Cluster
from proxy.injector.rotation import Kept, Rotation
from tests.injector.fake_api import SECRET, FakeApi, bundle

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIVES = Lifetimes()


class Replica:
    """One rotation, what it served and what it counted. It refuses to serve what nobody who reads `caBundle` would trust."""

    def __init__(self, api: FakeApi, cluster: Cluster) -> None:
        self.now = START
        self.served: list[bytes] = []
        self.steps: Counter[str] = Counter()
        self._api = api
        kept = Kept("llm", "outrider-tls", "outrider", ("outrider", "outrider.llm.svc"), LIVES)
        self.rotation = Rotation(cluster, kept, self._serve, lambda: self.now, self._count)
        self.must_be_published = True

    def _serve(self, certificate: bytes, key: bytes) -> bool:
        if self.must_be_published:
            trusted = split(base64.b64decode(bundle(self._api)[0]))
            assert any(is_issued_by(certificate, each) for each in trusted)
        changed = certificate != (self.served[-1] if self.served else b"")
        self.served += [certificate] if changed else []
        return changed

    def _count(self, step: str) -> None:
        self.steps[step] += 1

    async def at(self, day: float) -> None:
        self.now = START + day * DAY
        await self.rotation.tick()


def installed() -> FakeApi:
    api = FakeApi()
    api.install()
    return api


def held(api: FakeApi) -> Authority:
    return parse_secret(api.objects[SECRET]["data"])
