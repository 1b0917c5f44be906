"""What happens to a streamed answer between provider and client: a relay passes it on, a translation says it anew.

No input or output here.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from proxy.call import Call, Failure, Json, Target, Usage
from proxy.dialects import Dialect, SayText, TextLane
from proxy.dialects.chunks import MARK
from proxy.translate import Plan
from proxy.upstream.guess import BYTES_PER_TOKEN, fill_begun, length_of
from proxy.upstream.meter import Meter
from proxy.wire.events import Event, FrameError
from proxy.wire.framing import FRAMINGS

#: What was used of a target -> dollars; None where the price is not known.
Price = Callable[[Target, Usage], Decimal | None]
#: The largest event of a stream.
LARGEST = 16 << 20


def pay(call: Call, price: Price | None) -> None:
    """What the call's usage has cost. The usage of a call whose price is not known costs nobody knows what."""
    if call.usage is not None and call.target is not None:
        call.cost = None if price is None else price(call.target, call.usage)


class Relay:
    """Bytes in, the same bytes out."""

    __slots__ = ("_meter",)

    def __init__(self, theirs: Dialect) -> None:
        self._meter = Meter(theirs)

    def feed(self, data: bytes) -> bytes:
        self._meter.note(data)
        return data

    def sink(self, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """What the connection pumps into, once the client has started."""
        self._meter.write = write
        return self._meter.pass_on

    def end(self) -> bytes:
        self._meter.verdict()
        return b""

    def over(self) -> bool:
        """Whether the model has ended, and the client been told."""
        return is_over(self.end)

    def usage(self, call: Call) -> Usage | None:
        """What was told, and an estimate of what was not, once the answer has begun."""
        return self._meter.usage(call)

    def midway(self) -> bool:
        """Whether what was passed on ends in the middle of an event."""
        return self._meter.midway()


class Translation:
    """The target's events in, the client's events out, through the hub."""

    __slots__ = ("_call", "_framing", "_heard", "_parser", "_price", "_reader", "_renderer")

    def __init__(self, plan: Plan, call: Call, created: int, price: Price | None = None) -> None:
        """`price` is asked for the cost that goes with a report of usage."""
        self._call = call
        self._price = price
        self._heard = 0  # bytes of what the model has said
        self._framing = FRAMINGS[plan.theirs.framing]
        self._reader = self._framing.reader(LARGEST)
        self._parser = plan.theirs.parser()
        self._renderer = plan.ours.renderer(call.json, created)

    def feed(self, data: bytes) -> bytes:
        held: list[bytes] = []
        self.sink(held.append)(data)
        return b"".join(held)

    def sink(self, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """What the connection pumps into: at most one write for each piece."""
        reader, say, lane = self._reader, self._say, self._parser.text_lane
        say_text: SayText | None = None

        def translate(data: bytes) -> None:
            nonlocal say_text
            if lane is None or reader.pending or (text := lane.match(data)) is None:
                say_text = None
                say(data, write)
                return
            self._heard += len(text)
            if say_text is not None or (say_text := self._renderer.text_lane(self._chunk(lane, MARK))) is not None:
                write(say_text(text))
            else:
                write(self._renderer.feed(self._chunk(lane, text.decode())))

        return translate

    def _chunk(self, lane: TextLane, text: str) -> Json:
        chunk = lane.chunk(text)
        name_answer(chunk, self._call)
        return chunk

    def _say(self, data: bytes, write: Callable[[bytes], None]) -> None:
        said: list[bytes] = []
        try:
            for event in self._reader.feed(data):
                for chunk in self._parser.feed(event):
                    if not chunk.get("id") or not chunk.get("model"):
                        name_answer(chunk, self._call)
                    self._heard += length_of(chunk)
                    if chunk.get("usage"):
                        self._tell_cost(chunk["usage"])
                    said.append(self._renderer.feed(chunk))
        except FrameError as error:
            raise Failure("provider_error", f"the provider sent {error}") from None
        finally:
            # An error event does not take back what was said before it.
            if said:
                write(b"".join(said))

    def _tell_cost(self, told: Json) -> None:
        """Beside the counts, as OpenRouter has it: https://openrouter.ai/docs/use-cases/usage-accounting."""
        usage, target = self._parser.usage, self._call.target
        cost = (
            self._price(target, usage) if self._price is not None and usage is not None and target is not None else None
        )
        if cost is not None:
            told["cost"] = float(cost)

    def end(self) -> bytes:
        rest = self._reader.end()
        last = self._framing.last_may_be_open and rest.strip()
        chunks = [*(self._parser.feed(Event("", rest)) if last else ()), *self._parser.end()]
        for chunk in chunks:
            name_answer(chunk, self._call)
        return b"".join(map(self._renderer.feed, chunks)) + self._renderer.end()

    def over(self) -> bool:
        """The same."""
        return is_over(self._parser.end)

    def usage(self, call: Call) -> Usage | None:
        """The same."""
        return fill_begun(call, self._parser.usage, self._said)

    def _said(self) -> int:
        return -(-self._heard // BYTES_PER_TOKEN)

    def midway(self) -> bool:
        """Never: only whole events are said."""
        return False


def is_over(end: Callable[[], object]) -> bool:
    """Whether that it ends is no failure, and leaves nothing to say."""
    try:
        return not end()
    except Failure:
        return False


def name_answer(answer: Json, call: Call) -> None:
    """Some dialects' answers, whole or chunk by chunk, say neither which answer they are nor of which model."""
    answer["id"] = answer.get("id") or f"chatcmpl-{call.id}"
    answer["model"] = answer.get("model") or call.model
