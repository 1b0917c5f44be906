"""Certificates that are not the injector's own: made by helm, or given in a Secret. Renewed ones are served without a restart."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.injector.certificates import Lifetimes, Pair, make_ca, make_leaf
from tests.cluster.apiserver import ApiServer
from tests.cluster.client import Json
from tests.cluster.injectors import Replica, injectors
from tests.cluster.pods import pod, sidecar
from tests.cluster.releases import Release, Values

OWN = "own-certificate"


def fresh(api: ApiServer, mode: str) -> tuple[Release, Values]:
    api.make_namespace(f"tls-{mode}")
    return Release(api, f"tls-{mode}", f"outrider-{mode}"), {
        "injection.domain": f"{mode}.example",
        "injector.tls.mode": mode,
    }


def bundles(release: Release) -> list[str]:
    found: list[Json] = release.api.admin.get("MutatingWebhookConfiguration", release.injector).wanted()["webhooks"]
    return [each["clientConfig"]["caBundle"] for each in found]


def served(replica: Replica) -> bytes:
    """The certificate, DER."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", replica.port)) as plain, context.wrap_socket(plain) as secured:
        return secured.getpeercert(binary_form=True) or b""


def test_made_by_helm_they_stay_over_an_upgrade(api: ApiServer, tmp_path: Path) -> None:
    release, values = fresh(api, "helm")
    release.install(values)
    before = bundles(release)
    release.upgrade(values | {"injector.logLevel": "debug"})
    assert bundles(release) == before
    with injectors(release, tmp_path):
        assert sidecar(api.admin.create("Pod", pod(domain="helm.example"), api.namespace()).wanted()) is not None
    release.uninstall()


@pytest.fixture
def authority() -> Pair:
    return make_ca(datetime.now(UTC), Lifetimes())


@pytest.fixture
def given(api: ApiServer, authority: Pair) -> Iterator[Release]:
    """With a certificate of ours, in a Secret of ours."""
    release, values = fresh(api, "secret")
    api.admin.create(
        "Secret", {"metadata": {"name": OWN}, "data": data(release, authority)}, release.namespace
    ).wanted()
    release.install(values | {"injector.tls.secretName": OWN, "injector.tls.caBundle": authority.certificate.decode()})
    yield release
    release.uninstall()


def data(release: Release, authority: Pair) -> dict[str, str]:
    names = (f"{release.injector}.{release.namespace}.svc",)
    leaf = make_leaf(authority, names, datetime.now(UTC), Lifetimes())
    return {
        "tls.crt": base64.b64encode(leaf.certificate).decode(),
        "tls.key": base64.b64encode(leaf.key).decode(),
    }


def test_given_in_a_secret_a_renewed_one_is_served_without_a_restart(
    given: Release, authority: Pair, tmp_path: Path
) -> None:
    api = given.api
    assert bundles(given) == [base64.b64encode(authority.certificate).decode()] * 2
    with injectors(given, tmp_path) as running:
        assert (
            sidecar(api.admin.create("Pod", pod("first", domain="secret.example"), api.namespace()).wanted())
            is not None
        )
        before = served(running.replicas[0])
        api.admin.patch("Secret", OWN, {"data": data(given, authority)}, given.namespace).wanted()
        running.remount()
        api.eventually(lambda: served(running.replicas[0]), lambda now: now != before)
        assert (
            sidecar(api.admin.create("Pod", pod("second", domain="secret.example"), api.namespace()).wanted())
            is not None
        )
        assert running.replicas[0].process.poll() is None
