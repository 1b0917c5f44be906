"""Cohere's chat in its second version, https://docs.cohere.com/v2/reference/chat, as target and as client."""

from proxy.dialects import Dialect, rerank
from proxy.dialects.cohere import (
    embeddings,
    errors,
    events,
    fields,
    parse,
    render_stream,
    reply,
    request,
    stream,
    usage,
)

DIALECT = Dialect(
    name="cohere",
    framing="sse",
    render_request=request.render_request,
    parse_reply=reply.parse_reply,
    parse_usage=usage.parse_usage,
    gather_usage=usage.gather_usage,
    parse_error=errors.parse_error,
    read_event=events.read_event,
    parser=stream.StreamParser,
    parse_request=parse.parse_request,
    render_reply=reply.render_reply,
    renderer=render_stream.StreamRenderer,
    render_error=errors.render_error,
    render_error_event=errors.render_error_event,
    support=fields.SUPPORT,
    own=fields.OWN | fields.OWN_OF_EMBEDDINGS,
    stateful=fields.GROUNDING,
    embeddings=embeddings.OPERATION,
    rerank=rerank.COHERE,
)
