"""Vectors without a model: OpenAI's embeddings object, https://platform.openai.com/docs/api-reference/embeddings/object.

A text's vector is the sum of what its words hash to, so that the same text has the same vector and texts that share words are
near each other. Each has length 1, as OpenAI's have. Base64 where the client asks for it.
"""

from __future__ import annotations

from array import array
from base64 import b64encode
from hashlib import blake2b
from itertools import cycle, islice
from math import sqrt
from operator import add
from typing import Any

import orjson

from proxy.call import Failure, Json
from proxy.upstream.mock.models import parse_model
from proxy.upstream.mock.script import INSTEAD, error_script, refusal_script
from proxy.upstream.mock.steps import JSON, Script, json_script
from proxy.upstream.mock.wire import Wire

DIMENSIONS = 64
MOST_DIMENSIONS = 4096
MOST_INPUTS = 2048
#: Words of one text, and of all texts of a request: OpenAI's limits in tokens.
MOST_WORDS, MOST_WORDS_OF_ALL = 8192, 300_000
HASHED = 32


def embeddings_script(wire: Wire, body: bytes) -> Script:
    """The script for one request; a model whose name asks for a status gets that."""
    try:
        request = check(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        return error_script(wire, 400, f"The body is not valid JSON: {error}")
    except Failure as refusal:
        return refusal_script(wire, refusal)
    behaviour = parse_model(request["model"])
    if behaviour.kind in INSTEAD:
        return INSTEAD[behaviour.kind](wire, behaviour, JSON)
    return json_script(200, embed(request))


def check(request: Any) -> Json:
    if not isinstance(request, dict) or not isinstance(request.get("model"), str):
        raise Failure("invalid_request", "model must be a string", param="model")
    inputs = texts_of(request)
    if not inputs or len(inputs) > MOST_INPUTS or not all(isinstance(text, str | list) for text in inputs):
        raise Failure("invalid_request", f"input must be a text or a list of 1 to {MOST_INPUTS} of them", param="input")
    counts = [len(words_of(text)) for text in inputs]
    if max(counts) > MOST_WORDS or sum(counts) > MOST_WORDS_OF_ALL:
        most = f"at most {MOST_WORDS} words in a text and {MOST_WORDS_OF_ALL} in all"
        raise Failure("invalid_request", f"input may have {most}", param="input")
    dimensions = dimensions_of(request)
    if type(dimensions) is not int or not 0 < dimensions <= MOST_DIMENSIONS:
        raise Failure("invalid_request", f"dimensions must be 1 to {MOST_DIMENSIONS}", param="dimensions")
    return request


def dimensions_of(request: Json) -> Any:
    given = request.get("dimensions")
    return DIMENSIONS if given is None else given


def texts_of(request: Json) -> list[Any]:
    """One text, several, or one or several lists of tokens."""
    given = request.get("input")
    if isinstance(given, list) and not all(isinstance(item, int) for item in given):
        return given
    return [given] if given else []


def embed(request: Json) -> Json:
    dimensions, coded = dimensions_of(request), request.get("encoding_format") == "base64"
    texts = [words_of(text) for text in texts_of(request)]
    vectors = [vector_of(words, dimensions) for words in texts]
    data = [
        {"object": "embedding", "index": index, "embedding": in_base64(vector) if coded else vector}
        for index, vector in enumerate(vectors)
    ]
    tokens = sum(map(len, texts))
    return {
        "object": "list",
        "data": data,
        "model": request["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def words_of(text: str | list[int]) -> list[str]:
    return text.lower().split() if isinstance(text, str) else [str(token) for token in text]


def vector_of(words: list[str], dimensions: int) -> list[float]:
    """The sum of the words' hashes; beyond their length it is taken again, backwards and turned around by turns."""
    sums = [0] * HASHED
    for word in words or [""]:
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=HASHED).digest()
        sums = list(map(add, sums, digest))
    middle = 127.5 * (len(words) or 1)
    there = [total - middle for total in sums]
    places = cycle([*there, *(-value for value in reversed(there))])
    values = list(islice(places, dimensions))
    length = sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


def in_base64(vector: list[float]) -> str:
    return b64encode(array("f", vector).tobytes()).decode()
