"""The section `tracing`, and what OpenTelemetry's variables say where it says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.config import ConfigError, load
from proxy.config.tracing import Settings, TracingEntry, settings_of

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ON = {ENDPOINT: "http://collector:4318"}


def loaded(directory: Path, said: str) -> TracingEntry:
    path = directory / "config.yaml"
    path.write_text(f"tracing: {said}", "utf-8")
    return load(str(path), {}).tracing


def read(environ: dict[str, str], **entry: Any) -> tuple[Settings | None, list[str]]:
    warnings: list[str] = []
    return settings_of(TracingEntry(**entry), environ, warnings.append), warnings


def settings(environ: dict[str, str], **entry: Any) -> Settings:
    found, warnings = read(environ, **entry)
    assert found is not None
    assert warnings == []
    return found


def test_all_that_can_be_said(tmp_path: Path) -> None:
    entry = loaded(
        tmp_path,
        """
        enabled: true
        otlp: https://collector:4318/
        headers: {X-Token: "Bearer canary"}
        service: shop
        resource: {team: blue}
        sample: 0.1
        parent: false
        errors: false
        content: 4096
        compression: gzip
        timeout: 3
        queue: 100
        batch: 10
        delay: 1
        """,
    )
    found = settings(
        {**ON, "OTEL_SERVICE_NAME": "other"}, **{name: getattr(entry, name) for name in entry.__struct_fields__}
    )
    assert (found.url, found.service, found.resource) == ("https://collector:4318/v1/traces", "shop", {"team": "blue"})
    assert {name: value.value for name, value in found.headers.items()} == {"x-token": "Bearer canary"}
    assert (found.ratio, found.parent, found.gzip, found.timeout) == (0.1, False, True, 3.0)
    assert "canary" not in repr(entry)


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("{otlp: collector:4318}", "tracing.otlp"),
        ("{otlp: 'http://user:pass@collector'}", "tracing.otlp"),
        ("{otlp: ''}", "tracing.otlp"),
        ("{sample: 1.1}", "tracing.sample"),
        ("{sample: -0.1}", "tracing.sample"),
        ("{sample: .nan}", "tracing.sample"),
        ("{sample: 10%}", "tracing.sample"),
        ("{headers: {'a b': c}}", "tracing.headers"),
        ('{headers: {a: "b\\nc"}}', "tracing.headers.a"),
        ("{headers: {content-length: '1'}}", "tracing.headers"),
        ("{content: true}", "tracing.content"),
        ("{content: -1}", "tracing.content"),
        ("{compression: zstd}", "tracing.compression"),
        ("{queue: 0}", "tracing.queue"),
        ("{delay: 0}", "tracing.delay"),
        ("{service: ''}", "tracing.service"),
        ("{endpoint: 'http://collector'}", "tracing.endpoint"),
        ("yes", "tracing"),
    ],
)
def test_what_is_wrong_is_named(said: str, path: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, said)
    assert str(caught.value).startswith(path)


def test_nothing_is_traced_where_nobody_says_where_to() -> None:
    assert read({})[0] is None
    assert read({ENDPOINT: " "})[0] is None
    assert read({}, sample=1.0)[0] is None
    assert read(ON, enabled=False)[0] is None
    assert read({}, enabled=False, otlp="http://collector:4318")[0] is None


def test_the_environment_alone() -> None:
    found = settings(ON)
    assert (found.url, found.service, found.resource) == ("http://collector:4318/v1/traces", "outrider", {})
    assert (found.ratio, found.parent, found.gzip, found.timeout) == (1.0, True, False, 10.0)


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("https://c/otlp/", "https://c/otlp/v1/traces"),
        ("http://c:4318/v1/traces", "http://c:4318/v1/traces"),
    ],
)
def test_the_path_is_added(said: str, url: str) -> None:
    assert settings({ENDPOINT: said}).url == url
    assert settings({}, otlp=said).url == url


def test_what_is_said_of_traces_goes_before_what_is_said_of_all() -> None:
    own = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:4318/as/it/is",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=own",
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "250",
    }
    common = {
        "OTEL_EXPORTER_OTLP_HEADERS": "a=common,b=c",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "9000",
    }
    found = settings(ON | common | own)
    assert (found.url, found.gzip, found.timeout) == ("http://traces:4318/as/it/is", True, 0.25)
    assert {name: value.value for name, value in found.headers.items()} == {"a": "own"}
    found = settings(ON | common)
    assert (found.gzip, found.timeout, len(found.headers)) == (False, 9.0, 2)


def test_headers_are_percent_encoded() -> None:
    found = settings(ON | {"OTEL_EXPORTER_OTLP_HEADERS": " Authorization = Basic%20Zm9v%3D , b=,"})
    assert {name: value.value for name, value in found.headers.items()} == {"authorization": "Basic Zm9v=", "b": ""}


@pytest.mark.parametrize("said", ["a=line%0Abreak", "a=%C3%BC", "nothing", "=x", "a%0Ab=c", "a b=c"])
def test_a_header_that_is_none_is_left_out(said: str) -> None:
    found, warnings = read(ON | {"OTEL_EXPORTER_OTLP_HEADERS": said})
    assert found is not None
    assert found.headers == {}
    assert not any("break" in warning or "nothing" in warning for warning in warnings), "a header may be a secret"


def test_who_sends() -> None:
    said = {
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=named,team=red,deployment.environment=a%2Cb",
        "POD_NAMESPACE": "shop",
        "POD_NAME": "shop-1",
    }
    found = settings(ON | said, resource={"team": "blue"})
    assert found.service == "named"
    assert found.resource == {
        "k8s.namespace.name": "shop",
        "k8s.pod.name": "shop-1",
        "team": "blue",
        "deployment.environment": "a,b",
    }
    assert settings(ON | said | {"OTEL_SERVICE_NAME": "first"}).service == "first"
    assert settings(ON | said, service="config").service == "config"


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio", "parent"),
    [
        ("always_on", "0.3", 1.0, False),
        ("always_off", "", 0.0, False),
        ("traceidratio", "0.3", 0.3, False),
        ("traceidratio", "", 1.0, False),
        ("parentbased_always_on", "0.3", 1.0, True),
        ("parentbased_always_off", "", 0.0, True),
        ("parentbased_traceidratio", "0.3", 0.3, True),
        ("", "0.3", 1.0, True),
    ],
)
def test_samplers(sampler: str, argument: str, ratio: float, parent: bool) -> None:
    found = settings(ON | {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument})
    assert (found.ratio, found.parent) == (ratio, parent)
    found = settings(ON | {"OTEL_TRACES_SAMPLER": sampler}, sample=0.7, parent=not parent)
    assert (found.ratio, found.parent) == (0.7, not parent)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"OTEL_TRACES_SAMPLER": "jaeger_remote"}, "OTEL_TRACES_SAMPLER"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "ten"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1.5"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "nan"}, "OTEL_TRACES_SAMPLER_ARG"),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "long"}, "OTEL_EXPORTER_OTLP_TIMEOUT"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "nothing"}, "OTEL_RESOURCE_ATTRIBUTES"),
    ],
)
def test_what_cannot_be_understood_is_left_out_and_said(said: dict[str, str], named: str) -> None:
    found, warnings = read(ON | said)
    assert found is not None
    assert (found.ratio, found.timeout, found.resource) == (1.0, 10.0, {})
    assert [warning.split()[0] for warning in warnings] == [named]


@pytest.mark.parametrize(
    "said",
    [
        {ENDPOINT: "collector:4317"},
        {ENDPOINT: "http://user:canary@collector"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
    ],
)
def test_an_address_that_is_none_is_said(said: dict[str, str]) -> None:
    found, warnings = read(ON | said)
    assert found is None
    assert len(warnings) == 1
    assert "canary" not in warnings[0]


@pytest.mark.parametrize(
    "said", [{"OTEL_SDK_DISABLED": "True"}, {"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_TRACES_EXPORTER": "zipkin"}]
)
def test_the_environment_may_say_that_nothing_is_traced(said: dict[str, str]) -> None:
    assert read(ON | said) == (None, [])
    assert read(ON | said, otlp="http://here:4318")[0] is not None, "the configuration says otherwise"


def test_a_list_of_exporters() -> None:
    assert read(ON | {"OTEL_TRACES_EXPORTER": "console,otlp"})[0] is not None
