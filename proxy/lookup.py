"""Which models and providers there are: by name, by `provider:model`, by capability, in good health.

What providers list at this moment goes before what the table knows, and what the operator says before both. It refuses to know
how lists are fetched and what health is: both are asked for through what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from proxy.call import Json, Target
from proxy.catalog import Listed
from proxy.models import Model, Models
from proxy.providers import Endpoint
from proxy.routing import Router

#: Kinds where a model goes by the name of the operator's deployment: which ones there are, the table cannot tell.
DEPLOYED = frozenset({"azure_anthropic", "azure_deployments", "azure_foundry", "azure_openai"})


class Lists(Protocol):
    """What providers list, by the models' names: None for those that were never asked, or never answered."""

    def known(self, name: str) -> Mapping[str, Listed] | None: ...
    async def ready(self) -> None: ...


class NoLists:
    """Nobody is asked."""

    def known(self, name: str) -> Mapping[str, Listed] | None:
        return None

    async def ready(self) -> None: ...


class Offers:
    """What each endpoint offers, as a Router wants to know it."""

    def __init__(self, models: Models, lists: Lists | None = None) -> None:
        self._models = models
        self._lists = lists or NoLists()

    async def ready(self) -> None:
        """Wait, but not for long, for lists that are asked for the first time."""
        await self._lists.ready()

    def names(self, endpoint: Endpoint) -> Iterator[str]:
        """Those of its own list, else of the table; and those that the operator names."""
        return iter(dict.fromkeys(model.name for model in self.models(endpoint)))

    def models(self, endpoint: Endpoint) -> Iterator[Model]:
        listed = self._lists.known(endpoint.name)
        if listed is None and endpoint.kind not in DEPLOYED:
            yield from self._models.all_of(endpoint.kind, endpoint.name)
            return
        for name in dict.fromkeys((*self._models.named(endpoint.name), *(listed or ()))):
            yield self.model(endpoint, name) or Model(endpoint.kind, name)

    def model(self, endpoint: Endpoint, name: str) -> Model | None:
        """What is known of a model there. The table tells more than a list, so a list only fills what the table leaves open."""
        known = self._models.find(endpoint.kind, name, endpoint.name)
        lists = self._lists.known(endpoint.name)
        listed = lists.get(name) if lists else None
        return known if listed is None else filled(known or Model(endpoint.kind, name), listed)

    def can(self, endpoint: Endpoint, name: str, capability: str) -> bool:
        """Whether it is known to have the capability."""
        model = self.model(endpoint, name)
        return model is not None and capability in model.can

    def only(self, name: str, endpoints: Iterable[Endpoint]) -> Endpoint | None:
        """The one endpoint that has a model of this name; None where there is none, or a choice."""
        having = [endpoint for endpoint in endpoints if self._has(endpoint, name)]
        return having[0] if len(having) == 1 else None

    def about(self, endpoint: Endpoint, name: str) -> Json:
        """What `GET /v1/models` tells of a model under `outrider`; null is what is not known."""
        model = self.model(endpoint, name) or Model(endpoint.kind, name)
        return {
            "provider": endpoint.name,
            "context_window": model.context_window,
            "max_output": model.max_output,
            "capabilities": sorted(model.can) or None,
        }

    def _has(self, endpoint: Endpoint, name: str) -> bool:
        listed = self._lists.known(endpoint.name)
        if listed is not None or endpoint.kind in DEPLOYED:
            return name in self._models.named(endpoint.name) or name in (listed or ())
        return self._models.find(endpoint.kind, name, endpoint.name) is not None


def filled(model: Model, listed: Listed) -> Model:
    return model._replace(
        context_window=model.context_window or listed.context_window,
        max_output=model.max_output or listed.max_output,
        can=model.can or listed.can or frozenset(),
    )


class Lookup:
    """The providers that are on. `healthy` says of one whether it is fit to be called now.

    Where something cannot be found, Failure("model_not_found") says what there is, and what would turn a provider on.
    """

    def __init__(
        self, router: Router, offers: Offers, healthy: Callable[[Endpoint], bool] = lambda endpoint: True
    ) -> None:
        self._router = router
        self._offers = offers
        self._healthy = healthy

    def provider(self, name: str) -> Endpoint:
        """By its configured name, else the first of a kind of this name."""
        return self._router.provider(name)

    def model(self, name: str) -> tuple[Target, Model | None]:
        """By an alias, `provider:model`, `provider/model` or a bare name; with what is known of it."""
        target = self._router.resolve(name)[0]
        return target, self._offers.model(target.endpoint, target.model)

    def all(self) -> list[Endpoint]:
        return list(self._router.providers)

    def healthy(self) -> list[Endpoint]:
        return [endpoint for endpoint in self.all() if self._healthy(endpoint)]

    def with_capability(self, capability: str) -> list[Endpoint]:
        """Those whose kind offers it, or that are known to have a model that can."""
        return [
            endpoint
            for endpoint in self.all()
            if capability in endpoint.provider.can
            or any(capability in model.can for model in self._offers.models(endpoint))
        ]

    def models_with(self, capability: str) -> Iterator[tuple[Endpoint, Model]]:
        """Every model that is known to have it, with where it is."""
        for endpoint in self.all():
            for model in self._offers.models(endpoint):
                if capability in model.can:
                    yield endpoint, model
