"""Counting with OpenAI's own tokenizer, for the models that it is for: the package `tiktoken` and its tables, from files only.

tiktoken fetches a table that it does not find. Here it is never asked for one: its constructors run with a loader of ours, which
reads a file, compares its hash with the one the constructor names, and knows no network. What a model's name says of its
tokenizer is the estimate's to know; whoever has another model is estimated.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha1, sha256
from pathlib import Path
from types import FunctionType
from typing import Any

from proxy.call import Call
from proxy.estimate import model_of
from proxy.estimate.families import family_of
from proxy.estimate.prompt import Weigh, weigh_prompt

#: Where tiktoken looks itself, https://github.com/openai/tiktoken/blob/main/tiktoken/load.py.
VARIABLES = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
#: Family of a tokenizer -> what tiktoken calls it.
ENCODINGS: Mapping[str, str] = {"openai": "o200k_base", "openai before 4o": "cl100k_base"}
#: A request of more bytes is counted in a thread, which takes another 0.1 ms: this many hold up other calls by about half one.
INLINE = 8 << 10
#: A text of more characters is estimated: it would keep a core busy for a second.
LONGEST = 8 << 20
MISSING = "tokens are estimated, as a table of tiktoken is missing"

log = logging.getLogger(__name__)


class TablesError(Exception):
    """Why there is nothing to count with, in words for the operator."""


class Counter:
    """Counts what it has a table for. `folder`: where the tables lie, None where the environment says it.

    Raises TablesError where the package or every table is missing, or one is not what it should be.
    """

    def __init__(self, folder: str | None, environ: Mapping[str, str]) -> None:
        said = folder or next((environ[name] for name in VARIABLES if environ.get(name)), None)
        if said is None:
            raise TablesError(f"where the tables of tiktoken lie is said by neither tokens.tables nor {VARIABLES[0]}")
        loaded = {family: table_in(Path(said), name) for family, name in ENCODINGS.items()}
        self._encodings: Mapping[str, Weigh] = {family: weigh for family, weigh in loaded.items() if weigh is not None}
        if not self._encodings:
            raise TablesError(f"{said} has no table of tiktoken: neither {' nor '.join(ENCODINGS.values())}")
        for family in ENCODINGS.keys() - self._encodings.keys():
            log.warning(MISSING, extra={"table": ENCODINGS[family], "folder": said})

    def fits(self, call: Call) -> bool:
        """Whether its model has one of these tokenizers."""
        return family_of(model_of(call)).name in self._encodings

    def count(self, call: Call) -> None:
        """Tokens of a call that fits, into `call.tokens`."""
        model = model_of(call)
        call.tokens = weigh_prompt(call.json, model, self._encodings[family_of(model).name])

    async def count_aside(self, call: Call) -> None:
        """The same, in a thread where it would hold up other calls."""
        if len(call.body) <= INLINE:
            self.count(call)
        else:
            await asyncio.to_thread(self.count, call)


def table_in(folder: Path, name: str) -> Weigh | None:
    """What counts by the table called so; None where the folder has none. A reload that finds the same one has it already."""
    constructor, names = constructor_of(name)
    data = next((read for each in names if (read := read_file(folder / each)) is not None), None)
    if data is None:
        return None
    digest = sha256(data).hexdigest()
    if LOADED.get(name, ("", None))[0] != digest:
        LOADED[name] = digest, encoding_of(name, data, digest, constructor)
    return LOADED[name][1]


#: Table -> its hash, and what counts by it.
LOADED: dict[str, tuple[str, Weigh]] = {}


def constructor_of(name: str) -> tuple[Callable[..., Any], Sequence[str]]:
    """tiktoken's own, and the names that its table may have: that in its cache, and that of what it would fetch."""
    try:
        from tiktoken_ext import openai_public  # type: ignore[import-untyped]
    except ImportError:
        detail = "tokens.counter tiktoken needs the package tiktoken: pip install outrider[tiktoken]"
        raise TablesError(detail) from None
    constructor = getattr(openai_public, name)
    asked: list[str] = []

    def note(address: str, expected_hash: str | None = None) -> dict[bytes, int]:
        asked.append(address)
        return {}

    with_loader(constructor, note)()
    return constructor, (sha1(asked[0].encode(), usedforsecurity=False).hexdigest(), asked[0].rpartition("/")[2])


def with_loader(constructor: Callable[..., Any], load: Callable[..., dict[bytes, int]]) -> Callable[..., Any]:
    """The same function, for which `load` is the only way to a table."""
    assert isinstance(constructor, FunctionType)
    return FunctionType(constructor.__code__, {**constructor.__globals__, "load_tiktoken_bpe": load})


def read_file(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TablesError(f"{path} cannot be read: {error.strerror}") from None


def encoding_of(name: str, data: bytes, digest: str, constructor: Callable[..., Any]) -> Weigh:
    from tiktoken import Encoding

    from proxy.estimate.text import weigh_text

    def load(address: str, expected_hash: str | None = None) -> dict[bytes, int]:
        if digest != expected_hash:
            raise TablesError(f"the table {name} is damaged, or is another one: its hash is not the one tiktoken names")
        return ranks_of(name, data)

    said = with_loader(constructor, load)()
    encode = Encoding(**said).encode_ordinary
    # It has a copy of its own now, of some 30 MB.
    said["mergeable_ranks"].clear()
    family = next(family for family, encoding in ENCODINGS.items() if encoding == name)

    def weigh(text: str) -> float:
        return len(encode(text)) if len(text) <= LONGEST else weigh_text(text, family)

    return weigh


def ranks_of(name: str, data: bytes) -> dict[bytes, int]:
    """A line for each token: its bytes in base64, a space, its rank."""
    try:
        pairs = (line.split() for line in data.splitlines() if line)
        return {b64decode(token): int(rank) for token, rank in pairs}
    except (ValueError, Error):
        raise TablesError(f"the table {name} cannot be read") from None
