"""The section `tracing`: where spans go, of which calls, and what they say. And what the environment says of it.

OpenTelemetry's variables hold where the section says nothing, as their specification has it: what is empty is not set, and what
cannot be understood is left out with a warning. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/,
https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import unquote

from msgspec import Meta, Struct

from proxy.config.decode import ConfigError
from proxy.config.values import (
    BaseUrl,
    Count,
    HeaderName,
    HeaderValue,
    Name,
    Seconds,
    Secret,
    Sources,
    read_base_url,
    read_header_value,
)

Ratio = Annotated[float, Meta(ge=0, le=1, extra={"allowed": "a number, 0 to 1"})]
Delay = Annotated[float, Meta(gt=0, le=600, extra={"allowed": "seconds, above 0 and at most 600"})]
Text = Annotated[str, Meta(max_length=1000, extra={"allowed": "a string of at most 1000 characters"})]
#: It is looked through for secrets on the loop, before others are served.
Characters = Annotated[int, Meta(ge=0, le=16384, extra={"allowed": "a whole number of characters, 0 to 16384"})]
PATH = "/v1/traces"


def _about(description: str) -> Meta:
    return Meta(description=description)


class TracingEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tracing`: spans of calls, sent to an OpenTelemetry collector."""

    enabled: Annotated[bool, _about("Whether calls are traced, where it is known where spans go.")] = True
    otlp: Annotated[BaseUrl | None, _about("The collector's address for OTLP over HTTP.")] = None
    headers: Annotated[dict[HeaderName, HeaderValue], _about("Headers sent with every request to it.")] = {}
    service: Annotated[Name | None, _about("What this sidecar is called in traces.")] = None
    resource: Annotated[dict[Name, Text], _about("More about who sends: attributes of the resource.")] = {}
    sample: Annotated[Ratio | None, _about("Which share of the calls is traced.")] = None
    parent: Annotated[bool | None, _about("Whether a caller that traces decides itself.")] = None
    errors: Annotated[bool, _about("Whether calls that fail are traced although the dice left them out.")] = True
    content: Annotated[Characters, _about("Most characters of a prompt that its span holds; none of it with 0.")] = 0
    compression: Annotated[Literal["none", "gzip"] | None, _about("How requests to the collector are packed.")] = None
    timeout: Annotated[Seconds | None, _about("Seconds for one request to it.")] = None
    queue: Annotated[Count, _about("Most spans that wait to be sent.")] = 2048
    batch: Annotated[Count, _about("Most spans in one request.")] = 512
    delay: Annotated[Delay, _about("Seconds that spans wait for others.")] = 5.0


class Settings(NamedTuple):
    """What holds, the environment included. `url` is the whole address, `resource` without the service's name."""

    url: str
    headers: Mapping[str, Secret]
    service: str
    resource: Mapping[str, str]
    ratio: float
    parent: bool
    gzip: bool
    timeout: float
    entry: TracingEntry


#: OTEL_TRACES_SAMPLER -> the ratio where it does not follow from OTEL_TRACES_SAMPLER_ARG, and whether a parent decides.
SAMPLERS: Mapping[str, tuple[float | None, bool]] = {
    "always_on": (1.0, False),
    "always_off": (0.0, False),
    "traceidratio": (None, False),
    "parentbased_always_on": (1.0, True),
    "parentbased_always_off": (0.0, True),
    "parentbased_traceidratio": (None, True),
}
#: What can be spoken; gRPC cannot.
PROTOCOL = "http/protobuf"
#: Attribute of the resource -> the variable that the pod's specification sets from the downward API.
POD = {"k8s.namespace.name": "POD_NAMESPACE", "k8s.pod.name": "POD_NAME"}
SERVICE = "outrider"


def settings_of(entry: TracingEntry, environ: Mapping[str, str], warn: Callable[[str], None]) -> Settings | None:
    """None where calls are not traced. `warn` is told, by name, of variables that are left out; never of what is in them."""
    said = Environment(environ, warn)
    url = said.address() if entry.otlp is None else with_path(entry.otlp)
    if not entry.enabled or url is None:
        return None
    ratio, parent = said.sampling()
    pod = {name: text for name, variable in POD.items() if (text := said.text(variable))}
    resource = pod | said.pairs("OTEL_RESOURCE_ATTRIBUTES") | entry.resource
    named = resource.pop("service.name", SERVICE)
    return Settings(
        url,
        said.headers() | {name.lower(): value for name, value in entry.headers.items()},
        entry.service or said.text("OTEL_SERVICE_NAME") or named,
        resource,
        ratio if entry.sample is None else entry.sample,
        parent if entry.parent is None else entry.parent,
        said.first("COMPRESSION") == "gzip" if entry.compression is None else entry.compression == "gzip",
        said.timeout() if entry.timeout is None else entry.timeout,
        entry,
    )


def with_path(address: str) -> str:
    return address if address.endswith(PATH) else address.rstrip("/") + PATH


class Environment:
    """OpenTelemetry's variables. Those of traces go before those of everything."""

    def __init__(self, environ: Mapping[str, str], warn: Callable[[str], None]) -> None:
        self._environ = environ
        self._warn = warn

    def text(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def first(self, name: str) -> str:
        return self.text(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or self.text(f"OTEL_EXPORTER_OTLP_{name}")

    def address(self) -> str | None:
        """None where there is none, or another way is said by which spans are to go."""
        disabled = self.text("OTEL_SDK_DISABLED").lower() == "true"
        exporters = self.text("OTEL_TRACES_EXPORTER") or "otlp"
        own, common = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
        name = own if self.text(own) else common
        if disabled or "otlp" not in exporters.split(",") or not self.text(name):
            return None
        if self.first("PROTOCOL") not in ("", PROTOCOL):
            self._warn(f"OTEL_EXPORTER_OTLP_PROTOCOL is not {PROTOCOL}, which alone is spoken: nothing is traced")
            return None
        address: str | None = self._read(name, self.text(name), read_base_url)
        return with_path(address) if address and name == common else address

    def headers(self) -> dict[str, Secret]:
        name = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
        name = name if self.text(name) else "OTEL_EXPORTER_OTLP_HEADERS"
        found = {key.lower(): self._read(name, value, read_header_value) for key, value in self.pairs(name).items()}
        return {key: value for key, value in found.items() if value is not None and key.isascii() and is_token(key)}

    def pairs(self, name: str) -> dict[str, str]:
        """`key=value,key=value`, percent-encoded: https://www.w3.org/TR/baggage/."""
        found = {}
        for member in filter(None, map(str.strip, self.text(name).split(","))):
            key, equals, value = member.partition("=")
            if not (key.strip() and equals):
                self._warn(f"{name} is not of the form key=value,key=value: a part of it is left out")
                continue
            found[unquote(key.strip())] = unquote(value.strip())
        return found

    def sampling(self) -> tuple[float, bool]:
        name, argument = self.text("OTEL_TRACES_SAMPLER") or "parentbased_always_on", "OTEL_TRACES_SAMPLER_ARG"
        if name not in SAMPLERS:
            self._warn(f"OTEL_TRACES_SAMPLER is none of {', '.join(SAMPLERS)}: it is left out")
            name = "parentbased_always_on"
        ratio, parent = SAMPLERS[name]
        if ratio is None:
            ratio = self._number(argument, 1.0)
            if not 0 <= ratio <= 1:
                self._warn(f"{argument} is not a number from 0 to 1: it is left out")
                ratio = 1.0
        return ratio, parent

    def timeout(self) -> float:
        """Milliseconds, in seconds."""
        own = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"
        milliseconds = self._number(own if self.text(own) else "OTEL_EXPORTER_OTLP_TIMEOUT", 10_000.0)
        return milliseconds / 1000 if 0 < milliseconds <= 86_400_000 else 10.0

    def _number(self, name: str, default: float) -> float:
        try:
            return float(self.text(name) or default)
        except ValueError:
            self._warn(f"{name} is not a number: it is left out")
            return default

    def _read(self, name: str, value: str, read: Callable[[Any, str, Sources], Any]) -> Any:
        try:
            return read(value, name, Sources({}, Path()))
        except ConfigError as fault:
            self._warn(f"{name} is left out; allowed: {fault.allowed}")
            return None


def is_token(name: str) -> bool:
    """RFC 9110, section 5.6.2."""
    return bool(name) and all(letter.isalnum() or letter in "!#$%&'*+.^_`|~-" for letter in name)
