"""Limits that nobody has configured: learned from the headers of a provider's answers, for each of its models.

Calls are slowed down before the provider refuses them, and are free again when there is more. How headers are read and how a
refusal says when to come again are arguments; what a limit is like is told in `learned`. Several keys take turns, so that each
answer speaks for all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from proxy.call import Call, Failure
from proxy.policies.learned import Learned, Told
from proxy.policies.limiter import Grant, Limiter, Line, Patience

#: Models of one provider that are told apart; further ones share one.
MODELS = 100
OTHER = "\0other"
TOO_MANY = 429
#: Seconds to stay away after a refusal that does not say how long, doubled with each, and at most.
AWAY = (1.0, 60.0)


class Both(Protocol):
    """What the headers of an answer told: of requests and of tokens."""

    @property
    def requests(self) -> Told: ...
    @property
    def tokens(self) -> Told: ...


class Times(NamedTuple):
    """A limit for as many keys as take turns."""

    limit: int | None
    remaining: int | None
    reset: float | None


class Model:
    """What is known of one model's limits, and the queue before them."""

    def __init__(self, line: Line, spread: float, time: Callable[[], float]) -> None:
        self.requests = Learned(spread)
        self.tokens = Learned(spread)
        self.limiter = Limiter(line, self.requests, self.tokens, time)
        self.refusals = 0

    def hear(self, grant: Grant | None, told: Both | None, keys: int, now: float) -> None:
        requests, tokens = _said(told)
        self.requests.hear(None if grant is None else grant.requests, _times(requests, keys), now)
        self.tokens.hear(None if grant is None else grant.tokens, _times(tokens, keys), now)

    def refused(self, told: Both | None, retry_after: float | None, now: float) -> None:
        wait = min(AWAY[0] * 2.0**self.refusals, AWAY[1]) if retry_after is None else retry_after
        self.refusals = min(self.refusals + 1, 16)
        requests, tokens = _said(told)
        for gate, said in ((self.requests, requests), (self.tokens, tokens)):
            if not said.remaining:
                gate.refused(now + wait)

    def answered(self) -> None:
        self.refusals = 0
        self.requests.answered()
        self.tokens.answered()


class Adaptive:
    """The learned limits of one provider, as calls meet them.

    `read` takes the headers of an answer, lower case, to what they tell; `read_wait` those of a refusal to the seconds to
    wait. `spread`: the part of a limit below which what is left is spread over the time left. `keys`: how many take turns.
    """

    def __init__(
        self,
        provider: str,
        read: Callable[[Mapping[str, str]], Both | None],
        read_wait: Callable[[Mapping[str, str]], float | None],
        time: Callable[[], float],
        spread: float = 0.2,
        patience: Patience = Patience(30.0, 1000),  # noqa: B008
        keys: int = 1,
    ) -> None:
        self.line = Line(f"{provider} (learned)", patience)
        self.weighs = False
        self._read = read
        self._read_wait = read_wait
        self._time = time
        self._spread = spread
        self._keys = max(1, keys)
        self._models: OrderedDict[str, Model] = OrderedDict()
        self._out: dict[Call, tuple[Model, Grant]] = {}

    @property
    def models(self) -> tuple[int, int]:
        """How many are told apart, and how many may be."""
        return len(self._models) - (OTHER in self._models), MODELS

    def limiter(self, call: Call) -> Limiter:
        return self._model(call).limiter

    def every(self) -> Sequence[Limiter]:
        return [model.limiter for model in self._models.values()]

    def told(self, now: float) -> Iterator[tuple[str, str, float, float]]:
        """What the provider has told: model, `requests` or `tokens`, how much there is of it, and how much is left."""
        for name, model in self._models.items():
            for what, gate in (("requests", model.requests), ("tokens", model.tokens)):
                if gate.limit is not None:
                    used, limit = gate.fill(now)
                    yield name, what, limit, limit - used

    def entered(self, call: Call, grant: Grant) -> None:
        """`call` sets out with what it was granted; its answer will be `heard`, or not, before it has `left`."""
        self._out[call] = (self._model(call), grant)

    def left(self, call: Call, end: BaseException | None = None) -> None:
        """`call` is over. Some providers say only in the body of a refusal how long to stay away."""
        model, _ = self._out.pop(call, (None, None))
        if model is not None and isinstance(end, Failure) and end.kind == "provider_rate_limited" and end.retry_after:
            model.requests.away_until = max(model.requests.away_until, self._time() + end.retry_after)

    def heard(self, headers: Mapping[str, str], status: int, call: Call) -> None:
        """The head of an answer, whatever the status. Names of headers in lower case."""
        model, grant = self._out.get(call) or (self._model(call), None)
        told, now = self._read(headers), self._time()
        model.hear(grant, told, self._keys, now)
        if status == TOO_MANY:
            model.refused(told, self._read_wait(headers), now)
        elif status < TOO_MANY:
            model.answered()
        self.weighs = self.weighs or model.tokens.limit is not None
        model.limiter.wake()

    def _model(self, call: Call) -> Model:
        name = "" if call.target is None else call.target.model
        if name not in self._models and not self._has_room():
            name = OTHER
        if name not in self._models:
            self._models[name] = Model(self.line, self._spread, self._time)
        self._models.move_to_end(name)
        return self._models[name]

    def _has_room(self) -> bool:
        """The model asked longest ago makes room, if nobody is asking it."""
        count, most = self.models
        if count < most:
            return True
        oldest = next(name for name in self._models if name != OTHER)
        if self._models[oldest].limiter.busy:
            return False
        del self._models[oldest]
        return True


NOTHING = Times(None, None, None)


def _said(told: Both | None) -> tuple[Told, Told]:
    return (NOTHING, NOTHING) if told is None else (told.requests, told.tokens)


def _times(told: Told, keys: int) -> Told:
    if keys == 1:
        return told
    limit, remaining = told.limit, told.remaining
    return Times(limit and limit * keys, remaining and remaining * keys, told.reset)
