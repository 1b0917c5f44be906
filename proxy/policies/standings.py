"""The standings of all targets that were ever asked, up to a bound: found, made by their provider's rule, and forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from proxy.call import Target
from proxy.policies.breaker import Breaker, BreakerRule, State
from proxy.policies.standing import Standing

#: So many are kept; of more, the ones that nothing is on its way to are forgotten, oldest first.
MOST = 200


class Standings:
    """Those of all targets that were ever asked, up to a bound. `rules` are by the provider's name.

    `known` are by provider and model. `changed` is told of a target's name and the new state of its breaker.
    """

    def __init__(
        self,
        rules: Mapping[str, BreakerRule],
        time: Callable[[], float],
        changed: Callable[[str, State], None] = lambda name, state: None,
    ) -> None:
        self._rules = rules
        self._time = time
        self._changed = changed
        self.known: dict[tuple[str, str], Standing] = {}
        self._probed: dict[str, str | None] = {}

    def adopt(self, rules: Mapping[str, BreakerRule]) -> None:
        """Other rules: a target whose rule is another one now begins anew, and the rest goes on."""
        changed = {name for name in {*rules, *self._rules} if rules.get(name) != self._rules.get(name)}
        for key in [key for key in self.known if key[0] in changed]:
            del self.known[key]
        self._rules = rules

    def of(self, target: Target) -> Standing:
        return self.known.get((target.name, target.model)) or self._make(target.name, target.model)

    def probed(self, provider: str, wrong: str | None) -> None:
        """What a probe found of a provider; None: that all is well."""
        self._probed[provider] = wrong
        for (name, _), standing in self.known.items():
            if name == provider:
                standing.probed = wrong

    def ended(self, provider: str) -> int:
        """How many attempts have ended there since the start."""
        return sum(standing.total for (name, _), standing in self.known.items() if name == provider)

    def all(self) -> Iterator[tuple[str, str, Standing]]:
        """(provider, model, standing)."""
        return ((provider, model, standing) for (provider, model), standing in self.known.items())

    @property
    def fill(self) -> tuple[int, int]:
        return len(self.known), MOST

    def _make(self, provider: str, model: str) -> Standing:
        if len(self.known) >= MOST:
            self._forget()
        name = f"{provider}:{model}"
        breaker = Breaker(
            self._rules.get(provider, BreakerRule()), self._time, lambda state: self._changed(name, state)
        )
        standing = self.known.setdefault((provider, model), Standing(name, breaker, self._time))
        standing.probed = self._probed.get(provider)
        return standing

    def _forget(self) -> None:
        """Half of those that are at rest: a breaker that is open stays, and so does what is on its way."""
        resting = [key for key, each in self.known.items() if each.breaker.quiet and not each.in_flight]
        for key in resting[: MOST // 2] or list(self.known)[:1]:
            del self.known[key]
