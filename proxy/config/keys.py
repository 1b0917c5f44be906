"""Which key an entry of `providers` has, where the entry does not say, and what is said of one that has none yet.

In a pod keys are files that may come later: a provider without its key is off until then, and says what it waits for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec

from proxy.config.mounts import KeyFiles
from proxy.config.options import Keyless, Unspoken
from proxy.config.sections import Config, ProviderEntry
from proxy.config.values import Absent, Secret, Sources, check_key
from proxy.providers import Provider, all_providers


class InPod(Config, frozen=True):
    """A configuration whose objects are mounted as directories, so that they may come later.

    no_file, no_keys: that the directory of the one or the other is empty, in words; "" where it is not. missing: both, and more.
    variables: files of the directory of keys that stand for environment variables. waits_for: key files that are named and
    absent. listed: providers that somebody has named.
    """

    #: What of it is the configuration file's.
    shape: ClassVar[type[msgspec.Struct]] = Config

    no_file: str = ""
    no_keys: str = ""
    missing: tuple[str, ...] = ()
    variables: dict[str, Secret] = msgspec.field(default_factory=dict)
    waits_for: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


class Found(NamedTuple):
    """The key of an entry, or all of several that are there; `why` there is none, where one may yet come."""

    api_key: Secret | None
    api_keys: tuple[Secret, ...]
    why: str = ""


def find_keys(name: str, entry: ProviderEntry, known: Provider, sources: Sources) -> Found:
    """As the entry names them; else a file of the directory of keys, by the entry's name or a usual variable's; else a variable.

    Raises ConfigError for what is no key.
    """
    named = [key for key in (entry.api_key, *entry.api_keys) if key is not None]
    there = tuple(key for key in named if not isinstance(key, Absent))
    if named:
        why = "" if there else f"no key for {name}: {named[0].origin}"
        return Found(there[0] if there else None, there if entry.api_keys else (), why)
    key = _key_in(sources.keys, name, known) or _usual_key(known, sources.environ)
    wanted = known.key_required and not known.cloud and key is None and sources.keys is not None
    return Found(key, (), f"no key for {name}: {_missing(sources.keys, name, known)}" if wanted else "")


def _key_in(files: KeyFiles | None, name: str, known: Provider) -> Secret | None:
    for file in (name, *known.key_env) if files is not None else ():
        assert files is not None
        if files.texts.get(file):
            path = files.directory / file
            return check_key(files.texts[file], str(path), f"file {path}", path)
    return None


def _usual_key(known: Provider, environ: Mapping[str, str]) -> Secret | None:
    """The key in the first of the provider's usual variables that is set."""
    for variable in known.key_env:
        if environ.get(variable, "").strip():
            return check_key(environ[variable], variable, variable)
    return None


def _missing(files: KeyFiles | None, name: str, known: Provider) -> str:
    assert files is not None
    if not files.texts:
        return f"{files.directory} is empty (is the Secret there?)"
    empty = [file for file in (name, *known.key_env) if file in files.texts]
    if empty:
        return f"{files.directory / empty[0]} is empty"
    wanted = " or ".join(dict.fromkeys((name, *known.key_env)))
    return f"{files.directory} holds no file {wanted}"


def in_pod(config: Config, mount: Path | None, absent: bool, sources: Sources) -> Config:
    """The same configuration with what may yet come; `mount`: the directory that it is in, `absent`: and is not in yet."""
    files = sources.keys
    if files is None and mount is None:
        return config
    no_file = f"no configuration: {mount} is empty (is the ConfigMap there?)" if absent else ""
    no_keys = f"no keys: {files.directory} is empty (is the Secret there?)" if files and not files.texts else ""
    secrets = [*signing_keys(config), *filter(None, [config.sharing and config.sharing.password])]
    config, no_password = _without_absent_password(config)
    return InPod(
        **{name: getattr(config, name) for name in Config.__struct_fields__},
        no_file=no_file,
        no_keys=no_keys,
        missing=tuple(filter(None, (no_file, no_keys, no_password))),
        variables={name: Secret(text, f"file {name}") for name, text in files.variables.items()} if files else {},
        listed=tuple(config.providers),
        waits_for=tuple(str(key.file) for key in secrets if isinstance(key, Absent) and key.file is not None),
    )


def _without_absent_password(config: Config) -> tuple[Config, str]:
    """Until it is there the store refuses, which is as a store that is not there; and what is missing, in words."""
    sharing = config.sharing
    if sharing is None or not isinstance(sharing.password, Absent):
        return config, ""
    without = msgspec.structs.replace(sharing, password=None)
    return msgspec.structs.replace(config, sharing=without), f"no sharing.password: {sharing.password.origin}"


def signing_keys(config: Config) -> Iterator[Secret]:
    """Those of providers, whose files are looked at by whoever signs with them."""
    for entry in config.providers.values():
        yield from entry.api_keys or filter(None, [entry.api_key])


def awaited(config: Config, off: Mapping[str, str]) -> frozenset[str]:
    """Those of the providers that are off which a file may yet turn on."""
    if not isinstance(config, InPod):
        return frozenset()
    return frozenset(name for name in off if isinstance(config.providers[name], Keyless | Unspoken))


def secrets_in(config: Config) -> Iterator[str]:
    """What the directory of keys holds of variables, but for those that say a region, a project or the like."""
    open_to_all = {
        name for known in all_providers().values() for option in known.options.values() for name in option.env
    }
    variables = config.variables if isinstance(config, InPod) else {}
    return (secret.value for name, secret in variables.items() if name not in open_to_all)


def surroundings(config: Config, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, with what the directory of keys lays over it."""
    over = config.variables if isinstance(config, InPod) else {}
    return {**environ, **{name: secret.value for name, secret in over.items()}} if over else environ
