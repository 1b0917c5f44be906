"""Anthropic's wire: the Messages API, https://docs.claude.com/en/api/messages, its streams, errors, models and token counts.

https://docs.claude.com/en/docs/build-with-claude/streaming, https://docs.claude.com/en/api/errors,
https://docs.claude.com/en/api/messages-count-tokens, https://docs.claude.com/en/api/models-list.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy.call import Json
from proxy.upstream.mock.anthropic.reply import error_body, message
from proxy.upstream.mock.anthropic.request import check_count, check_message
from proxy.upstream.mock.anthropic.stream import event, events
from proxy.upstream.mock.wire import FAULT, Operation, Wire

ROUTES: Mapping[tuple[bytes, bytes], Operation] = {
    (b"POST", b"/v1/messages"): "chat",
    (b"POST", b"/v1/messages/count_tokens"): "count",
    (b"GET", b"/v1/models"): "models",
}


def models(names: list[str]) -> Json:
    data = [{"type": "model", "id": name, "display_name": name, "created_at": "2025-01-01T00:00:00Z"} for name in names]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}


def count(tokens: int) -> Json:
    return {"input_tokens": tokens}


ANTHROPIC = Wire(
    name="anthropic",
    routes=ROUTES,
    checks={"chat": check_message, "count": check_count},
    whole=message,
    events=events,
    error=error_body,
    failed=event(error_body(500, FAULT)),
    broken=b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,\n\n',
    models=models,
    counted=count,
    id_header="request-id",
)
