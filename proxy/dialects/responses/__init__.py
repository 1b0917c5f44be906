"""OpenAI's Responses API, https://platform.openai.com/docs/api-reference/responses, as target and as client."""

from proxy.dialects import Dialect
from proxy.dialects.openai.errors import parse_error, render_error
from proxy.dialects.responses import (
    count,
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
    name="responses",
    framing="sse",
    render_request=request.render_request,
    parse_reply=reply.parse_reply,
    parse_usage=usage.parse_usage,
    gather_usage=usage.gather_usage,
    parse_error=parse_error,
    read_event=stream.read_event,
    parser=stream.StreamParser,
    parse_request=parse.parse_request,
    render_reply=render_reply.render_reply,
    renderer=render_stream.StreamRenderer,
    render_error=render_error,
    render_error_event=errors.render_error_event,
    support=fields.SUPPORT,
    own=fields.OWN,
    stateful=frozenset(fields.STATEFUL),
    count_tokens=count.COUNT_TOKENS,
)
