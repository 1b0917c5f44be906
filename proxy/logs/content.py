"""What calls say, for those who have switched that on: bounded where the call is, redacted and cut where the line is made.

Text is taken out of a request by its shape, whatever the operation. Nothing of it is kept that will not be in the line, but for
what redaction has to see beyond the cut. It knows no answer's form: whoever has heard one hands in what tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from proxy.call import Call, Json
from proxy.logs.formats import Fields
from proxy.logs.lines import short, timestamp
from proxy.logs.pii import Scrubber

#: Characters beyond the cut: a number that begins before it has to be seen whole to be known.
MARGIN = 1024
MOST_PARTS = 200
LONGEST_ROLE = 32
DEEPEST = 8
#: Where operations other than chat have their text.
ASKED = ("input", "prompt", "query")

Said = tuple[str, str]


#: What the model has said, and whether that is all of it.
Answer = tuple[str, bool]


class Rules(NamedTuple):
    """Whether prompts are logged; how much of a prompt and of an answer, in characters; and what takes out what is personal."""

    prompts: bool
    limit: int
    scrubber: Scrubber


#: Takes keys out of a text, half a one at its end too.
Clean = Callable[[bytes], bytes]


class ContentLine(NamedTuple):
    """`prompt` and `answer` where they are wanted. Everything that costs is done in `fields`."""

    time: float
    id: str
    provider: str | None
    model: str
    prompt: tuple[Said, ...] | None
    more: bool
    answer: Callable[[], Answer] | None
    rules: Rules
    without_keys: Clean

    def fields(self) -> Fields:
        fields: Fields = {
            "time": timestamp(self.time),
            "level": "info",
            "event": "content",
            "id": self.id,
            "provider": self.provider,
            "model": self.model,
        }
        cut = self.more
        if self.prompt is not None:
            shown, shortened = self._shown(self.prompt)
            fields["prompt"], cut = shown, cut or shortened
        if self.answer is not None:
            said, whole = self.answer()
            text = self._clean(said[: self.rules.limit + MARGIN])
            fields["answer"], cut = text[: self.rules.limit], cut or not whole or len(said) > self.rules.limit
        return fields | {"cut": True if cut else None}

    def _shown(self, prompt: tuple[Said, ...]) -> tuple[list[dict[str, str]], bool]:
        """The newest has precedence, the order is as it was."""
        shown: list[dict[str, str]] = []
        left, cut = self.rules.limit, False
        for role, text in reversed(prompt):
            text = self._clean(text)
            cut = cut or len(text) > left
            shown.insert(0, {"role": role, "content": text[:left]})
            left = max(left - len(text), 0)
        return shown, cut

    def _clean(self, text: str) -> str:
        """Keys go first: half of one would not be known."""
        bare = self.without_keys(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        return self.rules.scrubber.clean(bare)


def content_line(
    now: float, call: Call, answer: Callable[[], Answer] | None, rules: Rules, without_keys: Clean
) -> ContentLine:
    prompt, more = prompt_of(call.json, rules.limit) if rules.prompts else (None, False)
    provider = None if call.target is None else call.target.name
    return ContentLine(now, short(call.id), provider, short(call.model), prompt, more, answer, rules, without_keys)


def prompt_of(asked: Json, limit: int) -> tuple[tuple[Said, ...], bool]:
    """The last `limit` characters' worth of what is said, by whom; and whether there was more."""
    found: list[Said] = []
    left = limit
    for role, value in newest_first(asked):
        if left <= 0:
            return tuple(reversed(found)), True
        text = gathered(texts(value, 0), left + MARGIN)
        found.append((role, text))
        left -= len(text)
    return tuple(reversed(found)), left < 0


def newest_first(asked: Json) -> Iterator[tuple[str, Any]]:
    messages = asked.get("messages")
    if isinstance(messages, list):
        for message in reversed(messages):
            if isinstance(message, dict):
                role = message.get("role")
                yield (role[:LONGEST_ROLE] if isinstance(role, str) else "", message)
    for name in ASKED:
        if name in asked:
            yield (name, asked[name])


def gathered(pieces: Iterator[str], most: int) -> str:
    """At most so many characters, one piece a line."""
    held: list[str] = []
    for piece in pieces:
        held.append(piece[:most])
        most -= len(piece)
        if most <= 0 or len(held) >= MOST_PARTS:
            break
    return "\n".join(held)


def texts(value: Any, depth: int) -> Iterator[str]:
    """Of a message, or of what stands in its place; what is no text is named by its type."""
    if isinstance(value, str):
        yield value
    elif depth >= DEEPEST:
        return
    elif isinstance(value, list):
        for part in islice(value, MOST_PARTS):
            yield from texts(part, depth + 1)
    elif isinstance(value, dict):
        yield from of_message(value, depth)


def of_message(message: Json, depth: int) -> Iterator[str]:
    kind = message.get("type")
    if isinstance(text := message.get("text"), str):
        yield text
    elif isinstance(kind, str) and "content" not in message:
        yield f"[{kind[:LONGEST_ROLE]}]"
    yield from texts(message.get("content"), depth + 1)
    calls = message.get("tool_calls")
    for call in islice(calls, MOST_PARTS) if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield from (said for name in ("name", "arguments") if isinstance(said := function.get(name), str))
