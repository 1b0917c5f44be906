"""What a provider has to be told besides a key: a region, a project, a resource. And which clouds the environment speaks of.

It fills addresses in and says what is missing. What the options of a cloud's credentials mean is told where those are got.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct

from proxy.config.decode import UNKNOWN, ConfigError, near
from proxy.config.sections import ProviderEntry
from proxy.providers import Provider

#: cloud -> the options of its credentials.
OF_CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "": (),
    "aws": ("region", "profile", "role_arn", "external_id", "session_name"),
    "google": ("credentials_file",),
    "azure": ("client_id", "tenant_id", "scope"),
}
#: cloud -> the options that a signature by its credentials names.
IN_SIGNATURES: Mapping[str, tuple[str, ...]] = {"aws": ("region",)}
#: cloud -> variables of which one is set where a workload has an identity there.
SPOKEN_OF: Mapping[str, tuple[str, ...]] = {
    "": (),
    "aws": (
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CONFIG_FILE",
    ),
    "google": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "azure": ("AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_SECRET", "IDENTITY_ENDPOINT"),
}


class Unspoken(ProviderEntry, frozen=True):
    """An entry that nobody wrote, of a cloud that the environment does not speak of: it is listed, and off."""


class Keyless(ProviderEntry, frozen=True):
    """An entry without its key, which may yet come; `why` says where from."""

    #: What of it is the configuration file's.
    shape: ClassVar[type[Struct]] = ProviderEntry

    why: str = ""


def keyless(entry: ProviderEntry, why: str) -> Keyless:
    return Keyless(**{name: getattr(entry, name) for name in ProviderEntry.__struct_fields__}, why=why)


def implied(known: Provider, environ: Mapping[str, str], has_key: bool = False) -> ProviderEntry | None:
    """Its entry where the configuration names no providers at all; None where it is not listed then. `has_key`: in a file."""
    if not known.base_url or not known.implied:
        return None
    spoken = has_key or not known.cloud or any(environ.get(name, "").strip() for name in _evidence(known))
    return ProviderEntry() if spoken else Unspoken()


def _evidence(known: Provider) -> tuple[str, ...]:
    return (*known.key_env, *SPOKEN_OF[known.cloud])


def filled_options(known: Provider, given: Mapping[str, str], environ: Mapping[str, str], path: str) -> dict[str, str]:
    """Those given, then those of the environment, then the usual ones. ConfigError for one that this kind does not know."""
    names = dict.fromkeys((*known.options, *OF_CREDENTIALS[known.cloud]))
    for name in given:
        if name not in names:
            allowed = (", ".join(names) if names else "none: this kind has no options") + near(name, names)
            raise ConfigError(f"{path}.{name}", UNKNOWN, allowed)
    found = {
        name: value
        for name, option in known.options.items()
        if (value := looked_up(option.env, environ, option.default))
    }
    return {**found, **given}


def looked_up(variables: tuple[str, ...], environ: Mapping[str, str], default: str | None) -> str | None:
    return next((environ[name].strip() for name in variables if environ.get(name, "").strip()), default)


def filled(base_url: str | None, options: Mapping[str, str]) -> str | None:
    """The address with what is known filled in."""
    if base_url is None:
        return None
    return re.sub(r"\{(\w+)\}", lambda hole: options.get(hole[1], hole[0]), base_url)


def missing_options(known: Provider, entry: ProviderEntry) -> list[str]:
    """Those without which there is no address, no path or no signature."""
    places = [
        entry.base_url or "",
        *known.paths.values(),
        *(path for paths in known.also.values() for path in paths.values()),
    ]
    holes = dict.fromkeys(name for place in places for name in re.findall(r"\{(\w+)\}", place))
    if entry.api_key is None:
        holes |= dict.fromkeys(IN_SIGNATURES.get(known.cloud, ()))
    return [name for name in holes if name in known.options and name not in entry.options]


def why_off(name: str, known: Provider, entry: ProviderEntry) -> str:
    """Everything that would turn it on; "" where it is on."""
    place = f"providers.{name}"
    told = [
        " or ".join([*known.options[each].env, f"{place}.options.{each}"]) for each in missing_options(known, entry)
    ]
    reasons = [f"it has to be told more: set {', and '.join(told)}"] if told else []
    if isinstance(entry, Keyless):
        reasons.append(entry.why)
    elif isinstance(entry, Unspoken):
        reasons.append(
            f"no credentials: set {' or '.join(_evidence(known))}, or name {place} in the configuration file"
        )
    elif known.key_required and entry.api_key is None and not known.cloud:
        ways = [*known.key_env, f"{place}.api_key in the configuration file"]
        reasons.append(f"no key: set {' or '.join(ways)}")
    return "; ".join(reasons)
