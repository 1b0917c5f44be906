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


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """What is known of a provider before anyone configures it.

    base_url:  as the provider's official SDK takes it; None where the operator must give it.
    paths:     operation -> path below base_url. `models` is the listing that costs nothing.
    key_env:   variables that may hold the key, the first one set wins.
    auth:      a name in signing.SIGNERS.
    headers:   sent with every request.
    passes:    headers of the caller that go on to the provider, lower case.
    models:    patterns (fnmatch) of bare model names that belong to it.
    refuses:   unified fields the provider answers with an error; they are dropped and named in the receipt.
    accepts:   extras of the unified form that the provider takes as they are.
    renames:   unified field -> the provider's spelling of it.
    docs:      the page that these facts come from.
    """

    dialect: str
    docs: str
    base_url: str | None = None
    paths: Mapping[str, str] = field(default_factory=lambda: OPENAI_PATHS)
    key_env: tuple[str, ...] = ()
    key_required: bool = True
    auth: str = "bearer"
    headers: Mapping[str, str] = field(default_factory=dict)
    passes: frozenset[str] = frozenset()
    models: tuple[str, ...] = ()
    refuses: frozenset[str] = frozenset()
    accepts: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)

    def claims(self, model: str) -> bool:
        """Whether a bare model name is known to be this provider's."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)


OPENAI_PATHS: Mapping[str, str] = {"chat": "/chat/completions", "models": "/models"}


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
