"""Who things are said to. One file each, data and at most two pure functions; this file finds them.

A provider file defines one `PROVIDER`. Its kind is its file's name. What is configured (a name, an address, a key) makes an
`Endpoint` of it; nothing here reads a configuration.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from typing import NamedTuple


class Way(NamedTuple):
    """In which dialect, and on which path below base_url."""

    dialect: str
    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """What is known of a provider before anyone configures it.

    base_url:  as the provider's official SDK takes it; None where the operator must give it.
    dialect:   the one it is spoken to in, unless the caller's own is among `also`.
    paths:     operation -> path below base_url, `{model}` for the model. `chat.stream` where a stream has a path of its own.
               `models` is the listing that costs nothing.
    also:      dialect -> the paths of another dialect that it speaks.
    key_env:   variables that may hold the key, the first one set wins.
    auth:      a name in signing.SIGNERS.
    headers:   sent with every request, lower case.
    passes:    headers of the caller that go on to the provider, lower case; they go before `headers`.
    models:    patterns (fnmatch) of bare model names that belong to it.
    refuses:   unified fields the provider answers with an error; they are dropped and named in the receipt.
    accepts:   extras of the unified form that the provider takes as they are.
    renames:   unified field -> the provider's spelling of it.
    implied:   whether it is on, once it has its key, where the configuration names no providers at all.
    stream_usage: whether a stream tells its usage when asked by `stream_options.include_usage`.
    docs:      the page that these facts come from.
    """

    dialect: str
    docs: str
    base_url: str | None = None
    paths: Mapping[str, str] = field(default_factory=lambda: OPENAI_PATHS)
    also: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    key_env: tuple[str, ...] = ()
    key_required: bool = True
    auth: str = "bearer"
    headers: Mapping[str, str] = field(default_factory=dict)
    passes: frozenset[str] = frozenset()
    models: tuple[str, ...] = ()
    refuses: frozenset[str] = frozenset()
    accepts: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)

    stream_usage: bool = False
    implied: bool = True

    def way(self, dialect: str, operation: str, stream: bool) -> Way | None:
        """How it is asked for an operation: in the caller's dialect if it speaks that, else in its own, else in any.

        None when it has no such operation.
        """
        for known in dict.fromkeys((dialect, self.dialect, *self.also)):
            paths = self.paths if known == self.dialect else self.also.get(known, {})
            if operation in paths:
                return Way(known, (paths.get(f"{operation}.stream") if stream else None) or paths[operation])
        return None

    def claims(self, model: str) -> bool:
        """Whether a bare model name is known to be this provider's."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)


OPENAI_PATHS: Mapping[str, str] = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "embeddings": "/embeddings",
    "models": "/models",
}
#: OpenAI's Responses API, for those who have it.
RESPONSES_PATHS: Mapping[str, str] = {"chat": "/responses", "count_tokens": "/responses/input_tokens"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider as configured: `name` is the operator's, `base_url` ends without a slash, `key` is never printed."""

    name: str
    kind: str
    provider: Provider
    base_url: str
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@cache
def all_providers() -> Mapping[str, Provider]:
    """Every provider kind there is a file for, by kind."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").PROVIDER for name in names}
