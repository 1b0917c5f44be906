"""What a provider's wire is to the mock: where it is asked, what it refuses, and how it says an answer or an error.

One script is played on every wire. A file beside this one says each of them by hand, and none shares code with the dialects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, Protocol

from proxy.call import Json
from proxy.upstream.mock.answer import Answer

Operation = Literal["chat", "count", "embeddings", "models"]


class Events(NamedTuple):
    """A stream's bytes in three parts: what comes before the content, one piece for each content event, what comes after."""

    opening: list[bytes]
    content: Iterator[bytes]
    closing: list[bytes]


class Explain(Protocol):
    """An error's body: status, words, and the field at fault and the provider's code where they are known."""

    def __call__(self, status: int, text: str, param: str | None = None, code: str | None = None) -> Json: ...


class Wire(NamedTuple):
    """
    name:   as provider files call it.
    routes: (method, path) -> what is asked there.
    checks: operation -> from a decoded body to the request in the words of chat completions, which the rest of the mock
            reads; Failure("invalid_request") that names the field.
    whole:  (request, answer, id) -> the reply that is not streamed.
    events: (request, answer, id) -> the stream.
    error:  the body of an error.
    failed: the event of an error within a stream.
    broken: an event that is no JSON.
    models: the answer to a listing, from the names that are shown.
    id_header: the header that names a request.
    counted: the answer to who asks for a number of tokens; None where nobody can.
    """

    name: str
    routes: Mapping[tuple[bytes, bytes], Operation]
    checks: Mapping[Operation, Callable[[object], Json]]
    whole: Callable[[Json, Answer, str], Json]
    events: Callable[[Json, Answer, str], Events]
    error: Explain
    failed: bytes
    broken: bytes
    models: Callable[[list[str]], Json]
    id_header: str
    counted: Callable[[int], Json] | None = None


FAULT = "The mock was asked to fail."
#: Every answer is of this second (2025-01-01T00:00:00Z): the mock reads no clock.
CREATED = 1_735_689_600
#: What every error calls the request that it answers.
ERROR_ID = "req_mock"
