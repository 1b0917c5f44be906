"""The client of the Kubernetes API against a server that refuses, is slow, lies, and exchanges its tokens."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from proxy.injector.certificates import Lifetimes, make_ca, make_leaf
from proxy.injector.cluster import FRESH, LONGEST_ANSWER, Access, Cluster, trusting
from proxy.injector.refusal import ClusterError
from proxy.injector.served import Served
from tests.injector.fake_api import SECRET, WEBHOOK, FakeApi, cluster_of, serving


async def test_objects_are_read_written_and_patched() -> None:
    api = FakeApi()
    api.install()
    async with cluster_of(api) as cluster:
        secret = await cluster.get(SECRET)
        written = await cluster.put(SECRET, {**secret, "data": {"a": "eA=="}})
        assert written["data"] == {"a": "eA=="}
        with pytest.raises(ClusterError, match="409") as raised:
            await cluster.put(SECRET, secret)
        assert (raised.value.status, raised.value.reason) == (409, "Conflict")
        with pytest.raises(ClusterError) as raised:
            await cluster.patch(WEBHOOK, [{"op": "test", "path": "/metadata/name", "value": "other"}])
        assert raised.value.status == 422
        await cluster.post("/apis/events.k8s.io/v1/namespaces/shop/events", {"kind": "Event"})
        assert api.posted == [("/apis/events.k8s.io/v1/namespaces/shop/events", {"kind": "Event"})]


@pytest.mark.parametrize("lie", [b"", b"[]", b"{", b"null", b"<html>", b"\xff", b"[" * 100_000])
async def test_an_answer_that_is_no_object_is_no_answer(lie: bytes) -> None:
    api = FakeApi()
    api.lies = {"/version": lie}
    async with cluster_of(api) as cluster:
        with pytest.raises(ClusterError, match="/version") as raised:
            await cluster.get("/version")
    assert raised.value.status == 0


async def test_an_endless_answer_is_cut() -> None:
    api = FakeApi()
    api.lies = {"/version": b" " * (LONGEST_ANSWER + 1)}
    async with cluster_of(api) as cluster:
        with pytest.raises(ClusterError, match="more than"):
            await cluster.get("/version")


async def test_a_slow_server_costs_no_more_than_the_patience() -> None:
    api = FakeApi()
    api.delay = 5
    async with cluster_of(api, patience=0.1) as cluster:
        began = time.monotonic()
        with pytest.raises(ClusterError, match="no answer") as raised:
            await cluster.get("/version")
    assert time.monotonic() - began < 2
    assert raised.value.status == 0


async def test_a_server_that_is_away_is_an_error_in_words() -> None:
    async with Cluster(Access("http://127.0.0.1:1")) as cluster:
        with pytest.raises(ClusterError, match="ClientConnectorError"):
            await cluster.get("/version")


async def test_a_redirect_is_not_followed() -> None:
    class Redirecting(FakeApi):
        async def answer(self, request: web.Request) -> web.Response:
            self.asked.append((request.method, request.path))
            return web.Response(status=302, headers={"Location": "/elsewhere"})

    api = Redirecting()
    async with cluster_of(api) as cluster:
        with pytest.raises(ClusterError, match="302"):
            await cluster.get("/version")
    assert api.asked == [("GET", "/version")]


async def test_the_token_is_read_again_after_a_minute_and_when_it_is_refused(tmp_path: Path) -> None:
    api, token, now = FakeApi(), tmp_path / "token", [0.0]
    token.write_text("one\n")
    async with serving(api), Cluster(Access(api.url, token), clock=lambda: now[0]) as cluster:
        await cluster.get("/version")
        token.write_text("two\n")
        await cluster.get("/version")
        now[0] = FRESH
        await cluster.get("/version")
        assert api.tokens == ["Bearer one", "Bearer one", "Bearer two"]
        token.write_text("three\n")
        api.refuse = {("GET", "/version"): 401}
        with pytest.raises(ClusterError, match="401"):
            await cluster.get("/version")
    assert api.tokens[3:] == ["Bearer two", "Bearer three"]


@pytest.mark.parametrize("missing", ["token_file", "ca_file"])
async def test_a_file_that_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    files = {missing: tmp_path / "absent"}
    access = Access("https://127.0.0.1:1", files.get("token_file"), files.get("ca_file"))
    async with Cluster(access) as cluster:
        with pytest.raises(ClusterError, match="absent: No such file"):
            await cluster.get("/version")


async def test_the_server_is_known_by_its_ca_and_by_another_once_the_file_says_so(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ca, other = make_ca(now, Lifetimes()), make_ca(now, Lifetimes())
    served, file = Served(), tmp_path / "ca.crt"
    served.serve(*make_leaf(ca, ["127.0.0.1"], now, Lifetimes()))
    file.write_bytes(other.certificate)
    async with over_tls(served.context) as url, Cluster(Access(url, None, file)) as cluster:
        with pytest.raises(ClusterError, match="Certificate"):
            await cluster.get("/version")
        file.write_bytes(ca.certificate)
        assert (await cluster.get("/version"))["major"] == "1"


async def test_a_ca_file_of_junk_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("junk")
    async with Cluster(Access("https://127.0.0.1:1", None, tmp_path / "ca.crt")) as cluster:
        with pytest.raises(ClusterError, match="no certificate in PEM"):
            await cluster.get("/version")


@asynccontextmanager
async def over_tls(context: ssl.SSLContext) -> AsyncIterator[str]:
    """A server that has a version; its address."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.json_response({"major": "1"})

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_a_ca_as_old_clusters_have_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 3.13 on Python asks for extensions that the CAs of many clusters lack; Go's clients never do."""
    strict = ssl.create_default_context()
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    monkeypatch.setattr(ssl, "create_default_context", lambda cadata: strict)
    context = trusting(b"a certificate")
    assert isinstance(context, ssl.SSLContext)
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
