"""The file that llama.cpp and Ollama load weights from, as far as a model of 32-bit floats needs it.

It knows the layout (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3) and no model.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Value = bool | int | float | str | Sequence[str] | Sequence[int]

MAGIC = b"GGUF"
VERSION = 3
ALIGNMENT = 32
FLOAT32_TENSOR = 0

#: Python type -> the number of the value's type in the file, and how one is packed.
SCALARS: Mapping[type, tuple[int, str]] = {bool: (7, "<?"), int: (4, "<I"), float: (6, "<f")}
STRING = 8
ARRAY = 9
INT32 = 5


class Tensor(NamedTuple):
    """`shape` as the file has it, fastest dimension first: (columns, rows) of a matrix whose rows stand one after another."""

    shape: tuple[int, ...]
    values: array[float]


def written(metadata: Mapping[str, Value], tensors: Mapping[str, Tensor]) -> bytes:
    """The whole file: header, metadata, what the tensors are, and from the next multiple of ALIGNMENT on their values."""
    parts = [MAGIC, struct.pack("<IQQ", VERSION, len(tensors), len(metadata))]
    parts += [text(key) + typed(value) for key, value in metadata.items()]
    offset = 0
    for name, tensor in tensors.items():
        parts.append(described(name, tensor, offset))
        offset += len(data(tensor))
    return padded(b"".join(parts)) + b"".join(map(data, tensors.values()))


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def typed(value: Value) -> bytes:
    """A metadata value behind the number of its type. Integers are unsigned, those in arrays signed."""
    if isinstance(value, str):
        return struct.pack("<I", STRING) + text(value)
    if isinstance(value, Sequence):
        texts = [text(each) if isinstance(each, str) else struct.pack("<i", each) for each in value]
        kind = STRING if isinstance(value[0], str) else INT32
        return struct.pack("<IIQ", ARRAY, kind, len(value)) + b"".join(texts)
    number, form = SCALARS[type(value)]
    return struct.pack("<I", number) + struct.pack(form, value)


def described(name: str, tensor: Tensor, offset: int) -> bytes:
    sizes = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
    return text(name) + sizes + struct.pack("<IQ", FLOAT32_TENSOR, offset)


def data(tensor: Tensor) -> bytes:
    return padded(struct.pack(f"<{len(tensor.values)}f", *tensor.values))


def padded(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % ALIGNMENT)
