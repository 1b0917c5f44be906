"""Who things are said to. One file each, data and at most two pure functions; this file finds them.

A provider file defines one `PROVIDER`. Its kind is its file's name. What is configured (a name, an address, a key) makes an
`Endpoint` of it; nothing here reads a configuration.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from proxy.call import Failure, Json
from proxy.dialects.jobs import Job


class Way(NamedTuple):
    """In which dialect, and on which path below base_url."""

    dialect: str
    path: str


class Option(NamedTuple):
    """`env`: variables that may hold it, the first one set wins. `default` is None where the operator must say it."""

    env: tuple[str, ...] = ()
    default: str | None = None


#: What a provider may offer. The words are those of `GET /v1/models` and of configuration.
CAPABILITIES = (
    *(
        "chat",
        "stream",
        "tools",
        "parallel_tools",
        "structured_output",
        "vision",
        "documents",
        "audio_input",
        "reasoning",
    ),
    *("caching", "completions", "embeddings", "rerank", "images", "transcriptions", "speech", "moderations"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """What is known of a provider before anyone configures it.

    title:     how it is called among people.
    base_url:  as the provider's official SDK takes it; None where the operator must give it. It and the paths may hold `{name}`
               of an option, and paths `{model}`.
    options:   what the operator may have to fill in, by name: where it is looked for, and what stands where nothing does.
    dialect:   the one it is spoken to in, unless the caller's own is among `also`.
    paths:     operation -> path below base_url, `{model}` for the model. `chat.stream` where a stream has a path of its own.
               `models` is the listing that costs nothing.
    also:      dialect -> the paths of another dialect that it speaks.
    key_env:   variables that may hold the key, the first one set wins.
    auth:      a name in signing.SIGNERS: how a key of the operator's signs.
    cloud:     whose credentials sign where there is no key: "aws", "google", "azure", or "" for nobody's.
    headers:   sent with every request, lower case.
    passes:    headers of the caller that go on to the provider, lower case; they go before `headers`.
    models:    patterns (fnmatch) of bare model names that belong to it.
    refuses:   unified fields the provider answers with an error; they are dropped and named in the receipt. `messages.name` is
               one of every message.
    fixed:     unified field -> the one value it takes besides absence; any other is named as one that cannot be said.
    clamps:    unified field -> the least and the most it takes; a number beyond is cut to that, and named as translated.
    accepts:   extras of the unified form that the provider takes as they are.
    renames:   unified field -> the provider's spelling of it.
    amends:    unified field -> what puts it into the wire request as this provider has it, where its dialect has it otherwise;
               False says that this value cannot be put there.
    implied:   whether it is on, once it has its key, where the configuration names no providers at all.
    stream_usage: whether a stream tells its usage when asked by `stream_options.include_usage`.
    can:       what it offers, of CAPABILITIES. Which of its models can do so is the models' table's to say.
    limits:    a name in ratelimits.FAMILIES: how its headers tell what is left; "" where they do not.
    lists:     a name in catalog.LISTS: how the answer of `models` is read; "" where it has none that names models.
    probe:     a path below base_url whose GET costs nothing and needs the key; `models` where None.
    job:       how its answers, which are jobs, are asked for and followed; None where an answer is an answer.
    mock:      the wire of the embedded mock that it is, "" for every other.
    parse_error: in place of its dialect's, where its errors have a shape of their own.
    docs:      the page that these facts come from.
    """

    dialect: str
    docs: str
    title: str = ""
    base_url: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=lambda: OPENAI_PATHS)
    also: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    key_env: tuple[str, ...] = ()
    key_required: bool = True
    auth: str = "bearer"
    cloud: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    passes: frozenset[str] = frozenset()
    models: tuple[str, ...] = ()
    refuses: frozenset[str] = frozenset()
    accepts: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)
    amends: Mapping[str, Callable[[Json, Any], bool]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    clamps: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    stream_usage: bool = False
    implied: bool = True
    can: frozenset[str] = frozenset({"chat", "stream"})
    limits: str = ""
    lists: str = "openai"
    probe: str | None = None
    job: Job | None = None
    mock: str = ""
    parse_error: Callable[[int, Mapping[str, str], bytes], Failure] | None = None

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
#: What goes as it is to whoever has it: images, audio, moderations as OpenAI has them, and the rerank of those who follow Cohere.
BESIDES: Mapping[str, str] = {
    "images": "/images/generations",
    "image_edits": "/images/edits",
    "transcriptions": "/audio/transcriptions",
    "translations": "/audio/translations",
    "speech": "/audio/speech",
    "moderations": "/moderations",
    "rerank": "/rerank",
}


def openai_paths(*besides: str) -> Mapping[str, str]:
    """OpenAI's paths, and of the others those that a provider has under the same names."""
    return {**OPENAI_PATHS, **{operation: BESIDES[operation] for operation in besides}}


#: OpenAI's Responses API, for those who have it.
RESPONSES_PATHS: Mapping[str, str] = {"chat": "/responses", "count_tokens": "/responses/input_tokens"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider as configured: `name` is the operator's, `base_url` ends without a slash, `key` is never printed.

    keys:    all of them where there are several, `key` being the first.
    options: what is filled into the paths, by name; in `base_url` it stands already.
    origins: the variable, file or line of the configuration that each key came from.
    """

    name: str
    kind: str
    provider: Provider
    base_url: str
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = field(default=(), repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()


@cache
def all_providers() -> Mapping[str, Provider]:
    """Every provider kind there is a file for, by kind."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").PROVIDER for name in names}
