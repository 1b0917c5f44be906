"""What applications say: in each dialect a question as its official SDK for Python sends it, and what it makes of the answer.

The bytes were taken from those SDKs (openai 3.52, anthropic 2.11, google-genai 3.4, boto3 1.44, ollama 0.6, cohere 7.3;
Anthropic's takes no temperature), without the headers that only describe the machine. It knows no socket and no clock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.bench.framing import dump, ends_with_frame

Json = dict[str, Any]

SYSTEM = "You answer in three sentences and never ask back."
QUESTION = "I am going to walk along the coast in May. What should I pack?"
TURNS = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
#: What ends a body in chunks, behind the last of them.
END_OF_BODY = b"\r\n0\r\n\r\n"
STAMP = re.compile(rb"t=(\d{16});")


class Application(NamedTuple):
    """One dialect's side of a call.

    ask:   (model, whether to stream) -> the body.
    read:  a whole reply -> its text, and the tokens of prompt and answer.
    ended: the last bytes of a stream, with what ends the HTTP body -> whether the dialect's own ending is there.
    stamp: finds the stamps in the events; the group is the 16 digits.
    """

    path: str
    headers: str
    ask: Callable[[str, bool], bytes]
    read: Callable[[Json], tuple[str, tuple[int, int]]]
    ended: Callable[[bytes], bool]
    stream_path: str = ""
    stamp: re.Pattern[bytes] = STAMP

    def target(self, model: str, stream: bool = False) -> str:
        path = self.stream_path if stream and self.stream_path else self.path
        return path.format(model=model, quoted=quote(model, safe=""))

    def request(self, model: str, *, stream: bool = False) -> bytes:
        """Head and body of one call."""
        payload = self.ask(model, stream)
        head = (
            f"POST {self.target(model, stream)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
            f"{self.headers}Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
        )
        return head.encode() + payload


# ---- what is asked


def _openai(model: str, stream: bool) -> bytes:
    body: Json = {"model": model, "messages": TURNS, "max_tokens": 256, "temperature": 0.2}
    return dump(body | ({"stream": True, "stream_options": {"include_usage": True}} if stream else {}))


def _responses(model: str, stream: bool) -> bytes:
    body = {"input": QUESTION, "instructions": SYSTEM, "max_output_tokens": 256, "temperature": 0.2}
    return dump({"model": model, **({"stream": True} if stream else {}), **body})


def _anthropic(model: str, stream: bool) -> bytes:
    body: Json = {"max_tokens": 256, "messages": TURNS[1:], "model": model, "system": SYSTEM}
    return dump(body | ({"stream": True} if stream else {}))


def _gemini(model: str, stream: bool) -> bytes:
    body = {
        "contents": [{"parts": [{"text": QUESTION}], "role": "user"}],
        "systemInstruction": {"parts": [{"text": SYSTEM}], "role": "user"},
        "generationConfig": {"temperature": 0.2, "maxOutputTokens": 256},
    }
    return json.dumps(body).encode()


def _bedrock(model: str, stream: bool) -> bytes:
    body = {
        "system": [{"text": SYSTEM}],
        "messages": [{"role": "user", "content": [{"text": QUESTION}]}],
        "inferenceConfig": {"maxTokens": 256, "temperature": 0.2},
    }
    return json.dumps(body).encode()


def _ollama(model: str, stream: bool) -> bytes:
    options = {"temperature": 0.2, "num_predict": 256}
    return dump({"model": model, "stream": stream, "options": options, "messages": TURNS, "tools": []})


def _cohere(model: str, stream: bool) -> bytes:
    return dump({"model": model, "messages": TURNS, "max_tokens": 256, "temperature": 0.2, "stream": stream})


# ---- what is read


def _read_openai(reply: Json) -> tuple[str, tuple[int, int]]:
    usage = reply["usage"]
    return reply["choices"][0]["message"]["content"], (usage["prompt_tokens"], usage["completion_tokens"])


def _read_responses(reply: Json) -> tuple[str, tuple[int, int]]:
    usage = reply["usage"]
    return reply["output"][0]["content"][0]["text"], (usage["input_tokens"], usage["output_tokens"])


def _read_anthropic(reply: Json) -> tuple[str, tuple[int, int]]:
    usage = reply["usage"]
    return reply["content"][0]["text"], (usage["input_tokens"], usage["output_tokens"])


def _read_gemini(reply: Json) -> tuple[str, tuple[int, int]]:
    usage = reply["usageMetadata"]
    text = reply["candidates"][0]["content"]["parts"][0]["text"]
    return text, (usage["promptTokenCount"], usage["candidatesTokenCount"])


def _read_bedrock(reply: Json) -> tuple[str, tuple[int, int]]:
    usage = reply["usage"]
    return reply["output"]["message"]["content"][0]["text"], (usage["inputTokens"], usage["outputTokens"])


def _read_ollama(reply: Json) -> tuple[str, tuple[int, int]]:
    return reply["message"]["content"], (reply["prompt_eval_count"], reply["eval_count"])


def _read_cohere(reply: Json) -> tuple[str, tuple[int, int]]:
    tokens = reply["usage"]["tokens"]
    return reply["message"]["content"][0]["text"], (tokens["input_tokens"], tokens["output_tokens"])


def _ends_with(pattern: bytes) -> Callable[[bytes], bool]:
    """Whether the last event is one like this."""
    ending = re.compile(pattern + re.escape(END_OF_BODY) + rb"\Z", re.DOTALL)
    return lambda tail: ending.search(tail) is not None


def _ends_with_metadata(tail: bytes) -> bool:
    return b"messageStop" in tail and ends_with_frame(tail.removesuffix(END_OF_BODY), "metadata")


BEARER = "Authorization: Bearer sk-application\r\n"
SIGV4 = (
    "X-Amz-Date: 20261121T114257Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=application/20261121/us-east-1/bedrock/"
    f"aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature={'0' * 64}\r\n"
)
#: By dialect. A Responses stream says the whole text again at its end, where it is no event's.
APPLICATIONS: Mapping[str, Application] = {
    "openai": Application(
        "/v1/chat/completions",
        BEARER + "User-Agent: OpenAI/Python 3.52.0\r\n",
        _openai,
        _read_openai,
        _ends_with(rb"data: \[DONE\]\n\n"),
    ),
    "responses": Application(
        "/v1/responses",
        BEARER + "User-Agent: OpenAI/Python 3.52.0\r\n",
        _responses,
        _read_responses,
        _ends_with(rb"event: response\.completed\ndata: [^\n]+\n\n"),
        stamp=re.compile(rb'"delta": ?"t=(\d{16});"'),
    ),
    "anthropic": Application(
        "/v1/messages",
        "X-Api-Key: sk-application\r\nAnthropic-Version: 2023-06-01\r\nUser-Agent: Anthropic/Python 2.11.0\r\n",
        _anthropic,
        _read_anthropic,
        _ends_with(rb"event: message_stop\ndata: [^\n]+\n\n"),
    ),
    "gemini": Application(
        "/v1/models/{model}:generateContent",
        "x-goog-api-key: sk-application\r\nUser-Agent: google-genai-sdk/3.4.0 gl-python/3.11.7\r\n",
        _gemini,
        _read_gemini,
        _ends_with(rb'data: [^\n]+"finishReason": ?"STOP"[^\n]+\r\n\r\n'),
        stream_path="/v1/models/{model}:streamGenerateContent?alt=sse",
    ),
    "bedrock": Application(
        "/model/{quoted}/converse",
        SIGV4 + "User-Agent: Boto3/1.44.5 md/Botocore#1.44.5\r\n",
        _bedrock,
        _read_bedrock,
        _ends_with_metadata,
        stream_path="/model/{quoted}/converse-stream",
    ),
    "ollama": Application(
        "/api/chat",
        "User-Agent: ollama-python/0.6.3\r\n",
        _ollama,
        _read_ollama,
        _ends_with(rb'\{[^\n]+"done": ?true[^\n]+\n'),
    ),
    "cohere": Application(
        "/v2/chat",
        BEARER + "User-Agent: cohere/7.3.1\r\n",
        _cohere,
        _read_cohere,
        _ends_with(rb"event: message-end\ndata: [^\n]+\n\ndata: \[DONE\]\n\n"),
    ),
}
