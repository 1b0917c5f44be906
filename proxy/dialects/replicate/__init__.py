"""Replicate's predictions, https://replicate.com/docs/reference/http: as a target. No application speaks to us in it.

What a client would say and hear stays OpenAI's, so that there is something there.
"""

from dataclasses import replace

from proxy.dialects import openai
from proxy.dialects.replicate import errors, reply, request, stream

DIALECT = replace(
    openai.DIALECT,
    name="replicate",
    framing="sse",
    render_request=request.render_request,
    parse_reply=reply.parse_reply,
    parse_usage=reply.parse_usage,
    gather_usage=reply.gather_usage,
    parse_error=errors.parse_error,
    read_event=stream.read_event,
    parser=stream.Parser,
    support=request.SUPPORT,
    usage_mark=b"_token_count",
    is_answer=lambda wire: False,
    embeddings=None,
    count_tokens=None,
    completions=None,
    rerank=None,
)
