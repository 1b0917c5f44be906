"""The whole injector: from nothing to ready, through faults of the API, and to its end."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from proxy.injector.certificates import Lifetimes, make_ca, make_leaf
from proxy.injector.cluster import Access, Cluster
from proxy.injector.reread import Template
from proxy.injector.running import Injector, now
from proxy.injector.template import TemplateError
from tests.injector.fake_api import SECRET, WEBHOOK, FakeApi, bundle, serving
from tests.injector.injectors import QUICK, admit, asked, ready, running, told, until
from tests.injector.reviews import TEMPLATE, pod

NAMESPACE = "/api/v1/namespaces/shop"


def installed() -> FakeApi:
    api = FakeApi()
    api.install()
    api.objects[NAMESPACE] = {"metadata": {"annotations": {"outrider.dev/log-level": "debug"}}}
    return api


async def test_from_an_empty_secret_to_an_injected_pod() -> None:
    async with serving(installed()) as api, running(told(api)) as injector:
        await ready(injector)
        found = await admit(injector.ports[0], bundle(api)[0])
        assert found["allowed"]
        assert "debug" in str(found["patch"])
        await until(lambda: api.posted)
        assert api.posted[0][1]["reason"] == "Injected"
        assert await asked(injector.ports[1], "/readyz") == (200, "ok\n")
        _, page = await asked(injector.ports[1], "/metrics")
        assert 'outrider_injector_admissions_total{result="injected"} 1\n' in page
        assert "outrider_injector_ready 1\n" in page
        assert 'outrider_injector_cert_expiry_timestamp_seconds{kind="leaf"} 1' in page


async def test_it_asks_for_nothing_that_its_rights_do_not_allow() -> None:
    """The table of docs/injector.md."""
    async with serving(installed()) as api, running(told(api)) as injector:
        await ready(injector)
        await admit(injector.ports[0], bundle(api)[0])
        await until(lambda: api.posted)
    events = "/apis/events.k8s.io/v1/namespaces/shop/events"
    allowed = {("GET", SECRET), ("PUT", SECRET), ("GET", WEBHOOK), ("PATCH", WEBHOOK)}
    assert set(api.asked) == allowed | {("GET", NAMESPACE), ("GET", "/version"), ("POST", events)}


async def test_without_events_nobody_is_told() -> None:
    async with serving(installed()) as api, running(told(api, "--no-events")) as injector:
        await ready(injector)
        assert (await admit(injector.ports[0], bundle(api)[0]))["allowed"]
    assert api.posted == []


async def test_it_waits_for_an_api_that_is_not_there_yet() -> None:
    api = installed()
    api.refuse = {("GET", "/"): 503}
    async with serving(api), running(told(api)) as injector:
        await until(lambda: injector.ports[1] and injector.metrics.read("certificate_failures_total"))
        status, page = await asked(injector.ports[1], "/readyz")
        assert status == 503
        assert "status 503" in page
        assert "version of the API server: not yet known" in page
        assert await asked(injector.ports[1], "/livez") == await asked(injector.ports[1], "/startupz") == (200, "ok\n")
        api.refuse = {}
        await ready(injector)


async def test_a_template_that_says_how_needs_no_version(tmp_path: Path) -> None:
    api = installed()
    api.refuse = {("GET", "/version"): 403}
    (tmp_path / "template.json").write_text(json.dumps({**TEMPLATE, "native": "always"}))
    async with serving(api), running(told(api, template=tmp_path / "template.json")) as injector:
        await ready(injector)


async def test_another_template_is_used_within_moments(tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(json.dumps(TEMPLATE))
    async with serving(installed()) as api, running(told(api, template=file)) as injector:
        await ready(injector)
        (tmp_path / "new").write_text(json.dumps({**TEMPLATE, "port": 12345}))
        (tmp_path / "new").replace(file)
        await until(lambda: injector.metrics.read("template_reloads_total", "ok"))
        assert "127.0.0.1:12345" in str(await admit(injector.ports[0], bundle(api)[0]))


async def test_an_api_that_goes_away_costs_no_admission() -> None:
    async with serving(installed()) as api, running(told(api)) as injector:
        await ready(injector)
        api.refuse = {("GET", "/"): 503, ("POST", "/"): 503}
        await until(lambda: injector.metrics.read("certificate_failures_total"))
        found = await admit(injector.ports[0], bundle(api)[0])
        assert found["allowed"]
        assert any("namespace could not be read" in each for each in found["warnings"])
        assert injector.not_ready() == []


async def test_a_slow_api_delays_an_admission_by_a_second_at_most() -> None:
    async with serving(installed()) as api, running(told(api)) as injector:
        await ready(injector)
        api.delay = 30
        began = time.monotonic()
        assert (await admit(injector.ports[0], bundle(api)[0]))["allowed"]
        assert time.monotonic() - began < 2


async def test_files_of_others_are_served_without_a_right_to_secrets(tmp_path: Path) -> None:
    start = datetime.now(UTC)
    ca = make_ca(start, Lifetimes())
    leaf = make_leaf(ca, ["outrider.llm.svc"], start, Lifetimes())
    api = installed()
    api.refuse = {("GET", SECRET): 403, ("GET", WEBHOOK): 403}
    trusted = base64.b64encode(ca.certificate).decode()
    async with serving(api), running(told(api, "--tls", "files", "--tls-dir", str(tmp_path))) as injector:
        await until(lambda: injector.ports[1])
        assert "certificate" in (await asked(injector.ports[1], "/readyz"))[1]
        (tmp_path / "tls.key").write_bytes(leaf.key)
        (tmp_path / "tls.crt").write_bytes(leaf.certificate)
        await ready(injector)
        assert (await admit(injector.ports[0], trusted))["allowed"]
    assert ("GET", SECRET) not in api.asked


async def test_told_to_end_it_answers_for_a_while_and_is_not_ready() -> None:
    api, stop = installed(), asyncio.Event()
    async with serving(api), Cluster(Access(api.url)) as cluster:
        injector = Injector(told(api), cluster, QUICK._replace(linger=0.5), Lifetimes(), now)
        task = asyncio.create_task(injector.run(stop))
        await ready(injector)
        stop.set()
        await until(lambda: injector.not_ready() == ["ending"])
        assert await asked(injector.ports[1], "/readyz") == (503, "ending\n")
        assert (await admit(injector.ports[0], bundle(api)[0]))["allowed"]
        await asyncio.wait_for(task, 5)
        with pytest.raises(aiohttp.ClientConnectorError):
            await admit(injector.ports[0], bundle(api)[0])


async def test_never_ready_it_ends_at_once() -> None:
    api = FakeApi()
    async with serving(api), running(told(api), QUICK._replace(linger=60)) as injector:
        await until(lambda: injector.ports[1])


async def test_a_part_that_breaks_ends_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Template) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Template, "look", broken)
    async with serving(installed()) as api, Cluster(Access(api.url)) as cluster:
        injector = Injector(told(api), cluster, QUICK, Lifetimes(), now)
        with pytest.raises(ExceptionGroup) as raised:
            await asyncio.wait_for(injector.run(asyncio.Event()), 5)
    assert isinstance(raised.value.exceptions[0], RuntimeError)


async def test_a_port_in_use_is_said_at_once() -> None:
    async with serving(installed()) as api, Cluster(Access(api.url)) as cluster:
        settings = told(api)._replace(port=int(api.url.rpartition(":")[2]))
        with pytest.raises(OSError, match="in use"):
            await Injector(settings, cluster, QUICK, Lifetimes(), now).run(asyncio.Event())


async def test_without_a_template_there_is_no_injector(tmp_path: Path) -> None:
    async with serving(installed()) as api, Cluster(Access(api.url)) as cluster:
        with pytest.raises(TemplateError):
            Injector(told(api, template=tmp_path / "absent"), cluster, QUICK, Lifetimes(), now)


async def test_a_pod_that_is_refused_is_refused_over_the_wire() -> None:
    async with serving(installed()) as api, running(told(api)) as injector:
        await ready(injector)
        found = await admit(injector.ports[0], bundle(api)[0], pod({"outrider.dev/port": "x"}))
        assert (found["allowed"], found["status"]["code"]) == (False, 422)
