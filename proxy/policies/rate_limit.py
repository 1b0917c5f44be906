"""Limits as the operator set them: reserved by an estimate before a call, reconciled with what it really took after it.

The policy stands in the stack twice: further out for what a model and a caller may, further in for what a provider may be
asked. It knows which limits a call meets; how a limit is kept is the limiter's affair, and what a token is the estimate's.
Narrow limits come first: a call that waits for a wide one then holds nothing that others could use.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from proxy.call import Call, Failure, Handler, Outcome, Usage
from proxy.config.limits import Rule
from proxy.policies.adaptive import Adaptive
from proxy.policies.limiter import Grant, Limiter, Need
from proxy.policies.scope import Build, Kept, Scope, own_bucket

#: Tokens that an answer is thought to have before the first one has come, and how much the latest counts after that.
FIRST_ANSWER = 256
LATEST = 0.05
ANSWER_LIMITS = ("max_completion_tokens", "max_tokens")
#: The provider has seen nothing of the call.
UNSENT = frozenset({"queued", "connecting"})


class RateLimit:
    """A Policy. Failure("rate_limited") names the limit and when to come again, Failure("request_too_large") when never.

    `subject` is what of a call limits are looked up by: the model asked for, or the name of the target's provider.
    `estimate` counts the tokens of a call's prompt. `learned` are further limits by subject, `previous` the policy that this one
    takes the place of: limits that did not change go on.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        subject: Callable[[Call], str],
        estimate: Callable[[Call], int],
        time: Callable[[], float],
        build: Build = own_bucket,
        learned: Mapping[str, Adaptive] | None = None,
        previous: RateLimit | None = None,
    ) -> None:
        kept = {} if previous is None else {scope.rule: scope for scope in previous.scopes}
        self.scopes: list[Scope] = [kept.get(rule) or Scope(rule, time, build) for rule in sorted(rules, key=breadth)]
        self._learned = learned or {}
        self._subject = subject
        self._estimate = estimate
        self._time = time
        self._answer = float(FIRST_ANSWER)
        subjects = {subject_of(rule) for rule in rules} | set(self._learned)
        self._met = {name: self._those_of(name) for name in subjects - {""}}
        self._always = self._those_of("")

    @property
    def kept(self) -> list[Kept]:
        """Every limit there is, for those who show them."""
        return [*self.scopes, *self._learned.values()]

    def _those_of(self, subject: str) -> tuple[Kept, ...]:
        own = [scope for scope in self.scopes if subject_of(scope.rule) in ("", subject)]
        return (*own, self._learned[subject]) if subject in self._learned else tuple(own)

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        limits = self._met.get(self._subject(call), self._always)
        return self._limited(call, next, limits) if limits else next(call)

    def around(self, next: Handler) -> Handler:
        """The policy and what is further in as one Handler, in one call less."""
        met, always, subject, limited = self._met, self._always, self._subject, self._limited

        def handler(call: Call) -> Awaitable[Outcome]:
            limits = met.get(subject(call), always)
            return limited(call, next, limits) if limits else next(call)

        return handler

    def wait_for(self, call: Call) -> float:
        """Seconds that `call` would wait now, 0 where it would not. Failure("request_too_large") where it would for ever."""
        limiters, need = self._limiters(call, self._met.get(self._subject(call), self._always))
        return max((limiter.wait_for(need) for limiter in limiters), default=0.0)

    async def _limited(self, call: Call, next: Handler, limits: Sequence[Kept]) -> Outcome:
        limiters, need = self._limiters(call, limits)
        call.phase = "queued"
        grants = await self._enter(call, limiters, need)
        asked, usage = call.attempts, call.usage
        learned = self._learned.get(self._subject(call)) if self._learned else None
        if learned is not None:
            learned.entered(call, grants[-1])
        try:
            outcome = await next(call)
        except BaseException as end:
            new = call.usage if call.usage is not usage else None
            if learned is not None:
                learned.left(call, end)
            self._end(grants, *judge(end, call.phase, call.attempts - asked, new))
            raise
        if learned is not None:
            learned.left(call)
        if outcome.usage is not None:
            self._answer += LATEST * (outcome.usage.completion - self._answer)
        counted = call.attempts > asked or call.saved is not None
        self._end(grants, counted, None if outcome.usage is None else outcome.usage.total)
        return outcome

    def _limiters(self, call: Call, limits: Sequence[Kept]) -> tuple[list[Limiter], Need]:
        limiters, weighs = [], False
        for limit in limits:
            limiter = limit.limiter(call)
            if limiter is not None:
                limiters.append(limiter)
                weighs = weighs or limit.weighs
        return limiters, self._weigh(call) if weighs else Need(0, 0)

    def _weigh(self, call: Call) -> Need:
        """The prompt, and of the answer what the call allows or, where it says nothing, what answers usually have."""
        prompt = self._estimate(call)
        said = (call.json.get(name) for name in ANSWER_LIMITS)
        answer = next((limit for limit in said if type(limit) is int and limit > 0), round(self._answer))
        return Need(prompt, prompt + answer)

    async def _enter(self, call: Call, limiters: Sequence[Limiter], need: Need) -> list[Grant]:
        grants: list[Grant] = []
        try:
            for limiter in limiters:
                grants.append(limiter.take(need) or await self._wait(call, limiter, need))
        except BaseException:
            self._end(grants, False, None)
            raise
        now = self._time()
        for grant in grants:
            grant.start(now)
        return grants

    async def _wait(self, call: Call, limiter: Limiter, need: Need) -> Grant:
        began = self._time()
        try:
            return await limiter.queue(need, call.deadline)
        finally:
            call.queued += self._time() - began

    def _end(self, grants: Sequence[Grant], counted: bool, tokens: int | None) -> None:
        now = self._time()
        for grant in grants:
            if counted:
                grant.settle(tokens, now)
            else:
                grant.refund(now)


def subject_of(rule: Rule) -> str:
    """What a rule is looked up by; "" where it is met by every call."""
    return rule.provider or rule.model


def breadth(rule: Rule) -> int:
    """Narrow ones first: a caller's, a model's, a provider's."""
    return 0 if rule.header else 1 if rule.model else 2


def judge(end: BaseException, phase: str, attempts: int, usage: Usage | None) -> tuple[bool, int | None]:
    """Whether a call that did not end well was counted by a provider, and with how many tokens; None: nobody knows.

    A refusal counts as a request, https://platform.openai.com/docs/guides/rate-limits, but no token was spent on it.
    """
    if not attempts or (attempts == 1 and phase in UNSENT):
        return False, None
    if usage is not None:
        return True, usage.total
    refused = isinstance(end, Failure) and end.provider_status is not None and 400 <= end.provider_status < 500
    return True, 0 if refused else None
