"""What an alias says of how its targets are chosen, and what is wrong with it beside the rest of the configuration.

Which models a provider has, and what they cost, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from proxy.config.decode import ConfigError, near, shown
from proxy.config.resilience import condition_faults, sticky_fault
from proxy.config.sections import Alias, Config

ALLOWED = "an alias, or provider:model"


def aliases(config: Config) -> dict[str, tuple[tuple[str, str, float, frozenset[str]], ...]]:
    """Alias -> (provider, model, weight, tags) of each of its targets."""
    return {
        alias.model: tuple(
            (target.provider, target.model, 1.0 if target.weight is None else target.weight, frozenset(target.tags))
            for target in alias.targets
        )
        for alias in config.models
    }


def fallbacks_of(config: Config) -> dict[str, tuple[str, ...]]:
    """Alias -> whom to ask after it: what it names, and after an alias among those whom that one names. Nobody twice."""
    named = {alias.model: alias.fallback for alias in config.models}
    return {name: tuple(found for found in followed(name, named) if found != name) for name in named}


def followed(name: str, named: Mapping[str, Sequence[str]]) -> Iterator[str]:
    seen = {name}
    for follower in named[name]:
        for found in (follower, *(followed(follower, named) if follower in named else ())):
            if found not in seen:
                seen.add(found)
                yield found


def alias_faults(config: Config) -> Iterator[ConfigError]:
    seen: set[str] = set()
    for index, alias in enumerate(config.models):
        path = f"models[{index}]"
        if alias.model in seen:
            yield ConfigError(f"{path}.model", f"{shown(alias.model)} again", "each alias once")
        seen.add(alias.model)
        yield from _target_faults(alias, config, path)
        yield from _leading_faults(alias, config, path)
        yield from condition_faults(alias.when, f"{path}.when")
        fault = sticky_fault(alias.sticky, f"{path}.sticky")
        if fault is not None:
            yield fault
    yield from _cycles(config)


def _target_faults(alias: Alias, config: Config, path: str) -> Iterator[ConfigError]:
    for number, target in enumerate(alias.targets):
        if target.provider not in config.providers:
            allowed = ", ".join(config.providers) + near(target.provider, config.providers)
            yield ConfigError(f"{path}.targets[{number}].provider", shown(target.provider), allowed)
        if alias.strategy == "weighted" and target.weight is None:
            yield ConfigError(
                f"{path}.targets[{number}].weight", "missing", "a number above 0, for the strategy weighted"
            )


def _leading_faults(alias: Alias, config: Config, path: str) -> Iterator[ConfigError]:
    """Whatever names another model has to lead somewhere."""
    names = {f"{path}.fallback[{number}]": name for number, name in enumerate(alias.fallback)}
    names |= {f"{path}.when[{number}].use": rule.use for number, rule in enumerate(alias.when)}
    every = {each.model for each in config.models}
    for at, name in names.items():
        providers = {name.partition(mark)[0] for mark in ":/" if all(name.partition(mark))}
        if name not in every and providers.isdisjoint(config.providers):
            yield ConfigError(at, shown(name), ALLOWED + near(name, every))


def _cycles(config: Config) -> Iterator[ConfigError]:
    """An alias that falls back on itself, by whatever way."""
    named = {alias.model: alias.fallback for alias in config.models}
    for index, alias in enumerate(config.models):
        way = way_back(alias.model, named)
        if way:
            allowed = "fallbacks that do not lead back"
            yield ConfigError(f"models[{index}].fallback", f"a circle: {' -> '.join(way)}", allowed)


def way_back(name: str, named: Mapping[str, Sequence[str]]) -> list[str]:
    """The shortest way from an alias to itself; empty where there is none."""
    ways, seen = [[name]], set[str]()
    while ways:
        way = ways.pop(0)
        for follower in named.get(way[-1], ()):
            if follower == name:
                return [*way, name]
            if follower not in seen:
                seen.add(follower)
                ways.append([*way, follower])
    return []
