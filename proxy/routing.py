"""A model string, and the targets it stands for: an alias, `provider:model`, `provider/model`, or a bare name.

Pure: it knows the configured endpoints by what they say of themselves, and neither configuration files nor requests.
Whoever asks for a model that is not there is told what is, and what would turn a provider on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from proxy.call import Failure, Json, Target
from proxy.providers import Endpoint, Provider, all_providers

REMEMBERED = 1024
LONGEST_NAME = 256
LISTED = 10


class Offers(Protocol):
    """What is known of the models that endpoints have. Without it, only those are that their providers claim literally."""

    async def ready(self) -> None: ...
    def names(self, endpoint: Endpoint) -> Iterable[str]: ...
    def can(self, endpoint: Endpoint, name: str, capability: str) -> bool: ...
    def only(self, name: str, endpoints: Iterable[Endpoint]) -> Endpoint | None: ...
    def about(self, endpoint: Endpoint, name: str) -> Json: ...


class Router:
    """`endpoints` are the providers that are on, by name; `off` says of the others why they are not.

    `aliases` maps a name to (provider, model) pairs, with a weight and tags where they have some. An alias comes first, so it may
    shadow any other name. `rules` are what the operator wants of an alias's translations; they are carried, not read.
    """

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        off: Mapping[str, str],
        aliases: Mapping[str, Sequence[tuple[Any, ...]]],
        kinds: Mapping[str, Provider] | None = None,
        rules: Mapping[str, Any] | None = None,
        offers: Offers | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._off = off
        self._aliases = aliases
        self._kinds = all_providers() if kinds is None else kinds
        self._rules = rules or {}
        self._offers = offers
        self._found: dict[str, tuple[Target, ...]] = {}

    def resolve(self, model: str) -> tuple[Target, ...]:
        """The targets in order of preference, at least one. Raises Failure("model_not_found").

        What was found is remembered, but for what a list told: lists change. The memory is bounded, and emptied when full.
        """
        found = self._found.get(model)
        return self._find(model) if found is None else found

    def _remember(self, model: str, *targets: Target) -> tuple[Target, ...]:
        if len(self._found) >= REMEMBERED:
            self._found.clear()
        self._found[model] = targets
        return targets

    @property
    def remembered(self) -> tuple[int, int]:
        """How many answers of `resolve` are kept, and how many may be."""
        return len(self._found), REMEMBERED

    @property
    def providers(self) -> Iterable[Endpoint]:
        """Those that are on."""
        return self._endpoints.values()

    def provider(self, name: str) -> Endpoint:
        """By its name, else the first of a kind of this name. Raises Failure("model_not_found")."""
        endpoint = self._endpoints.get(name) or self._of_kind(name)
        if endpoint is None:
            raise Failure("model_not_found", f"{self._absent(name)}; {self._present()}", param="provider")
        return endpoint

    async def ready(self) -> None:
        """Wait, but not for long, until `models` knows what it has not asked for before."""
        if self._offers is not None:
            await self._offers.ready()

    def models(self, provider: str | None = None, capability: str | None = None) -> list[Json]:
        """The `data` of OpenAI's `GET /v1/models`: aliases, then the models of each provider, or of those asked for.

        Each id resolves. `created` is 0, for nobody here knows it. https://platform.openai.com/docs/api-reference/models
        """
        only = None if provider is None else self.provider(provider)
        return [
            self._shown(model, endpoint, name)
            for model, (endpoint, name) in self._known(self._names).items()
            if (only is None or endpoint is only) and (capability is None or self._can(endpoint, name, capability))
        ]

    def model(self, model: str) -> Json:
        """One of them, by any name that `resolve` knows. Raises Failure("model_not_found")."""
        target = self.resolve(model)[0]
        return self._shown(model, target.endpoint, target.model)

    def _shown(self, model: str, endpoint: Endpoint, name: str) -> Json:
        shown: Json = {"id": model, "object": "model", "created": 0, "owned_by": endpoint.name}
        return shown if self._offers is None else shown | {"outrider": self._offers.about(endpoint, name)}

    def _can(self, endpoint: Endpoint, name: str, capability: str) -> bool:
        return self._offers is not None and self._offers.can(endpoint, name, capability)

    def _find(self, model: str) -> tuple[Target, ...]:
        if len(model) > LONGEST_NAME:
            raise _not_found(f"the model name has {len(model)} characters, more than {LONGEST_NAME}")
        pairs = self._aliases.get(model)
        if pairs is not None:
            return self._remember(model, *[self._target(model, *pair) for pair in self._on(pairs) or pairs])
        known = self._named(model) or self._detected(model)
        endpoint, name = known or self._listed(model) or self._refuse(model)
        target = Target(endpoint.name, name, endpoint)
        return (target,) if known is None else self._remember(model, target)

    def _target(
        self, alias: str, provider: str, name: str, weight: float = 1.0, tags: frozenset[str] = frozenset()
    ) -> Target:
        endpoint = self._endpoints.get(provider)
        if endpoint is None:
            raise _not_found(f'the alias "{alias}" stands for {provider}:{name}, and {self._absent(provider)}')
        return Target(provider, name, endpoint, self._rules.get(alias), weight, tags)

    def _named(self, model: str) -> tuple[Endpoint, str] | None:
        """`provider:model`, else `provider/model`; the model may hold colons and slashes of its own."""
        for prefix, name in _splits(model):
            endpoint = self._endpoints.get(prefix) or self._of_kind(prefix)
            if endpoint is not None and name:
                return endpoint, name
            if endpoint is not None or prefix in self._off:
                self._refuse(model)
        return None

    def _of_kind(self, kind: str) -> Endpoint | None:
        """The first endpoint of a kind whose own name is not taken by another entry, on or off."""
        if kind in self._off or kind not in self._kinds:
            return None
        return next((endpoint for endpoint in self._endpoints.values() if endpoint.kind == kind), None)

    def _detected(self, model: str) -> tuple[Endpoint, str] | None:
        """A bare name goes to the endpoint named like the kind that claims it, else to the first of that kind."""
        claiming = [endpoint for endpoint in self._endpoints.values() if endpoint.provider.claims(model)]
        claiming.sort(key=lambda endpoint: endpoint.name != endpoint.kind)
        return (claiming[0], model) if claiming else None

    def _listed(self, model: str) -> tuple[Endpoint, str] | None:
        """A bare name that no provider claims goes to the only one that has it."""
        endpoint = self._offers.only(model, self._endpoints.values()) if self._offers is not None else None
        return None if endpoint is None else (endpoint, model)

    def _known(self, names: Callable[[Endpoint], Iterable[str]]) -> dict[str, tuple[Endpoint, str]]:
        """Id -> where it leads: the aliases that lead somewhere, then each model by the shortest name that does."""
        first = {alias: on[0] for alias, pairs in self._aliases.items() if (on := self._on(pairs))}
        known = {alias: (self._endpoints[provider], name) for alias, (provider, name, *_) in first.items()}
        for endpoint in self._endpoints.values():
            for name in names(endpoint):
                known.setdefault(name if self._is_bare(endpoint, name) else f"{endpoint.name}:{name}", (endpoint, name))
        return known

    def _names(self, endpoint: Endpoint) -> Iterable[str]:
        offered = () if self._offers is None else self._offers.names(endpoint)
        return dict.fromkeys((*_claimed(endpoint), *offered))

    def _is_bare(self, endpoint: Endpoint, name: str) -> bool:
        """Whether the name alone leads there. Only what a provider claims is looked at any closer: lists are long."""
        if name in self._aliases or not endpoint.provider.claims(name):
            return False
        if any(
            prefix in self._endpoints or prefix in self._off or prefix in self._kinds for prefix, _ in _splits(name)
        ):
            return False
        detected = self._detected(name)
        return detected is not None and detected[0] is endpoint

    def _on(self, pairs: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Those whose provider is on: one without its key does not take an alias along that has others."""
        return [pair for pair in pairs if pair[0] in self._endpoints]

    def _refuse(self, model: str) -> tuple[Endpoint, str]:
        hints = [*self._hints(model), self._near(model), self._present()]
        raise _not_found("; ".join([f'no provider for the model "{model}"', *filter(None, hints)]))

    def _hints(self, model: str) -> Iterator[str]:
        """For each provider that the name points to, what would turn it on."""
        for name in self._pointed(model):
            if name in self._endpoints:
                yield f'"{name}" is on, but no model is named'
            else:
                yield self._absent(name)

    def _pointed(self, model: str) -> list[str]:
        prefixes = [prefix for prefix, _ in _splits(model)]
        pointed = [prefix for prefix in prefixes if prefix in self._off or prefix in self._kinds]
        pointed = pointed or [kind for kind, known in self._kinds.items() if known.claims(model)]
        if self._off.keys().isdisjoint(pointed):
            pointed += [name for name in self._off if name not in self._kinds]
        return list(dict.fromkeys(pointed))

    def _absent(self, name: str) -> str:
        if name in self._off:
            return f"{name} is off ({self._off[name]})"
        return f"{name} is not configured (list it under providers in the configuration file)"

    def _near(self, model: str) -> str:
        from difflib import get_close_matches  # only who errs pays for it

        names = [*self._aliases, *self._known(_claimed)]
        near = get_close_matches(model, names, n=3)
        for prefix, name in _splits(model):
            near += [f"{found}:{name}" for found in get_close_matches(prefix, self._endpoints, n=1) if name]
        near = [name for name in dict.fromkeys(near) if name != model]
        return f"near: {', '.join(near)}" if near else ""

    def _present(self) -> str:
        providers = f"providers: {_listed(self._endpoints)} (as provider:model)"
        return f"aliases: {_listed(self._aliases)}; {providers}" if self._aliases else providers


def _claimed(endpoint: Endpoint) -> list[str]:
    """The names that its provider claims literally."""
    return [name for name in endpoint.provider.models if not set(name) & set("*?[")]


def _splits(model: str) -> Iterator[tuple[str, str]]:
    for separator in (":", "/"):
        prefix, found, name = model.partition(separator)
        if found:
            yield prefix, name


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - LISTED
    return ", ".join(listed[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _not_found(detail: str) -> Failure:
    return Failure("model_not_found", detail, param="model")
