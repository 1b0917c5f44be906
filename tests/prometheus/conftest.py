"""A Prometheus that has watched a busy sidecar for some seconds, for all tests of a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.prometheus.provider import answering
from tests.prometheus.server import Prometheus, scraping
from tests.prometheus.traffic import POD, Traffic, config
from tests.sdk.sidecar import serving
from tests.upstream import redis
from tests.upstream.certificates import Authority

ROUNDS = 8


class Seen(NamedTuple):
    """What was watched. `shared`: whether there is a Redis, and the metrics of what pods share."""

    prometheus: Prometheus
    traffic: Traffic
    ops: str
    shared: bool


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed: no certificates, no provider behind TLS")
    folder = tmp_path_factory.mktemp("prometheus")
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with ExitStack() as stack:
        shared = redis.BINARY is not None
        store = stack.enter_context(redis.running(folder)).url if shared else None
        port = stack.enter_context(answering(authority.server()))
        environment = {**POD, "SSL_CERT_FILE": str(authority.bundle)}
        sidecar = stack.enter_context(serving(config(port, folder, store), folder, environment))
        prometheus = stack.enter_context(scraping(urlsplit(sidecar.ops).netloc, folder))
        traffic = Traffic(sidecar.url)
        for _ in range(ROUNDS):
            traffic.round()
        counted = sidecar.metric("llm_requests_total")
        prometheus.wait(f"sum(llm_requests_total) >= {counted}")
        yield Seen(prometheus, traffic, sidecar.ops, shared)
