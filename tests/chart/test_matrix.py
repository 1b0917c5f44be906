"""Each set of values, rendered by both helms for every Kubernetes that the chart is for, is valid there to the last member."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

import pytest
import yaml

from tests.chart import schemas
from tests.chart.programs import HELMS, Ran, run
from tests.chart.programs import schemas as source
from tests.chart.rendering import CI, LOADER, refusal, text

VERSIONS = schemas.versions(source())
#: Of others' CRDs, which tests/cluster gives to a real API server.
FOREIGN = ("PodMonitor", "PrometheusRule", "ServiceMonitor", "Certificate", "Issuer")
#: Values -> the oldest Kubernetes that can do what they ask.
OLDEST = {"policy-values.yaml": "1.34"}


def minor(version: str) -> int:
    return int(version.partition(".")[2])


def can(values: Path, version: str) -> bool:
    return minor(version) >= minor(OLDEST.get(values.name, "1.0"))


def test_the_oldest_and_the_newest_kubernetes_are_among_them() -> None:
    assert VERSIONS[0] == "1.25"
    assert minor(VERSIONS[-1]) >= 36


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_valid_kubernetes(version: str, tmp_path: Path) -> None:
    rendered, known = tmp_path / "rendered", tmp_path / "schemas"
    rendered.mkdir()
    known.mkdir()
    asked = [(helm, values) for helm, values in product(HELMS, CI) if can(values, version)]
    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(lambda one: text(one[0], one[1], kubernetes=f"{version}.0"), asked))
    for (helm, values), found in zip(asked, texts, strict=True):
        (rendered / f"{helm}-{values.stem}.yaml").write_text(found, "utf-8")
    parsed = [found for each in texts for found in yaml.load_all(each, LOADER) if found]
    schemas.write(source(), version, {schemas.file_name(each) for each in parsed}, known)
    ended = kubeconform(version, known, rendered)
    assert ended.returncode == 0, ended.said
    assert f"Summary: {len(parsed)} resources found in {len(asked)} files" in ended.said


def kubeconform(version: str, known: Path, rendered: Path) -> Ran:
    location = f"{known}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    judged = partial(run, "kubeconform", "-strict", "-summary", "-kubernetes-version", f"{version}.0")
    return judged("-skip", ",".join(FOREIGN), "-schema-location", location, rendered)


@pytest.mark.parametrize("helm", HELMS)
def test_an_old_kubernetes_is_told_that_it_has_no_policies(helm: str) -> None:
    told = refusal({"injection": {"mode": "policy"}}, helm, "1.33.0")
    assert "injection.mode is policy: a MutatingAdmissionPolicy needs Kubernetes 1.36" in told
    assert "this is v1.33.0" in told
