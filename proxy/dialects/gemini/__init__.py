"""Google's generateContent, of the Gemini API and of Vertex, https://ai.google.dev/api/generate-content, in both roles."""

from dataclasses import replace

from proxy.dialects import Dialect
from proxy.dialects.gemini import (
    count,
    embeddings,
    errors,
    fields,
    parse,
    render,
    render_stream,
    reply,
    request,
    stream,
    usage,
)

DIALECT = Dialect(
    name="gemini",
    framing="sse",
    render_request=request.render_request,
    parse_reply=reply.parse_reply,
    parse_usage=usage.parse_usage,
    gather_usage=usage.gather_usage,
    parse_error=errors.parse_error,
    read_event=stream.read_event,
    parser=stream.StreamParser,
    parse_request=parse.parse_request,
    render_reply=render.render_reply,
    renderer=render_stream.StreamRenderer,
    render_error=errors.render_error,
    render_error_event=errors.render_error_event,
    support=fields.SUPPORT,
    own=fields.OWN,
    stateful=fields.STATEFUL,
    needs_bytes=fields.NEEDS_BYTES,
    model_in_path=True,
    embeddings=embeddings.EMBED_BATCH,
    count_tokens=count.COUNT_TOKENS,
)

#: streamGenerateContent without `alt=sse`: one array, whose elements come one by one.
ARRAY_DIALECT = replace(
    DIALECT,
    name="gemini_array",
    framing="json_array",
    renderer=render_stream.ArrayRenderer,
    render_error_event=errors.render_error_element,
)

#: embedContent, which embeds one content: the batch form of everything else has another body.
ONE_DIALECT = replace(DIALECT, name="gemini_one", embeddings=embeddings.EMBED_ONE)
