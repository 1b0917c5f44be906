"""How providers say no: what each status of a dialect means, and bodies of providers that have a shape of their own.

Recorded errors stand in tests/matrix/errors.py. These here are as people were shown them; the address names where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.sdk.scenes import Json

#: Status -> the failure kind, whoever says it.
KIND_OF: Mapping[int, str] = {
    400: "invalid_request",
    401: "authentication_failed",
    404: "model_not_found",
    429: "provider_rate_limited",
    500: "provider_error",
    503: "provider_overloaded",
}


class Refused(NamedTuple):
    """`said` is what must reach the application."""

    status: int
    body: Json
    kind: str
    said: str


def cloudflare(code: int, message: str) -> Json:
    return {"result": None, "success": False, "errors": [{"code": code, "message": message}], "messages": []}


def nvidia(status: int, title: str, detail: str) -> Json:
    return {"status": status, "title": title, "detail": detail}


def cerebras(member: str) -> Json:
    message = f"{member}: property '{member}' is unsupported"
    return {
        "message": message,
        "type": "invalid_request_error",
        "param": "validation_error",
        "code": "wrong_api_format",
    }


TOGETHER: Json = {
    "id": "okkMWqL-2kFHot-a023f60e9b77ff7e",
    "error": {
        "message": "Unable to access non-serverless model mistralai/Mistral-Small-24B-Instruct-2501.",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_available",
    },
}
#: kind -> errors of its own.
DOCUMENTED: Mapping[str, Sequence[Refused]] = {
    # https://github.com/looplj/axonhub/issues/1777, https://github.com/livekit/agents/issues/1274
    "cerebras": (
        Refused(400, cerebras("store"), "invalid_request", "property 'store' is unsupported"),
        Refused(422, cerebras("metadata"), "invalid_request", "property 'metadata' is unsupported"),
    ),
    # https://github.com/anomalyco/opencode/issues/32051, https://github.com/anomalyco/opencode/issues/23773
    "cloudflare": (
        Refused(401, cloudflare(10000, "Authentication error"), "authentication_failed", "Authentication error"),
        Refused(404, cloudflare(7003, "Could not route to /client/v4"), "model_not_found", "Could not route"),
    ),
    # https://github.com/databricks-demos/dbdemos/issues/220, https://github.com/n8n-io/n8n/pull/38642
    "databricks": (
        Refused(
            404,
            {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Endpoint with name 'x' does not exist."},
            "model_not_found",
            "Endpoint with name 'x' does not exist.",
        ),
        Refused(
            429,
            {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "Exceeded workspace QPS rate limit"},
            "provider_rate_limited",
            "Exceeded workspace QPS rate limit",
        ),
    ),
    # https://github.com/fanenr/chatbot/issues/21
    "groq": (
        Refused(
            400,
            {"error": {"message": "property 'store' is unsupported", "type": "invalid_request_error"}},
            "invalid_request",
            "property 'store' is unsupported",
        ),
    ),
    # https://github.com/decolua/9router/pull/1742
    "mistral": (
        Refused(
            422,
            {
                "object": "error",
                "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "client_metadata"]}]},
            },
            "invalid_request",
            "client_metadata",
        ),
    ),
    # https://github.com/Alishahryar1/free-claude-code/issues/1242 and 1021
    "nvidia": (
        Refused(403, nvidia(403, "Forbidden", "Authorization failed"), "authentication_failed", "Authorization failed"),
        Refused(404, nvidia(404, "Not Found", "Function 'x': Not found"), "model_not_found", "Function 'x': Not found"),
    ),
    # https://github.com/HeyPuter/puter/issues/3168
    "together": (Refused(400, TOGETHER, "model_not_found", "Unable to access non-serverless model"),),
}
