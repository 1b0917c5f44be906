"""Calls of functions and their results, unified and as Google's functionCall and functionResponse.

A result is an object at Google: `output` holds what a function gave, `error` what went wrong, and an object with neither is
the output itself. Sources: https://ai.google.dev/api/caching#FunctionResponse,
https://ai.google.dev/gemini-api/docs/thought-signatures (a call of the turn at hand goes back with its signature; there is a
word for calls that Gemini did not make).
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from proxy.call import Json
from proxy.dialects.gemini.parts import parse_part, render_part
from proxy.dialects.gemini.spelling import camel
from proxy.dialects.ids import signature_of, signed
from proxy.dialects.parts import parse_arguments
from proxy.dialects.shape import asked, broken, wrong

#: What made_up_id of ids.py makes: Google never said such an id, and need not hear it.
MADE_UP = re.compile(r"call_[0-9a-f]{24}")
#: Google's own word in place of a signature, for calls of another model's making.
UNSIGNED = "skip_thought_signature_validator"
#: Members of a functionResponse without a unified word.
RESPONSE_EXTRAS = ("willContinue", "scheduling")
#: Stands beside them for a text that reads like an object, and was one member of the response all the same.
IS_TEXT = "text"


def render_calls(message: Json, path: str) -> list[Json]:
    calls = message.get("tool_calls")
    if calls is None:
        return []
    return [
        render_call(call, f"{path}.tool_calls[{at}]")
        for at, call in enumerate(asked(calls, list, f"{path}.tool_calls"))
    ]


def excuse(calls: list[Json]) -> bool:
    """Put Google's word for a missing signature on the first of a turn's calls; False where there is nothing to excuse."""
    if not calls or any("thoughtSignature" in part for part in calls):
        return False
    calls[0]["thoughtSignature"] = UNSIGNED
    return True


def render_call(call: Any, path: str) -> Json:
    function = asked(asked(call, dict, path).get("function"), dict, f"{path}.function")
    arguments = parse_arguments(function.get("arguments"))
    if arguments is None:
        raise wrong(f"{path}.function.arguments", "must be the JSON text of an object")
    called = asked(call.get("id"), str, f"{path}.id")
    said = {"name": asked(function.get("name"), str, f"{path}.function.name"), "args": arguments, **id_of(called)}
    signature = signature_of(call)
    return {"functionCall": said} if signature is None else {"functionCall": said, "thoughtSignature": signature}


def id_of(called: str) -> Json:
    return {} if MADE_UP.fullmatch(called) else {"id": called}


def render_result(message: Json, name: str, path: str, inner_media: bool, dropped: list[str]) -> list[Json]:
    """The functionResponse of a `tool` message. Media stand in it where the model takes them there, else behind it."""
    words, media = content_of(message, path, dropped)
    own = own_of(message)
    response = response_of(words, message.get("is_error") is True, IS_TEXT in own)
    said: Json = {"name": name, "response": response, **id_of(message["tool_call_id"])}
    said |= {member: own[member] for member in RESPONSE_EXTRAS if member in own}
    if media and inner_media:
        return [{"functionResponse": {**said, "parts": media}}]
    return [{"functionResponse": said}, *media]


def own_of(message: Json) -> Json:
    """What Google's own form said of a result besides."""
    extra = message.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    own = google.get("function_response") if isinstance(google, dict) else None
    return own if isinstance(own, dict) else {}


def content_of(message: Json, path: str, dropped: list[str]) -> tuple[str, list[Json]]:
    """What a result says in words, and the rest of it as parts."""
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content or "", []
    if isinstance(content, dict):
        return text_of(content, f"{path}.content"), []
    parts = asked(content, list, f"{path}.content")
    said = [render_part(part, f"{path}.content[{at}]", dropped) for at, part in enumerate(parts)]
    return "\n".join(part["text"] for part in said if "text" in part), [part for part in said if "text" not in part]


def response_of(words: str, is_error: bool, is_text: bool) -> Json:
    """An object as it is; any other text, JSON or not, as the output of the function or as its error."""
    whole = None if is_text else as_object(words)
    if whole is not None and (not is_error or "error" in whole):
        return whole
    return {"error" if is_error else "output": words}


def as_object(words: str) -> Json | None:
    return parse_arguments(words) if words.lstrip()[:1] == "{" else None


# ---- from the wire


def parse_call(part: Json, called: str, path: str) -> Json:
    """A tool call of a Part in camelCase. `called` is its id, its own or one that was made up for it."""
    call = camel(part["functionCall"], f"{path}.functionCall")
    arguments = asked(call.get("args", {}), dict, f"{path}.functionCall.args")
    name = asked(call.get("name"), str, f"{path}.functionCall.name")
    said: Json = {"id": called, "type": "function", "function": {"name": name, "arguments": text_of(arguments, path)}}
    signature = part.get("thoughtSignature")
    if signature is not None:
        said |= signed(asked(signature, str, f"{path}.thoughtSignature"))
    return said


def text_of(value: Json, path: str) -> str:
    """JSON text of what somebody sent. `path` is "" for the provider's own."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise (wrong(path, "is nested too deeply") if path else broken("an object is nested too deeply")) from None


def parse_result(response: Json, called: str, path: str) -> Json:
    """A `tool` message of a functionResponse in camelCase."""
    given = asked(response.get("response", {}), dict, f"{path}.response")
    text = text_in(given)
    words = text_of(given, f"{path}.response") if text is None else text
    message: Json = {"role": "tool", "tool_call_id": called, "content": words}
    if given.keys() == {"error"}:
        message["is_error"] = True
    media = [
        parse_media(part, f"{path}.parts[{at}]")
        for at, part in enumerate(asked(response.get("parts", []), list, f"{path}.parts"))
    ]
    if media:
        message["content"] = [{"type": "text", "text": words}, *media]
    own = {name: response[name] for name in RESPONSE_EXTRAS if name in response}
    if text is not None and as_object(text) is not None:
        own[IS_TEXT] = True
    return message if not own else {**message, "extra_content": {"google": {"function_response": own}}}


def parse_media(part: Any, path: str) -> Json:
    said = parse_part(camel(part, path), path)
    if said is None:
        raise wrong(path, "must hold inlineData or fileData")
    return said


def text_in(response: Json) -> str | None:
    """The text of a result that is nothing else, so that every provider reads it as one; None for an object of any other form."""
    words = response.get("output", response.get("error")) if len(response) == 1 else None
    return words if isinstance(words, str) else None
