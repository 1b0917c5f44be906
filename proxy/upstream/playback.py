"""A recorded answer, told again: in any caller's dialect, whole or as a stream, by the functions that told it the first time.

Who may hear it is not decided here. A caller of the same dialect gets the provider's bytes, any other a translation of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import orjson

from proxy.cache.key import REPEATED
from proxy.cache.recording import Recording
from proxy.call import Call, Failure
from proxy.dialects import Dialect
from proxy.dialects.by_name import BY_NAME
from proxy.providers import all_providers
from proxy.receipt import render_receipt, render_trailer
from proxy.relay import encode, lacks_usage
from proxy.translate import Course, Plan, Rules, course_to
from proxy.upstream.answer import STREAM_HEADERS
from proxy.upstream.body import LARGEST, Translation, name_answer
from proxy.upstream.meter import Meter
from proxy.upstream.withhold import WithholdingRelay
from proxy.wire.events import Event, FrameError
from proxy.wire.framing import FRAMINGS

#: How a model ends that has said all it had to say. Cut for length and filtered answers are none.
ENDED = frozenset({"stop", "tool_calls", "function_call"})
#: Dialect -> fields that do not tell calls apart, but are repeated to the caller.
REPEATING: Mapping[str, frozenset[str]] = {"responses": REPEATED}
JSON_TYPE = ("content-type", "application/json")


class Voice(Protocol):
    """Pieces of the provider's stream in, the caller's out; `end` once it has ended well."""

    def feed(self, data: bytes) -> bytes: ...
    def sink(self, write: Callable[[bytes], None]) -> Callable[[bytes], None]: ...
    def end(self) -> bytes: ...


class Same:
    """A Voice for a caller of the provider's own dialect."""

    def feed(self, data: bytes) -> bytes:
        return data

    def sink(self, write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        return write

    def end(self) -> bytes:
        return b""


class Playback:
    """`rules` are those of calls whose targets have none of their own; `time` is the clock of `Call.started`."""

    def __init__(self, rules: Rules, time: Callable[[], float]) -> None:
        self._rules = rules
        self._time = time

    def can_tell(self, call: Call, recording: Recording) -> bool:
        """Whether it is an answer to such a call; and the call's target is then the one that gave it."""
        course = course_of(call, recording)
        if course is None or course.theirs.name != recording.dialect or recording.stream != call.stream:
            return False
        target = next((t for t in call.targets if (t.name, t.model) == (recording.provider, recording.model)), None)
        if target is None:
            return False
        call.target, call.dropped, call.translated = target, recording.dropped, recording.translated
        return True

    def tell_whole(self, call: Call, recording: Recording) -> None:
        """Start the client and write all of it. Failure where the answer cannot be said so."""
        body = self.body(call, recording)
        call.client.start(200, [JSON_TYPE, ("content-length", str(len(body))), *render_receipt(call, self._time())])
        call.client.write(body)

    def body(self, call: Call, recording: Recording) -> bytes:
        course = course_of(call, recording)
        assert course is not None
        if course.anew is not None:
            return recording.body
        unified = course.hear.parse_reply(orjson.loads(recording.body))
        unified["created"] = unified.get("created") or recording.created
        name_answer(unified, as_first(call, recording))
        return encode(course.say.render_reply(unified, call.json), "provider_error", "the provider's reply")

    def start(self, call: Call, recording: Recording) -> None:
        """Start the client of a stream."""
        course = course_of(call, recording)
        assert course is not None
        call.ttft = self._time() - call.started
        call.client.start(200, [*STREAM_HEADERS[course.ours.framing], *render_receipt(call, self._time())])
        if call.trailers is not None:
            call.trailers(render_trailer(call))

    def voice(self, call: Call, recording: Recording) -> Voice:
        course = course_of(call, recording)
        assert course is not None
        assert call.target is not None
        relay = course.anew is not None
        rules = call.target.rules or self._rules
        withheld = relay and rules.ask_usage and lacks_usage(call, call.target.endpoint.provider)
        if relay:
            return WithholdingRelay(course.theirs) if withheld else Same()
        words = Plan(b"", course.path, relay, course.ours, course.theirs, course.say, course.hear)
        return Translation(words, as_first(call, recording), recording.created)

    def voice_key(self, call: Call) -> tuple[object, ...]:
        """Callers with the same one hear the same bytes."""
        asked = call.json
        own = [str(asked.get(name)) for name in REPEATING.get(call.dialect, ())]
        return call.dialect, call.model, str(asked.get("stream_options")), *own

    def end_of(self, call: Call, recording: Recording, said: Sequence[bytes] | None) -> tuple[bool, bool]:
        """Of a stream that broke off: whether the caller has heard half an event, and whether it was told of the failure.

        `said`: what the provider has said until then, None where nobody knows.
        """
        course = course_of(call, recording)
        assert course is not None
        if course.anew is None:
            return False, False
        if said is None:
            return True, False
        meter = Meter(course.theirs)
        for piece in said:
            meter.note(piece)
        if meter.midway():
            return True, False
        try:
            meter.verdict()
        except Failure as failure:
            return False, failure.told
        return False, False

    def is_whole(self, recording: Recording) -> bool:
        """Whether the model has said all it had to say: nothing is missing, cut or filtered. It reads all of the answer."""
        dialect = BY_NAME[recording.dialect]
        if recording.stream:
            return streamed_whole(dialect, recording.pieces)
        if recording.operation not in SPOKEN:
            return True
        reply = orjson.loads(recording.body) if recording.reply is None else recording.reply
        if dialect.name == "openai" and dialect.is_answer(reply):
            return has_ended(reply["choices"])
        speech = dialect.operation(recording.operation)
        assert speech is not None
        try:
            return has_ended(speech.parse_reply(reply).get("choices") or ())
        except Failure:
            return False


#: Operations whose answers say how they ended.
SPOKEN = frozenset({"chat", "completions"})


def course_of(call: Call, recording: Recording) -> Course | None:
    provider = all_providers().get(recording.kind)
    return None if provider is None else course_to(provider, call.dialect, call.operation, call.stream)


def as_first(call: Call, recording: Recording) -> Call:
    """What has no name of its own is named after the call that it first answered."""
    return replace(call, id=recording.id)


def has_ended(choices: Sequence[Any]) -> bool:
    for choice in choices:
        if reason_of(choice) not in ENDED:
            return False
    return len(choices) > 0


def reason_of(choice: Any) -> str | None:
    """Why the model ended, where that is said in a word."""
    reason = choice.get("finish_reason") if type(choice) is dict else None
    return reason if type(reason) is str else None


def streamed_whole(dialect: Dialect, pieces: Iterable[bytes]) -> bool:
    reader, parser = FRAMINGS[dialect.framing].reader(LARGEST), dialect.parser()
    ends: dict[int, str | None] = {}
    try:
        chunks = [chunk for piece in pieces for event in reader.feed(piece) for chunk in parser.feed(event)]
        rest = reader.end()
        if FRAMINGS[dialect.framing].last_may_be_open and rest.strip():
            chunks += parser.feed(Event("", rest))
        chunks += parser.end()
    except (Failure, FrameError):
        return False
    for chunk in chunks:
        for choice in chunk.get("choices") or ():
            index = choice.get("index", 0) if type(choice) is dict else None
            if type(index) is not int:
                return False
            ends[index] = reason_of(choice) or ends.get(index)
    return bool(ends) and all(reason in ENDED for reason in ends.values())
