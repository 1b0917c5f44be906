"""Anthropic's Messages API, https://docs.claude.com/en/api/messages, as target and as client."""

from proxy.dialects import Dialect
from proxy.dialects.anthropic import checks, count, errors, fields, parse, render_stream, reply, request, stream, usage

DIALECT = Dialect(
    name="anthropic",
    framing="sse",
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
    stateful=fields.STATEFUL,
    is_answer=reply.is_answer,
    versions=checks.VERSIONS,
    count_tokens=count.OPERATION,
)
