"""What every driver is, and how an application of its SDK is configured: by the variables that the SDK's documentation names."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tests.sdk.scenes import Question, Said

KEY = "sk-app-own-key"

Hear = Callable[[str], object]


class Driver(Protocol):
    """An application on one SDK.

    name:     the dialect it speaks.
    raises:   the provider's status -> the name of the exception; a refused key is the operator's fault, not the application's.
    breaks:   the name of the exception when the provider says that a stream broke.
    errors:   all that an application must expect.
    hear:     is told each piece of a stream's text as it comes.
    samples:  its SDK lets an application set a temperature.
    by_order: its SDK has no ids for calls; results follow the order of their calls.
    """

    name: str
    raises: Mapping[int, str]
    breaks: str
    errors: tuple[type[Exception], ...]
    hear: Hear
    samples: bool
    by_order: bool

    def __init__(self, url: str, environment: Environment) -> None: ...
    def ask(self, model: str, question: Question, streamed: bool) -> Said: ...
    def status(self, error: Any) -> int | None: ...
    def retry_after(self, error: Any) -> str | None: ...
    def close(self) -> None: ...


class Environment(Protocol):
    def setenv(self, name: str, value: str) -> None: ...


def finish_of(table: Mapping[str, str], native: Any) -> str:
    return table.get(str(native), str(native))


def data_url(image: bytes) -> str:
    return f"data:image/png;base64,{b64encode(image).decode()}"
