"""The answer to a merged call: collected instead of sent, heard as a whole, and told to each caller in its own dialect.

Which calls were merged, and what of the answer is whose, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from proxy.call import Call, Client, Failure, Headers, Json, Source
from proxy.dialects import Speech
from proxy.receipt import PASSED, PASSED_PREFIXES, RENAMED, render_receipt
from proxy.relay import encode
from proxy.translate import DIALECTS, OPENAI, Plan, course_to
from proxy.upstream.answer import LARGEST
from proxy.upstream.body import name_answer

#: What the provider says of its answer goes on to everybody who gets a part of it.
OF_ANSWERS = PASSED | frozenset(RENAMED.values())


class Collected:
    """A Client whom nobody listens to before the end: it has never `started`, and what comes again comes instead."""

    def __init__(self) -> None:
        self.started = False
        self.status = 0
        self.headers: Headers = ()
        self._pieces: list[bytes] = []
        self._size = 0

    def follow(self, source: Source | None) -> None:
        """Memory takes as fast as the provider gives."""

    def start(self, status: int, headers: Headers) -> None:
        self.status, self.headers = status, headers
        self._pieces, self._size = [], 0

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LARGEST:
            self._pieces.clear()
            raise Failure("provider_error", f"the provider's reply is longer than {LARGEST} bytes")
        self._pieces.append(data)

    async def finish(self) -> None: ...

    def take(self) -> bytes:
        """The body, which is not kept any longer."""
        body, self._pieces = b"".join(self._pieces), []
        return body


class Telling:
    """Words of the policy. `time` is the clock of `Call.started`, `wall` tells seconds since the epoch."""

    def __init__(self, time: Callable[[], float], wall: Callable[[], float]) -> None:
        self._time = time
        self._wall = wall

    def client(self) -> Client:
        return Collected()

    def hear(self, merged: Call) -> Json:
        """The unified answer. Its usage is noted where nobody has, as with an answer too large to be looked at on its way."""
        speech = speech_of(merged)
        try:
            wire = orjson.loads(collected(merged).take())
        except orjson.JSONDecodeError:
            wire = None
        if not isinstance(wire, dict):
            raise Failure("provider_error", "the provider's reply is not a JSON object", provider_status=200)
        unified = speech.parse_reply(wire)
        if merged.usage is None:
            merged.usage = speech.parse_usage(wire)
        return unified

    async def answer(self, call: Call, unified: Json, merged: Call) -> None:
        """Failure("provider_error") for vectors that cannot be told in the caller's dialect."""
        client = collected(merged)
        rename(unified, call, merged)
        body = said(speech_of(call), unified, call)
        kept = self._kept(call, unified, body) if call.tape is not None else None
        head = [("content-type", "application/json"), ("content-length", str(len(body)))]
        call.client.start(client.status, [*head, *told(client.headers), *render_receipt(call, self._time())])
        if kept is not None and call.tape is not None:
            call.tape.whole(call, kept[0], int(self._wall()), kept[1], None)
        call.client.write(body)
        await call.client.finish()

    def _kept(self, call: Call, unified: Json, body: bytes) -> tuple[Plan, bytes] | None:
        """The part as the provider would have sent it, had this call been alone, and how it is told; None where nobody knows."""
        assert call.target is not None
        course = course_to(call.target.endpoint.provider, call.dialect, call.operation, call.stream)
        if course is None:
            return None
        path, ours, theirs, say, hear, anew = course
        if anew is None:
            assert OPENAI.embeddings is not None
            body = said(hear, OPENAI.embeddings.render_reply(unified, {}), call)
        words = Plan(b"", path, anew is not None, ours, theirs, say, hear, call.dropped, call.translated)
        return words, body


def collected(merged: Call) -> Collected:
    assert isinstance(merged.client, Collected)
    return merged.client


def speech_of(call: Call) -> Speech:
    speech = DIALECTS[call.dialect].operation(call.operation)
    assert speech is not None
    return speech


def said(speech: Speech, unified: Json, call: Call) -> bytes:
    return encode(speech.render_reply(unified, call.json), "provider_error", "the provider's reply")


def rename(unified: Json, call: Call, merged: Call) -> None:
    """What was named after the merged call is named after the caller's own, and where two dialects meet everything has a name."""
    if unified.get("id") == f"chatcmpl-{merged.id}":
        unified["id"] = ""
        name_answer(unified, call)
    elif call.dialect != merged.dialect:
        name_answer(unified, call)


def told(headers: Headers) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name in OF_ANSWERS or name.startswith(PASSED_PREFIXES)]
