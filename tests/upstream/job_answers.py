"""What an application hears of a job's stream, in OpenAI's chunks: all of it, or that it is not all."""

from __future__ import annotations

import orjson

from proxy.call import Json
from tests.promises.caller import Answer
from tests.upstream.job_servers import TEXT

STREAM: Json = {"stream": True, "stream_options": {"include_usage": True}}
USAGE: Json = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}


def text_in(body: bytes) -> str:
    """What OpenAI's chunks in an answer say."""
    chunks = [orjson.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: {")]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", ()))


def is_whole(said: Answer, text: str = "".join(TEXT)) -> bool:
    return said.complete and text_in(said.body) == text and said.body.endswith(b"data: [DONE]\n\n")


def error_in(said: Answer) -> Json:
    """The event that ends a broken stream: nothing follows it, and nothing says that all is well."""
    assert not said.complete
    assert b"[DONE]" not in said.body
    assert b'"finish_reason":"' not in said.body
    error: Json = orjson.loads(said.body.strip().rpartition(b"data: ")[2])["error"]
    return error
