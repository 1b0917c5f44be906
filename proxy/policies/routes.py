"""The way of a call: which rule of an alias sends it elsewhere, how its targets are chosen, who is asked when they fail.

What a model's name stands for is asked of the router; what the rules look at is selection's affair.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from proxy.call import Call, Failure, Handler, Outcome, Route, Target
from proxy.selection import When, select

Resolve = Callable[[str], Sequence[Target]]
#: A caller asks for targets that have all of these tags, with commas between.
TAGS = "x-outrider-tags"
#: And says what it wants of the cache.
CACHE = "x-outrider-cache"
MOST_FALLBACKS = 10


class Plan(NamedTuple):
    """`when`: rules of which the first that holds sends a call elsewhere."""

    route: Route
    when: Sequence[When] = ()


class Routes:
    """A Policy, and what `fallbacks` of a call there are. `allowed`: what a request may say itself, of OVERRIDES."""

    def __init__(self, plans: Mapping[str, Plan], resolve: Resolve, allowed: frozenset[str]) -> None:
        self._plans = plans
        self._resolve = resolve
        self._tags = "tags" in allowed
        self._fallbacks = "fallbacks" in allowed
        self._timeout = "timeout" in allowed
        self._cache = "cache" in allowed

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        plan = self._plans.get(call.model)
        if plan is not None:
            self._follow(call, plan)
        if TAGS in call.caller and len(call.targets) > 1:
            self._narrow(call)
        if call.timeout is not None and not self._timeout:
            raise Failure("invalid_request", "timeout may not be set by a request here", param="timeout")
        if not self._cache and (call.json.get("cache") is not None or CACHE in call.caller):
            raise Failure("invalid_request", "cache may not be set by a request here", param="cache")
        return next(call)

    def fallbacks(self, call: Call) -> Sequence[tuple[Route | None, Sequence[Target]]]:
        """The models to ask when the call's own have failed. Failure("invalid_request") names what is wrong with the call's."""
        said = call.json.get("fallbacks")
        if said is not None:
            return [self._way(name) for name in self._checked(said)]
        return [self._way(name) for name in call.route.fallback] if call.route is not None else ()

    def _follow(self, call: Call, plan: Plan) -> None:
        use = select(plan.when, call) if plan.when else None
        if use is None or use == plan.route.name:
            call.route = plan.route
            return
        call.route, call.targets = self._way(use)
        call.target = call.targets[0]

    def _way(self, name: str) -> tuple[Route | None, Sequence[Target]]:
        plan = self._plans.get(name)
        return None if plan is None else plan.route, self._resolve(name)

    def _narrow(self, call: Call) -> None:
        """To the targets with the tags that the caller wants."""
        if not self._tags:
            raise Failure("invalid_request", f"{TAGS} may not be set by a request here", param=TAGS)
        wanted = {tag for word in call.caller[TAGS].split(",") if (tag := word.strip())}
        kept = tuple(target for target in call.targets if wanted <= target.tags)
        if not kept:
            there = sorted({tag for target in call.targets for tag in target.tags})
            detail = f"no target of {call.model} has all of these tags; there is {', '.join(there) or 'none'}"
            raise Failure("invalid_request", detail, param=TAGS)
        call.targets, call.target = kept, kept[0]

    def _checked(self, said: Any) -> list[str]:
        if not self._fallbacks:
            raise Failure("invalid_request", "fallbacks may not be set by a request here", param="fallbacks")
        if not isinstance(said, list) or not all(isinstance(name, str) and name for name in said):
            raise Failure("invalid_request", "fallbacks must be a list of models", param="fallbacks")
        if len(said) > MOST_FALLBACKS:
            raise Failure("invalid_request", f"fallbacks must be at most {MOST_FALLBACKS}", param="fallbacks")
        return said


#: What a request may say itself, where the operator lets it.
OVERRIDES = ("timeout", "fallbacks", "tags", "cache")
