"""One YAML file and the environment, made into typed structs: checked whole, secrets resolved, defaults filled in.

This file knows what the sections mean together: which providers are on, where a key comes from when none is named, what
an alias may point to. The sections are in sections.py, what one value may be in values.py, finding it in file.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from proxy.config.aliases import alias_faults, aliases, fallbacks_of
from proxy.config.budgets import budget_faults
from proxy.config.cache import cache_faults
from proxy.config.catalog import catalog_faults, entries_of
from proxy.config.decode import UNKNOWN, ConfigError, Decoder, near, raise_faults, shown
from proxy.config.drain import ending
from proxy.config.file import locate, mount, read
from proxy.config.keys import InPod, awaited, find_keys, in_pod, secrets_in, surroundings
from proxy.config.limits import limit_faults
from proxy.config.listen import Listen, listen_faults
from proxy.config.logging import Logging
from proxy.config.mounts import read_keys
from proxy.config.options import filled, filled_options, implied, keyless, why_off
from proxy.config.sections import Config, MockDelays, Ops, Pool, ProviderEntry, Timeouts
from proxy.config.values import WRITTEN, Delay, Secret, Sources
from proxy.providers import Endpoint, Provider, all_providers

__all__ = ["Config", "ConfigError", "InPod", "MockDelays", "Pool", "ProviderEntry", "Secret", "Timeouts"]
__all__ += ["aliases", "awaited", "endpoints", "entries_of", "fallbacks_of", "fingerprint", "load", "locate", "schema"]
__all__ += ["secrets_in", "surroundings"]

S = TypeVar("S", bound=msgspec.Struct)
MOCK = "mock"

#: The only keys that the environment overrides: variable -> section, its struct, key.
OVERRIDES: Mapping[str, tuple[str, type[msgspec.Struct], str]] = {
    "OUTRIDER_PORT": ("listen", Listen, "port"),
    "OUTRIDER_OPS_PORT": ("ops", Ops, "port"),
    "OUTRIDER_LOG_LEVEL": ("logging", Logging, "level"),
}


def load(path: str | None, environ: Mapping[str, str], keys: str | None = None) -> Config:
    """The configuration in `path` (a file or a directory; None: what OUTRIDER_CONFIG names, else the defaults).

    keys: a directory of them (None: what OUTRIDER_KEYS names, else none). Where one of the two is a directory, what it does not
    hold yet is no fault, and the result is an InPod. Raises ConfigError for the first fault, which carries the others.
    """
    file, mounted = locate(path, environ), mount(path, environ)
    files = read_keys(keys, environ)
    environ = {**environ, **files.variables} if files is not None else environ
    data = read(file) if file else None
    sources = Sources(environ, file.parent if file else Path(), files, mounted is not None)
    decoder = Decoder(sources)
    config = decoder.decode(Config, data, "")
    raise_faults(decoder.faults)
    config = in_pod(_overridden(config, sources), mounted and mounted[1], mounted is not None and file is None, sources)
    config = msgspec.structs.replace(config, providers=_entries(config, data or {}, sources))
    kinds = {name: entry.kind for name, entry in config.providers.items()}
    faults = [
        *_process_faults(config, environ),
        *listen_faults(config.listen),
        *alias_faults(config),
        *catalog_faults(config.catalog, kinds),
    ]
    faults += cache_faults(config.cache, [alias.cache for alias in config.models], config.sharing)
    asked = [alias.model for alias in config.models]
    faults += budget_faults(config.budgets, kinds, asked, config.catalog, config.sharing, environ)
    raise_faults([*faults, *limit_faults(config.limits, list(config.providers), config.sharing)])
    return config


def _overridden(config: Config, sources: Sources) -> Config:
    decoder = Decoder(sources, lax=True)
    for variable, (section, struct, key) in OVERRIDES.items():
        text = sources.environ.get(variable)
        if text:
            (kind,) = (field.type for field in msgspec.structs.fields(struct) if field.name == key)
            changed = msgspec.structs.replace(getattr(config, section), **{key: decoder.decode(kind, text, variable)})
            config = msgspec.structs.replace(config, **{section: changed})
    raise_faults(decoder.faults)
    return config


def _entries(config: Config, data: Mapping[str, Any], sources: Sources) -> dict[str, ProviderEntry]:
    """The entries filled in; without a `providers` section, of each kind with a known address. The mocks are always there."""
    written = data.get("providers")
    given = _usual_entries(sources) if written is None else config.providers
    filled, faults = {}, []
    for name, entry in (given | _mocks(given)).items():
        try:
            filled[name] = _filled(name, entry, (written or {}).get(name) or {}, config, sources)
        except ConfigError as fault:
            faults.append(fault)
    raise_faults(faults)
    return filled


def _mocks(given: Mapping[str, ProviderEntry]) -> dict[str, ProviderEntry]:
    """The embedded mocks, each by its name as a person spells it, and as fast as `mock` is where nothing else is said."""
    first = given.get(MOCK, ProviderEntry())
    kinds = [kind for kind, known in all_providers().items() if known.mock]
    usual = {kind.replace("_", "-"): ProviderEntry(kind=kind, mock=first.mock) for kind in kinds}
    return {MOCK: first} | {name: given.get(name, entry) for name, entry in usual.items() if name != MOCK}


def _usual_entries(sources: Sources) -> dict[str, ProviderEntry]:
    filed = sources.keys.texts if sources.keys is not None else {}
    environ, kinds = sources.environ, all_providers()
    entries = {kind: implied(known, environ, bool(filed.get(kind))) for kind, known in kinds.items()}
    return {kind: entry for kind, entry in entries.items() if entry is not None}


def _filled(
    name: str, entry: ProviderEntry, written: Mapping[str, Any], config: Config, sources: Sources
) -> ProviderEntry:
    kind = entry.kind or _kind_called(name)
    known = _known(kind, entry, f"providers.{name}")
    options = filled_options(known, entry.options, sources.environ, f"providers.{name}.options")
    found = find_keys(name, entry, known, sources)
    entry = keyless(entry, found.why) if found.why else entry
    return msgspec.structs.replace(
        entry,
        kind=kind,
        base_url=entry.base_url or filled(known.base_url, options),
        options=options,
        api_key=found.api_key,
        api_keys=found.api_keys,
        timeouts=_inherited(config.timeouts, entry.timeouts, written.get("timeouts")),
        pool=_inherited(config.pool, entry.pool, written.get("pool")),
        retry=_inherited(config.retry, entry.retry, written.get("retry")),
        breaker=_inherited(config.breaker, entry.breaker, written.get("breaker")),
        mock=entry.mock or (MockDelays() if known.mock else None),
    )


def _kind_called(name: str) -> str:
    """The kind that an entry's own name says; `mock-openai` is as good as `mock_openai`."""
    spelled = name.replace("-", "_")
    return spelled if spelled in all_providers() else name


def _known(kind: str, entry: ProviderEntry, path: str) -> Provider:
    """What is known of the kind; ConfigError where the entry does not go with it."""
    known = all_providers().get(kind)
    if known is None:
        raise ConfigError(f"{path}.kind", shown(kind), ", ".join(all_providers()) + near(kind, all_providers()))
    if entry.mock is not None and not known.mock:
        raise ConfigError(f"{path}.mock", UNKNOWN, "this section only where the provider is an embedded mock")
    if entry.api_key is not None and entry.api_keys:
        raise ConfigError(f"{path}.api_keys", "given beside api_key", "one of the two")
    if entry.base_url is None and known.base_url is None:
        raise ConfigError(f"{path}.base_url", "missing", f"an address (kind {kind} has none of its own)")
    _refuse_same_headers(entry, path)
    return known


def _refuse_same_headers(entry: ProviderEntry, path: str) -> None:
    """RFC 9110, section 5.1: field names are case-insensitive."""
    seen: set[str] = set()
    for header in entry.headers:
        if header.lower() in seen:
            raise ConfigError(f"{path}.headers.{header}", "given twice", "each header once, whatever its case")
        seen.add(header.lower())


def _inherited(section: S, own: S, written: Mapping[str, Any] | None) -> S:
    """The common section, with what was written for the one provider laid over it."""
    return msgspec.structs.replace(section, **{key: getattr(own, key) for key in written or ()})


def _process_faults(config: Config, environ: Mapping[str, str]) -> Iterator[ConfigError]:
    try:
        ending(config.drain, environ)
    except ConfigError as fault:
        yield fault
    if config.ops.port == config.listen.port != 0:
        yield ConfigError("ops.port", f"{config.ops.port}, as listen.port is", "another port")


def endpoints(config: Config) -> tuple[dict[str, Endpoint], dict[str, str]]:
    """The providers that are on, and for each that is off the reason, which says what would turn it on."""
    on, off = {}, {}
    for name, entry in config.providers.items():
        known = all_providers()[entry.kind]
        why = why_off(name, known, entry)
        if why:
            off[name] = why
        else:
            on[name] = _endpoint(name, entry, known)
    return on, off


def _endpoint(name: str, entry: ProviderEntry, known: Provider) -> Endpoint:
    headers = {header.lower(): value.value for header, value in entry.headers.items()}
    key = entry.api_key.value if entry.api_key else None
    keys = tuple(key.value for key in entry.api_keys)
    origins = tuple(key.origin for key in entry.api_keys or filter(None, [entry.api_key]))
    return Endpoint(name, entry.kind, known, entry.base_url or "", key, headers, keys, entry.options, origins)


def fingerprint(config: Config, *, secrets: bool = True) -> str:
    """12 hex digits that change exactly when what the configuration amounts to does; secrets count by their hash, or not."""
    hook = _hashed if secrets else _left_out
    return sha256(msgspec.json.encode(config, enc_hook=hook, order="sorted")).hexdigest()[:12]


def _hashed(secret: Secret) -> str:
    return sha256(secret.value.encode()).hexdigest()


def _left_out(secret: Secret) -> str:
    return secret.origin


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file, for editors and the chart."""
    generated = msgspec.json.schema(Config, schema_hook=lambda kind: {})
    dialect = "https://json-schema.org/draft/2020-12/schema"
    written: dict[str, Any] = _as_written({"$schema": dialect, "title": "Outrider configuration", **generated})
    del written["$defs"][Delay.__name__]
    return written


def _as_written(node: Any) -> Any:
    """Where a value is written otherwise than it is held (`64Mi`), the schema says how it is written."""
    if isinstance(node, list):
        return [_as_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    if WRITTEN in node:
        node = {key: node[key] for key in ("description", "default") if key in node} | node[WRITTEN]
    return {key: _as_written(item) for key, item in node.items()}
