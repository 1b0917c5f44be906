"""What is asked and what is answered: both carry a checksum and the name of the call, so that nothing is lost or mixed up unseen.

It knows no dialect: the words stand in one text, whatever it is wrapped in.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from itertools import cycle, islice
from typing import NamedTuple

VOCABULARY = ("wave", "wörld", "drift 🌍", "tide", "日本語", "ebb", "flow", "naïve", "salt", "reef")
PLAIN = ("keel", "mast", "sail", "helm", "rope", "deck")
QUESTION = re.compile(rb"<(?P<call>[0-9a-z-]+) (?P<size>\d+) (?P<hold>\w+) (?P<rest>[a-z ]*)#(?P<sum>[0-9a-f]{16})>")


class Question(NamedTuple):
    """A call's name, how many words it wants, and whether the end is kept back: `never`, `until` told, or `ever`."""

    call: str
    size: int = 8
    hold: str = "never"


def digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def ask(question: Question, length: int) -> str:
    """The question as text, made longer by `length` words. In JSON it stands as it is."""
    rest = " ".join(islice(cycle(PLAIN), length))
    said = f"{question.call} {question.size} {question.hold} {rest}"
    return f"<{said}#{digest(said)}>"


def asked_in(body: bytes) -> Question | None:
    """The question in a request's body; None where it did not arrive as it was asked."""
    found = QUESTION.search(body)
    if found is None:
        return None
    said = f"{found['call'].decode()} {found['size'].decode()} {found['hold'].decode()} {found['rest'].decode()}"
    if digest(said) != found["sum"].decode():
        return None
    return Question(found["call"].decode(), int(found["size"]), found["hold"].decode())


def pieces(provider: str, question: Question) -> list[str]:
    """What this provider answers, in words; the last one is the checksum of all before it."""
    first = int(digest(question.call), 16) % len(VOCABULARY)
    said = [f"{provider} {question.call}"]
    said += [f" {word}" for word in islice(cycle(VOCABULARY), first, first + question.size)]
    return [*said, f" #{digest(''.join(said))}"]


def seal(provider: str, question: Question) -> str:
    return "".join(pieces(provider, question))


def is_whole(text: str) -> bool:
    """Whether the checksum at its end is that of the rest."""
    said, _, checksum = text.rpartition(" #")
    return bool(said) and checksum == digest(said)
