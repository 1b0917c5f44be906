"""Ollama's native API, https://docs.ollama.com/api, as target and as client: chat, and its elder sister generate."""

from dataclasses import replace

from proxy.dialects import Dialect
from proxy.dialects.ollama import (
    embed,
    errors,
    fields,
    generate,
    parse,
    render_stream,
    reply,
    request,
    stream,
    usage,
)

DIALECT = Dialect(
    name="ollama",
    framing="ndjson",
    render_request=request.render_request,
    parse_reply=reply.parse_reply,
    parse_usage=usage.parse_usage,
    gather_usage=usage.gather_usage,
    parse_error=errors.parse_error,
    read_event=stream.read_event,
    parser=stream.StreamParser,
    parse_request=parse.parse_request,
    render_reply=reply.render_reply,
    renderer=render_stream.StreamRenderer,
    render_error=errors.render_error,
    render_error_event=errors.render_error_event,
    support=fields.SUPPORT,
    own=fields.OWN,
    usage_mark=b"eval_count",
    needs_bytes=frozenset({"image"}),
    embeddings=embed.EMBED,
)

#: /api/generate: the same words around one prompt. As a target it is for relays.
GENERATE = replace(
    DIALECT,
    name="ollama_generate",
    render_request=generate.render_request,
    parse_reply=generate.parse_reply,
    parse_request=generate.parse_request,
    render_reply=generate.render_reply,
    renderer=generate.renderer,
    own=generate.GENERATE_OWN,
    stateful=generate.STATEFUL,
    embeddings=None,
)

#: /api/embeddings, the older way to ask for one vector.
LEGACY = replace(DIALECT, name="ollama_legacy", embeddings=embed.EMBED_LEGACY)
