"""/api/generate: one prompt and one text, said in the words of a chat.

A client of it can be answered by anyone: its prompt is a user's message. What only a model on the same machine understands
(a template, a raw prompt, the tokens of an earlier turn, what follows the gap) stays under its own name. As a target it takes
what it has room for, a system prompt and one message. Source: https://docs.ollama.com/api/generate.
"""

from __future__ import annotations

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.ollama.fields import OWN
from proxy.dialects.ollama.messages import render_messages
from proxy.dialects.ollama.parse import SAID, parse_common
from proxy.dialects.ollama.parse_messages import parse_content
from proxy.dialects.ollama.render_stream import StreamRenderer
from proxy.dialects.ollama.reply import add_end, first_choice, head_of, render_message
from proxy.dialects.ollama.reply import parse_reply as parse_chat_reply
from proxy.dialects.ollama.request import finish
from proxy.dialects.ollama.stream import message_of
from proxy.dialects.shape import asked, chosen, unsayable

#: Request fields that /api/chat does not have.
OWN_HERE = ("suffix", "template", "raw", "context", "width", "height", "steps")
GENERATE_OWN = OWN | frozenset(OWN_HERE)
#: Of these, what cannot be left out without asking another question.
STATEFUL = frozenset({"context", "suffix"})
GENERATE_SAID = SAID | {"prompt", "system", "images"}
ROOM = (["user"], ["system", "user"])


def render_request(unified: Json, model: str) -> Rendering:
    """Failure("unsupported_capability") for a conversation of several messages, or with tools."""
    dropped: list[str] = []
    messages = render_messages(unified, dropped)
    if messages and [message["role"] for message in messages] not in ROOM:
        raise unsayable(
            "messages", "must be one user message, after a system message or none: /api/generate takes one prompt"
        )
    if unified.get("tools"):
        raise unsayable("tools", "cannot be sent to /api/generate")
    wire: Json = {"model": model}
    for message in messages:
        said = {"system": message["content"]} if message["role"] == "system" else {"prompt": message["content"]}
        wire |= said | chosen(message, ("images",))
    wire |= chosen(unified, OWN_HERE)
    return finish({name: value for name, value in unified.items() if name not in OWN_HERE}, wire, dropped)


def parse_request(wire: Json) -> Json:
    """Generate request -> unified request. Without a prompt it is one that loads a model, and has no messages.

    Some clients send every member they know, empty.
    """
    unified = parse_common(wire, GENERATE_SAID)
    unified = {name: value for name, value in unified.items() if value or name not in OWN_HERE}
    system, prompt = (asked(wire.get(name) or "", str, name) for name in ("system", "prompt"))
    unified["messages"] = [{"role": "system", "content": system}] if system else []
    if prompt or wire.get("images"):
        unified["messages"].append({"role": "user", "content": parse_content(prompt, wire.get("images"), "images")})
    return unified


def parse_reply(wire: Json) -> Json:
    """Generate reply -> unified reply."""
    return parse_chat_reply({**wire, "message": message_of(wire)} if isinstance(wire, dict) else wire)


def render_reply(unified: Json, request: Json) -> Json:
    choice = first_choice(unified)
    said = head_of(unified, request) | generate_line(render_message(choice))
    return add_end(said, unified, choice) | chosen(unified, ("context",))


def generate_line(message: Json) -> Json:
    """A message, or a piece of one, as members of the line itself. There is room for one image."""
    said = {"response": message.get("content") or "", **chosen(message, ("thinking", "tool_calls"))}
    return said | ({"image": message["images"][0]} if message.get("images") else {})


def renderer(request: Json, created: int) -> StreamRenderer:
    return StreamRenderer(request, created, generate_line)
