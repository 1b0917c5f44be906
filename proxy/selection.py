"""Which way a call goes by what it asks for: rules that an operator can read, of which the first that holds is followed.

Pure, and cheap enough for every call: nothing is counted that no rule asks about, and each thing once. The complexity is a score
that says the same of the same request; it is told in docs/routing.md, and knows nothing of what words mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import log2
from typing import Any, NamedTuple

from proxy.call import Call, Json
from proxy.estimate import estimate_prompt, prompt_tokens
from proxy.needs import must_reason, needs_of_messages

#: Of the last message, so many characters are searched: an expression may be slow, and a message long.
SEARCHED = 4000
ANY = "*"


class When(NamedTuple):
    """A rule: what has to hold, all of it, and the model that is asked then. None and empty ask nothing.

    header: names in lower case, and values, `*` for any. matches: found in the last message of the user.
    """

    use: str
    prompt_tokens_above: int | None = None
    prompt_tokens_below: int | None = None
    complexity_above: float | None = None
    complexity_below: float | None = None
    tools: bool | None = None
    images: bool | None = None
    schema: bool | None = None
    reasoning: bool | None = None
    stream: bool | None = None
    header: Mapping[str, str] = {}
    matches: re.Pattern[str] | None = None


def select(rules: Sequence[When], call: Call) -> str | None:
    """The model of the first rule that holds; None where none does."""
    traits = Traits(call)
    return next((rule.use for rule in rules if all(holds(rule, traits) for holds in CONDITIONS)), None)


class Traits:
    """What rules ask about a call, each found out when it is asked for the first time."""

    def __init__(self, call: Call) -> None:
        self.call = call

    @cached_property
    def prompt_tokens(self) -> int:
        return prompt_tokens(self.call)

    @cached_property
    def complexity(self) -> float:
        return complexity(self.call.json, self.prompt_tokens)

    @cached_property
    def images(self) -> bool:
        return "vision" in needs_of_messages(self.call.json)

    @cached_property
    def last(self) -> str:
        return last_of_user(self.call.json)[-SEARCHED:]


def is_said(wanted: bool | None, said: object) -> bool:
    return wanted is None or wanted == bool(said)


def has_headers(wanted: Mapping[str, str], caller: Mapping[str, str]) -> bool:
    return all(caller.get(name) == value or (value == ANY and name in caller) for name, value in wanted.items())


CONDITIONS: Sequence[Callable[[When, Traits], bool]] = (
    lambda rule, its: is_said(rule.tools, its.call.json.get("tools")),
    lambda rule, its: is_said(rule.stream, its.call.stream),
    lambda rule, its: is_said(rule.schema, member(its.call.json.get("response_format"), "type") == "json_schema"),
    lambda rule, its: is_said(rule.reasoning, reasons(its.call.json)),
    lambda rule, its: has_headers(rule.header, its.call.caller),
    lambda rule, its: rule.images is None or rule.images == its.images,
    lambda rule, its: rule.prompt_tokens_above is None or its.prompt_tokens > rule.prompt_tokens_above,
    lambda rule, its: rule.prompt_tokens_below is None or its.prompt_tokens < rule.prompt_tokens_below,
    lambda rule, its: rule.complexity_above is None or its.complexity > rule.complexity_above,
    lambda rule, its: rule.complexity_below is None or its.complexity < rule.complexity_below,
    lambda rule, its: rule.matches is None or rule.matches.search(its.last) is not None,
)


def member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def reasons(request: Json) -> bool:
    """An effort, a budget or a switch; an effort of `none` asks for the opposite."""
    effort = request.get("reasoning_effort") or member(request.get("reasoning"), "effort")
    return must_reason(request.get("reasoning")) or effort not in (None, "none")


def messages_of(request: Json) -> list[Json]:
    listed = request.get("messages")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def text_of(message: Json) -> str:
    """What is said in words."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(text for part in parts if isinstance(text := member(part, "text"), str))


def last_of_user(request: Json) -> str:
    said = [message for message in messages_of(request) if message.get("role") == "user"]
    return text_of(said[-1]) if said else ""


# ---- the score

#: What is counted, up to which number it counts, and how much of the score it is. Together the shares are 1.
CODE = re.compile(r"```|\b(?:def|class|function|return|import|SELECT|#include)\b|[{};]\s*\n")
STEPS = re.compile(
    r"(?m)^\s*(?:\d+[.)]|[-*])\s|\b(?:step by step|prove|derive|compare|design|refactor|debug|analy[sz]e)\b",
    re.IGNORECASE,
)
MEASURES: Sequence[tuple[Callable[[Json, str], float], float, float]] = (
    (lambda request, last: log2(1 + len(messages_of(request))), 5.0, 0.15),
    (lambda request, last: len(CODE.findall(last)), 8.0, 0.15),
    (lambda request, last: len(STEPS.findall(last)), 6.0, 0.15),
    (lambda request, last: len(request.get("tools") or ()), 8.0, 0.1),
    (lambda request, last: float(reasons(request) or "response_format" in request), 1.0, 0.1),
)


#: The same of its length, in tokens.
LENGTH_MOST, LENGTH_SHARE = 8.0, 0.35


def complexity(request: Json, tokens: int | None = None) -> float:
    """0 (a greeting) to 1 (a long conversation about code with tools). It rises with each measure, up to that one's limit.

    `tokens`: of the prompt, where they are counted already.
    """
    last = last_of_user(request)[-SEARCHED:]
    length = log2(1 + (estimate_prompt(request) if tokens is None else tokens) / 64)
    score = LENGTH_SHARE * min(length / LENGTH_MOST, 1.0)
    return round(score + sum(share * min(measure(request, last) / most, 1.0) for measure, most, share in MEASURES), 3)


def beginning_of(request: Json, length: int) -> str:
    """The first characters of a conversation: the same for every turn of it, as the provider's prompt cache wants it."""
    told: list[str] = [request["system"]] if isinstance(request.get("system"), str) else []
    for message in messages_of(request):
        told.append(text_of(message))
        if message.get("role") == "user" or sum(map(len, told)) >= length:
            break
    return "\n".join(told)[:length]
