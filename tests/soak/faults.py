"""What a provider of the soak does to a request instead of answering it well, or in a way that is well though unusual.

Each act ends the connection or leaves it usable. Which one is played when is the weather's affair.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from itertools import accumulate
from random import Random

import orjson

from tests.promises.dialects.wire import Wire
from tests.promises.upstream import Link
from tests.soak.speech import RELAYED, errors_midway, shares
from tests.soak.words import Question, pieces

LAST = b"0\r\n\r\n"
#: Parts that a slow answer comes in, and seconds between two.
DRIPS, DRIP = 30, 0.01


@dataclass
class Turn:
    """One request that is to be answered. `stream`: whether it asks for one; `dice` are the provider's.

    idle: whether the connection has brought no other request since; asked by who is about to end it.
    """

    link: Link
    wire: Wire
    question: Question
    provider: str
    stream: bool
    dice: Random
    idle: Callable[[], bool]

    @property
    def body(self) -> list[bytes]:
        """What a good answer says, event by event; a whole one in one piece."""
        words = pieces(self.provider, self.question)
        return self.wire.stream(words).events if self.stream else [orjson.dumps(self.wire.reply("".join(words)))]

    @property
    def answer(self) -> list[bytes]:
        """The same on the wire, with its head."""
        if self.stream:
            kind, coding = self.wire.content_type, "transfer-encoding: chunked"
            return [head(200, kind, coding), *map(chunked, self.body), LAST]
        (body,) = self.body
        return [head(200, "application/json", f"content-length: {len(body)}"), body]

    def send(self, *data: bytes) -> None:
        """Nothing where nobody is there any more."""
        if not self.link.transport.is_closing():
            self.link.send(b"".join(data))

    def reset(self) -> None:
        if self.link.transport.is_closing():
            return
        sock: socket.socket = self.link.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.link.transport.abort()

    async def begin(self) -> None:
        """A part of the answer: its head, some of its body, and a moment in which that is read."""
        answer = self.answer
        if self.stream:
            self.send(*answer[: self.dice.randrange(1, len(answer))])
        else:
            self.send(answer[0], answer[1][: self.dice.randrange(len(answer[1]))])
        await asyncio.sleep(0.01)


Act = Callable[[Turn], Awaitable[None]]


def head(status: int, kind: str, *lines: str) -> bytes:
    more = "".join(f"{line}\r\n" for line in lines if line)
    return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{more}\r\n".encode()


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def refusal(status: int, *lines: str) -> bytes:
    body = orjson.dumps({"error": {"message": f"a fault on purpose: {status}", "type": "server_error", "code": None}})
    return head(status, "application/json", f"content-length: {len(body)}", *lines) + body


# ---- good answers


async def well(turn: Turn) -> None:
    turn.send(*turn.answer)


async def word_by_word(turn: Turn) -> None:
    answer = turn.answer
    for piece in answer[:DRIPS]:
        turn.send(piece)
        await asyncio.sleep(0.002)
    turn.send(*answer[DRIPS:])


async def slowly(turn: Turn) -> None:
    """In parts that end anywhere, in the middle of a character too."""
    for part in shares(turn.answer, DRIPS):
        turn.send(part)
        await asyncio.sleep(DRIP)


async def and_hang_up(turn: Turn) -> None:
    """A good answer, and when that is read the idle connection is reset, perhaps while the next request is on its way."""
    turn.send(*turn.answer)
    await asyncio.sleep(0.02 + turn.dice.random() * 0.05)
    if turn.idle():
        turn.reset()


async def after_interim_answers(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n" * 3, *turn.answer)


GOOD: Sequence[Act] = (well, well, well, word_by_word, slowly, and_hang_up, after_interim_answers)


# ---- refusals

#: The same short wait in every spelling that providers have.
WAITS: Sequence[Callable[[], str]] = (
    lambda: "retry-after: 0",
    lambda: "retry-after: 0.05",
    lambda: "retry-after-ms: 40",
    lambda: f"retry-after: {formatdate(usegmt=True)}",
    lambda: "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 50ms",
    lambda: "",
)


async def refused(turn: Turn) -> None:
    turn.send(refusal(turn.dice.choice((500, 502, 503, 504, 529))))


async def limited(turn: Turn) -> None:
    turn.send(refusal(429, turn.dice.choice(WAITS)()))


async def failing_in_a_200(turn: Turn) -> None:
    """Before the first word, or after some; whole replies cannot."""
    if not turn.stream or turn.wire is RELAYED:
        await refused(turn)
        return
    said = turn.wire.stream(pieces(turn.provider, turn.question))
    words = said.words[: turn.dice.randrange(4)]
    events = [*(said.opening if words else ()), *words, turn.dice.choice(errors_midway(turn.wire))]
    turn.send(head(200, turn.wire.content_type, "transfer-encoding: chunked"), *map(chunked, events), LAST)


# ---- ends that are none


async def hanging_up(turn: Turn) -> None:
    turn.link.cut()


async def resetting(turn: Turn) -> None:
    turn.reset()


async def cut_midway(turn: Turn) -> None:
    await turn.begin()
    turn.link.cut()


async def reset_midway(turn: Turn) -> None:
    await turn.begin()
    turn.reset()


async def too_short(turn: Turn) -> None:
    """Ended as HTTP has it, with something missing: a stream without its end, a body that is no JSON."""
    if turn.wire is RELAYED:  # nobody but the application can tell
        await cut_midway(turn)
    elif turn.stream:
        said = turn.wire.stream(pieces(turn.provider, turn.question))
        events = [*said.opening, *said.words[:3]]
        turn.send(head(200, turn.wire.content_type, "transfer-encoding: chunked"), *map(chunked, events), LAST)
    else:
        body = turn.body[0][:-7]
        turn.send(head(200, "application/json", f"content-length: {len(body)}"), body)


async def garbage(turn: Turn) -> None:
    turn.send(b"\x00\xffnot HTTP at all\r\n\r\n")
    turn.link.cut()


# ---- silence


async def stalling(turn: Turn) -> None:
    """Until the sidecar has had enough of it."""
    await turn.link.gone.wait()


async def stalling_midway(turn: Turn) -> None:
    await turn.begin()
    await turn.link.gone.wait()


ACTS: Mapping[str, Sequence[Act]] = {
    "refusals": (refused, refused, failing_in_a_200),
    "limits": (limited,),
    "cuts": (hanging_up, cut_midway, too_short, garbage),
    "resets": (resetting, reset_midway),
    "silence": (stalling, stalling_midway),
}


def bound_to(turn: Turn, release: asyncio.Event) -> Awaitable[None]:
    """A good answer of which the second half is kept back until `release`, or for ever."""

    async def hold() -> None:
        answer = turn.answer
        middle = list(accumulate(map(len, answer)))[len(answer) // 2] if turn.stream else len(answer[0])
        whole = b"".join(answer)
        turn.send(whole[:middle])
        await (release.wait() if turn.question.hold == "until" else turn.link.gone.wait())
        if not turn.link.gone.is_set():
            turn.send(whole[middle:])

    return hold()
