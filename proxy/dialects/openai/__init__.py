"""OpenAI chat completions, https://platform.openai.com/docs/api-reference/chat: also the hub's own form."""

from proxy.dialects import Dialect, rerank
from proxy.dialects.openai import checks, completions, embeddings, errors, fields, reply, request, stream, usage

DIALECT = Dialect(
    name="openai",
    framing="sse",
    render_request=request.render_request,
    parse_reply=reply.parse_reply,
    parse_usage=usage.parse_usage,
    gather_usage=usage.gather_usage,
    parse_error=errors.parse_error,
    read_event=stream.read_event,
    parser=stream.ChunkParser,
    parse_request=checks.parse_request,
    render_reply=reply.render_reply,
    renderer=stream.ChunkRenderer,
    render_error=errors.render_error,
    render_error_event=stream.render_error_event,
    support=fields.SUPPORT,
    embeddings=embeddings.OPERATION,
    completions=completions.OPERATION,
    rerank=rerank.OPERATION,
    is_answer=reply.is_answer,
)
