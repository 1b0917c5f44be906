"""How things are said. One folder each, the same files in each; this file knows only their common face.

Everything here is pure: no clock, no randomness, no input or output. A dialect speaks in both roles. As the *client's*
dialect it parses requests and renders replies; as the *target's* it renders requests and parses replies. What lies
between is the unified form: OpenAI chat requests, replies and chunks as plain dicts (docs/unified.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from proxy.call import Failure, Json, Usage

#: What one event of a stream says about the attempt. `wait`: nothing yet. `spoken`: the model has begun, reasoning and
#: tool calls count. `end`: the model has finished, or the stream says that it is complete.
Sign = Literal["wait", "spoken", "end"]


class Event(Protocol):
    """One framed payload: `name` is the SSE event field or its like ("" if none), `data` the payload."""

    @property
    def name(self) -> str: ...
    @property
    def data(self) -> bytes: ...


class TextLane(NamedTuple):
    """A short cut for the commonest event of a stream, one that is nothing but a piece of text.

    match: a piece of the wire -> the text, as it stands inside a JSON string, if the piece is one such event and no more;
           else None, and the piece must be fed like any other. A match counts as fed.
    chunk: a text -> the unified chunk that such an event would have made.
    """

    match: Callable[[bytes], bytes | None]
    chunk: Callable[[str], Json]


class StreamParser(Protocol):
    """Target's stream events in, unified chunks out.

    `feed` raises Failure for an error event or an event that breaks the protocol. `end` is called when the connection ended
    cleanly; it raises Failure("provider_stream_cut") unless the dialect's own ending was seen. `usage` grows as events report it.
    """

    usage: Usage | None

    @property
    def text_lane(self) -> TextLane | None: ...
    def feed(self, event: Event) -> list[Json]: ...
    def end(self) -> list[Json]: ...


class StreamRenderer(Protocol):
    """Unified chunks in, client's stream bytes out. `end` closes a stream that ended well; never called otherwise.

    `stateless`: a chunk of text is said the same way wherever it comes, so that only the text need be put in.
    """

    @property
    def stateless(self) -> bool: ...

    def feed(self, chunk: Json) -> bytes: ...
    def end(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect's functions, by role.

    render_request: (unified request, model) -> (wire request, names of fields that could not be said); changes no argument.
    parse_reply:    wire reply -> unified reply. Raises Failure when the reply breaks the protocol or is an error.
    parse_usage:    wire reply, or any stream payload as a dict -> Usage or None when it reports none.
    gather_usage:   the payloads of one answer that mention usage, in order -> Usage of the whole; never added up.
    parse_error:    (status, lower-case headers, body) -> Failure of the right kind, in the provider's words, with Retry-After.
    read_event:     one event of a stream -> Sign; raises Failure for an error event. For the opening, and a relay's end.
    parse_request:  wire request -> unified request. Raises Failure("invalid_request") that names the field.
    render_reply:   unified reply -> wire reply.
    render_error:   Failure -> JSON body of an error answer (`Failure.status` is its HTTP status).
    render_error_event: Failure -> bytes of the in-band error event that ends a broken stream.
    """

    name: str
    framing: Literal["sse", "ndjson", "eventstream"]
    render_request: Callable[[Json, str], tuple[Json, list[str]]]
    parse_reply: Callable[[Json], Json]
    parse_usage: Callable[[Json], Usage | None]
    gather_usage: Callable[[Sequence[Json]], Usage | None]
    parse_error: Callable[[int, Mapping[str, str], bytes], Failure]
    read_event: Callable[[Event], Sign]
    parser: Callable[[], StreamParser]
    parse_request: Callable[[Json], Json]
    render_reply: Callable[[Json], Json]
    renderer: Callable[[Json], StreamRenderer]
    render_error: Callable[[Failure], Json]
    render_error_event: Callable[[Failure], bytes]
