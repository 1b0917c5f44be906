"""An exception as text: its whole way, and of its words only those that no call can have put there.

An exception says what it met (`ValueError: could not convert ... 'text of a prompt'`), and nobody knows where that came from.
Types whose words are Python's own or the system's keep them; of any other the type is told and where it was raised.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator

#: Their words are made by the interpreter or by the system, of names in the source.
PLAIN = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, ImportError, IndexError, NameError),
    *(
        MemoryError,
        NotImplementedError,
        OSError,
        RecursionError,
        ReferenceError,
        RuntimeError,
        StopIteration,
        TypeError,
    ),
)
#: What is looked for in a mapping is mostly a name.
KEY = re.compile(r"[\w.:-]{1,40}", re.ASCII)
WITHHELD = "(what it says may come from a call and is not logged)"
#: How far causes of causes are followed.
DEEPEST = 10


def told(error: BaseException, whole: bool = False) -> str:
    """As Python prints it, the cause first. whole: with all words."""
    if whole:
        return "".join(traceback.format_exception(error))
    return "".join(reversed([*chain(error)]))


def chain(error: BaseException) -> Iterator[str]:
    """The exception, and before it what it came from."""
    seen: set[int] = set()
    joint = ""
    while id(error) not in seen and len(seen) < DEEPEST:
        seen.add(id(error))
        yield one(error) + joint
        if error.__cause__ is not None:
            error, joint = error.__cause__, "\nThe above exception was the direct cause of the following exception:\n\n"
        elif error.__context__ is not None and not error.__suppress_context__:
            joint = "\nDuring handling of the above exception, another exception occurred:\n\n"
            error = error.__context__
        else:
            return


def one(error: BaseException) -> str:
    inner = [one(each) for each in error.exceptions[:DEEPEST]] if isinstance(error, BaseExceptionGroup) else []
    way = traceback.format_tb(error.__traceback__)
    head = ["Traceback (most recent call last):\n"] if way else []
    return "".join([*head, *way, f"{name_of(type(error))}{words_of(error)}\n", *inner])


def name_of(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def words_of(error: BaseException) -> str:
    kind = getattr(error, "kind", None)
    if isinstance(kind, str):  # a Failure: what it is about, without what the provider or the caller said
        return f": {kind}"
    if isinstance(error, PLAIN) or (
        isinstance(error, KeyError) and isinstance(key := error.args[:1] and error.args[0], str) and KEY.fullmatch(key)
    ):
        words = str(error)
    else:
        words = WITHHELD if error.args else ""
    return f": {words}" if words else ""
