"""The injector's certificates in a real cluster: made by whoever is first, renewed under load, put back where they were lost."""

from __future__ import annotations

import base64
import operator
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.apiserver import ApiServer
from tests.cluster.client import Json
from tests.cluster.injectors import Injectors, injectors
from tests.cluster.load import Told, creating
from tests.cluster.pods import pod, sidecar
from tests.cluster.releases import Release

HURRIED = ("-m", "tests.cluster.hurried")
DOMAIN = "rotating.example"


@pytest.fixture(scope="module")
def release(api: ApiServer) -> Release:
    api.make_namespace("rotating")
    made = Release(api, "rotating", "outrider-rotating")
    made.install({"injection.domain": DOMAIN})
    return made


@pytest.fixture
def none_yet(release: Release, tmp_path: Path) -> Iterator[Injectors]:
    """No injector has ever run: the Secret is as the chart makes it."""
    empty = [{"op": "add", "path": "/data", "value": {}}]
    release.api.admin.patch("Secret", f"{release.injector}-tls", empty, release.namespace, how="json").wanted()
    with injectors(release, tmp_path, replicas=0) as running:
        yield running


def secret(release: Release) -> dict[str, bytes]:
    found = release.api.admin.get("Secret", f"{release.injector}-tls", release.namespace).wanted()
    return {name: base64.b64decode(value) for name, value in found.get("data", {}).items()}


def webhooks(release: Release) -> list[Json]:
    found: list[Json] = release.api.admin.get("MutatingWebhookConfiguration", release.injector).wanted()["webhooks"]
    return found


def bundles(release: Release) -> list[bytes]:
    return [base64.b64decode(each["clientConfig"].get("caBundle", "")) for each in webhooks(release)]


def injected(made: Json) -> bool:
    return sidecar(made) is not None


def counted(told: Told) -> int:
    return len(told.seconds)


def test_the_chart_says_nothing_of_certificates(release: Release) -> None:
    manifest = release.template()
    assert "caBundle" not in manifest
    assert "BEGIN" not in manifest


def test_of_injectors_that_start_together_one_makes_the_certificates(none_yet: Injectors) -> None:
    release = none_yet.release
    started = [none_yet.start_unready() for _ in range(3)]
    for replica in started:
        replica.wait_until_ready()
    kept = secret(release)
    assert kept["ca.crt"].count(b"BEGIN CERTIFICATE") == 1
    assert bundles(release) == [kept["ca.crt"]] * 2
    for replica in started:
        none_yet.endpoints.add(replica.port)
        made = release.api.admin.create("Pod", pod(domain=DOMAIN), release.api.namespace())
        assert sidecar(made.wanted()) is not None
        none_yet.endpoints.remove(replica.port)
        assert "Traceback" not in replica.log


def test_authorities_change_under_load_and_no_pod_is_refused(none_yet: Injectors) -> None:
    """Until two new authorities have come and served; each is published before a certificate of it is."""
    release, api = none_yet.release, none_yet.release.api
    for _ in range(2):
        none_yet.start(HURRIED)
    authorities = [secret(release)["ca.crt"]]
    with creating(api.admin, api.namespace(), lambda name: pod(name, domain=DOMAIN), injected) as told:
        while len(authorities) < 3:
            authorities.append(api.eventually(lambda: secret(release)["ca.crt"], lambda now: now != authorities[-1]))
            enough = len(told.seconds) + 40
            api.eventually(partial(counted, told), partial(operator.lt, enough))
    assert told.failures == []
    assert len(set(authorities)) == 3
    assert authorities[-1] in bundles(release)[0]


def test_a_bundle_that_somebody_took_away_comes_back(none_yet: Injectors) -> None:
    release, api = none_yet.release, none_yet.release.api
    none_yet.start(HURRIED)
    removal = [{"op": "remove", "path": f"/webhooks/{index}/clientConfig/caBundle"} for index in range(2)]
    api.admin.patch("MutatingWebhookConfiguration", release.injector, removal, how="json").wanted()
    api.eventually(lambda: bundles(release), all)
    made = api.eventually(
        lambda: api.admin.create("Pod", pod(domain=DOMAIN), api.namespace()), lambda answer: answer.accepted
    )
    assert sidecar(made.body) is not None


def test_a_secret_that_was_damaged_is_made_anew(none_yet: Injectors) -> None:
    release, api = none_yet.release, none_yet.release.api
    none_yet.start(HURRIED)
    garbage = {"data": {"tls.key": base64.b64encode(b"garbage").decode()}}
    api.admin.patch("Secret", f"{release.injector}-tls", garbage, release.namespace).wanted()
    api.eventually(lambda: secret(release)["tls.key"], lambda key: key != b"garbage")
    made = api.eventually(
        lambda: api.admin.create("Pod", pod(domain=DOMAIN), api.namespace()), lambda answer: answer.accepted
    )
    assert sidecar(made.body) is not None
    assert "PRIVATE KEY" not in none_yet.replicas[0].log
