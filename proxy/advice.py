"""What each kind of failure means to a person: whose fault it is, what has happened, and what to do about it.

One table for the log, the status page, the commands and the documentation. It knows no call, and nothing of how it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from proxy.call import KINDS, Party


class Advice(NamedTuple):
    """`party`: at fault, in the words of call.KINDS. `meaning` is half a sentence, `hint` what to do, an imperative."""

    party: Party
    meaning: str
    hint: str


#: Kind of failure -> what has happened, and what to do.
WORDS: Mapping[str, tuple[str, str]] = {
    "invalid_request": (
        "the request is malformed or says something that cannot be asked",
        "mend the application: the error it got names the field",
    ),
    "unsupported_capability": (
        "the request needs what this model or provider does not have",
        "choose another model, or set `unsupported: drop` where the parameter may be left out",
    ),
    "model_not_found": (
        "nobody is configured for that model, or the provider does not have it",
        "look at `outrider models`, and at the spelling of the model",
    ),
    "request_too_large": (
        "the request is larger than the sidecar or the model takes",
        "shorten it, or raise `listen.body_limit` if that is what it met",
    ),
    "unauthenticated": (
        "the call came without a token or certificate that the sidecar lets in",
        "give the application a token of `listen.tokens`; /status.json says who has one",
    ),
    "rate_limited": (
        "a limit of the sidecar's own was used up, or all connections were busy",
        "look at /limits; raise the limit, give it a `wait`, or raise `pool.connections`",
    ),
    "budget_exceeded": (
        "a budget is spent",
        "raise the budget, or wait until it begins anew: /status.json says when",
    ),
    "blocked": (
        "a rule of the operator's forbids it",
        "change the rule or the request",
    ),
    "authentication_failed": (
        "the provider refused the key of the sidecar, or there was none",
        "replace the key: the log line with `key_from` says where it came from",
    ),
    "provider_rate_limited": (
        "the provider lets no more through for now",
        "ask the provider for more, add a key or a target, or set `limits.adaptive`",
    ),
    "provider_error": (
        "the provider failed, or answered what could not be understood",
        "look at the provider's status page; add a `fallback`",
    ),
    "provider_overloaded": (
        "the provider has no capacity for the model",
        "wait, or add a target or a `fallback` elsewhere",
    ),
    "provider_stream_cut": (
        "the provider ended its stream before the answer was complete",
        "look at the provider's status page, and at proxies on the way that end long connections",
    ),
    "timeout": (
        "the provider took longer than it may",
        "look at the provider's latency; raise `timeouts` if such answers take that long",
    ),
    "network_error": (
        "the provider could not be reached, or the connection broke",
        "run `outrider doctor`: DNS, egress policy, proxy, TLS",
    ),
    "circuit_open": (
        "the target has failed again and again and is left alone for a while",
        "look at its last failure in /status.json; it is tried again by itself",
    ),
    "no_healthy_target": (
        "no target of the model may be asked now",
        "see /status.json and `missing` in the log for the reasons; add a `fallback` of another provider",
    ),
    "draining": (
        "the sidecar is ending and takes no new calls, or cut this one",
        "nothing, if the pod is being replaced; for long streams raise `drain.grace`",
    ),
    "client_gone": (
        "the application hung up before its answer was complete",
        "nothing, if users cancel; else look at the application's own timeouts",
    ),
    "internal_error": (
        "the sidecar has a fault of its own",
        "report it, with the traceback that the log has under the same id",
    ),
}

#: Kind of failure -> everything that is told of it.
ADVICE: Mapping[str, Advice] = {kind: Advice(rule.party, *WORDS[kind]) for kind, rule in KINDS.items()}
