"""Bedrock's Converse, as target and as client: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html."""

from proxy.dialects import Dialect
from proxy.dialects.bedrock import (
    count,
    embeddings,
    errors,
    fields,
    parse,
    render_reply,
    render_stream,
    reply,
    request,
    stream,
    usage,
)

DIALECT = Dialect(
    name=fields.NAME,
    framing="eventstream",
    render_request=request.render_request,
    parse_reply=reply.parse_reply,
    parse_usage=usage.parse_usage,
    gather_usage=usage.gather_usage,
    parse_error=errors.parse_error,
    read_event=stream.read_event,
    parser=stream.StreamParser,
    parse_request=parse.parse_request,
    render_reply=render_reply.render_reply,
    renderer=render_stream.StreamRenderer,
    render_error=errors.render_error,
    render_error_event=errors.render_error_event,
    support=fields.SUPPORT,
    own=fields.OWN,
    stateful=fields.STATEFUL,
    usage_mark=b'"inputTokens"',
    is_answer=reply.is_answer,
    needs_bytes=frozenset({"image", "file", "audio"}),
    model_in_path=True,
    error_headers=errors.error_headers,
    embeddings=embeddings.OPERATION,
    count_tokens=count.OPERATION,
)
