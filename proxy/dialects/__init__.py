"""How things are said. One folder each, the same files in each; this file knows only their common face.

Everything here is pure: no clock, no randomness, no input or output. A dialect speaks in both roles. As the *client's*
dialect it parses requests and renders replies; as the *target's* it renders requests and parses replies. What lies
between is the unified form: OpenAI chat requests, replies and chunks as plain dicts (docs/unified.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from proxy.call import Failure, Headers, Json, Usage
from proxy.dialects.said import text_in

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
    """A short cut for hearing the commonest event of a stream, one that is nothing but a piece of text.

    match: a piece of the wire -> the text, as it stands inside a JSON string, if the piece is one such event and no more;
           else None, and the piece must be fed like any other. A match counts as fed.
    chunk: a text -> the unified chunk that such an event would have made.
    """

    match: Callable[[bytes], bytes | None]
    chunk: Callable[[str], Json]


#: The same for saying it: a text, as it stands inside a JSON string, without escapes -> the client's bytes.
SayText = Callable[[bytes], bytes]


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

    text_lane: a chunk that is nothing but chunks.MARK as text -> how to say texts in its place, until something else is fed; None
               while the next one cannot be said like those after it. What it says counts as fed; the chunk does not.
    """

    def text_lane(self, chunk: Json) -> SayText | None: ...
    def feed(self, chunk: Json) -> bytes: ...
    def end(self) -> bytes: ...


class Rendering(NamedTuple):
    """A wire request. `dropped` names what could not be said, `translated` what is said in a way that the caller may want to
    know of: a schema by a forced tool, a limit that was cut. Dotted names of unified fields, each once.
    """

    wire: Json
    dropped: list[str]
    translated: Sequence[str] = ()


#: How a dialect takes a field of the unified form. `native`: same name, same meaning. `translated`: said otherwise. `ours`: for
#: the proxy alone. A field that a dialect's table leaves out is not expressible: it is dropped and named, or refused.
Support = Literal["native", "translated", "ours"]
Framing = Literal["sse", "ndjson", "eventstream", "json_array"]


class Speech(Protocol):
    """How one operation is asked for and answered: a Dialect's own words for a chat, an Operation's for anything else."""

    @property
    def render_request(self) -> Callable[[Json, str], Rendering]: ...
    @property
    def parse_reply(self) -> Callable[[Json], Json]: ...
    @property
    def parse_usage(self) -> Callable[[Json], Usage | None]: ...
    @property
    def parse_request(self) -> Callable[[Json], Json]: ...
    @property
    def render_reply(self) -> Callable[[Json, Json], Json]: ...


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked for besides a chat, and is answered by one JSON object. The same words as a Dialect's own."""

    render_request: Callable[[Json, str], Rendering]
    parse_reply: Callable[[Json], Json]
    parse_usage: Callable[[Json], Usage | None]
    parse_request: Callable[[Json], Json]
    render_reply: Callable[[Json, Json], Json]


def no_headers(failure: Failure) -> Headers:
    return ()


def unsure(wire: Json) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect's functions, by role. A chat's are here, those of other operations in fields of their names.

    As the target's:
    render_request: (unified request, model) -> Rendering; changes no argument. Failure("invalid_request") names a unified field
                    that is wrong, Failure("unsupported_capability") one that can neither be said nor left out.
    parse_reply:    wire reply -> unified reply. Raises Failure when the reply breaks the protocol or is an error.
    parse_usage:    wire reply, or any stream payload as a dict -> Usage or None when it reports none.
    gather_usage:   the payloads of one answer that mention usage, in order -> Usage of the whole; never added up.
    parse_error:    (status, lower-case headers, body) -> Failure of the right kind, in the provider's words, with Retry-After.
    read_event:     one event of a stream -> Sign; raises Failure for an error event. For the opening, and a relay's end.
    parser:         makes the parser of one stream.
    is_answer:      wire reply -> whether it is one beyond doubt, by a glance: a relay need not read the rest. False: read it.
    answers_in:     the dialect whose replies and streams its own are, to the byte: a client of that gets them as they come.
    envelope:       a JSON text `"name":value` that stands in its requests where those of `answers_in` have their `model`, while
                    all else is the same; b"" where they differ in more.
    needs_bytes:    kinds of parts ("image", "file", "audio") whose content it takes by value only, never by a web address.

    As the client's:
    parse_request:  wire request -> unified request. Raises Failure("invalid_request") that names the wire field.
    render_reply:   (unified reply, unified request) -> wire reply.
    renderer:       (unified request, seconds since the epoch) -> the renderer of one stream.
    render_error:   Failure -> JSON body of an error answer (`Failure.status` is its HTTP status); `error_headers` go with it.
    render_error_event: Failure -> bytes of the in-band error event that ends a broken stream.

    versions:       the header that says which version of it is spoken, and those that are known.
    model_in_path:  the wire request holds neither `model` nor `stream`: both are said by the path.
    own:            request fields of its own that no other dialect knows. They stand in a unified request under their own names;
                    no other dialect's render_request is shown them.
    stateful:       of these, what refers to something that lies with the provider: another dialect refuses it, for leaving it out
                    would ask another question.
    usage_mark:     bytes that every stream payload has which reports usage.
    text_in:        wire reply, or any stream payload as a dict -> what the model said in it, to estimate from where none is told.
    support:        what it can say of the unified form (capabilities.py names the rows).
    """

    name: str
    framing: Framing
    render_request: Callable[[Json, str], Rendering]
    parse_reply: Callable[[Json], Json]
    parse_usage: Callable[[Json], Usage | None]
    gather_usage: Callable[[Sequence[Json]], Usage | None]
    parse_error: Callable[[int, Mapping[str, str], bytes], Failure]
    read_event: Callable[[Event], Sign]
    parser: Callable[[], StreamParser]
    parse_request: Callable[[Json], Json]
    render_reply: Callable[[Json, Json], Json]
    renderer: Callable[[Json, int], StreamRenderer]
    render_error: Callable[[Failure], Json]
    render_error_event: Callable[[Failure], bytes]
    support: Mapping[str, Support]
    own: frozenset[str] = frozenset()
    stateful: frozenset[str] = frozenset()
    usage_mark: bytes = b"usage"
    text_in: Callable[[Json], str] = text_in
    is_answer: Callable[[Json], bool] = unsure
    needs_bytes: frozenset[str] = frozenset()
    answers_in: str = ""
    envelope: bytes = b""
    model_in_path: bool = False
    versions: tuple[str, frozenset[str]] | None = None
    error_headers: Callable[[Failure], Headers] = no_headers
    embeddings: Operation | None = None
    count_tokens: Operation | None = None
    completions: Operation | None = None
    rerank: Operation | None = None

    def operation(self, name: str) -> Speech | None:
        """Its words for an operation; None when it has none."""
        found: Speech | None = self if name == "chat" else getattr(self, name, None)
        return found
