"""Google's `contents` as unified messages.

A content of the user may hold results of functions: each is a message of its own. Calls that have no id get one that depends on
nothing but their place, and their results, which Google knows by the function's name and their order, get the same. Source:
https://ai.google.dev/api/caching#Content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import check_results
from proxy.dialects.gemini.calls import parse_call, parse_result
from proxy.dialects.gemini.packed import unpack_thinking
from proxy.dialects.gemini.parts import parse_part
from proxy.dialects.gemini.spelling import camel
from proxy.dialects.ids import made_up_id
from proxy.dialects.shape import asked, wrong

#: Members of a content that says no more than its parts.
BARE = frozenset({"role", "parts"})


class Turns:
    """The messages so far, where each result of a function stands on the wire, and the calls that nobody has answered by name."""

    __slots__ = ("messages", "paths", "unanswered")

    def __init__(self) -> None:
        self.messages: list[Json] = []
        self.paths: dict[int, str] = {}
        self.unanswered: list[tuple[str, str]] = []

    def add_result(self, message: Json, path: str) -> None:
        self.paths[len(self.messages)] = path
        self.messages.append(message)


def parse_messages(said: Json) -> list[Json]:
    """The messages of a request in camelCase. Failure("invalid_request") names the member that is wrong."""
    turns, contents = Turns(), said.get("contents")
    messages = turns.messages
    if "systemInstruction" in said:
        words = only_text(said["systemInstruction"])
        messages.append(
            {"role": "system", "content": words} if words is not None else parse_system(said["systemInstruction"])
        )
    for index, content in enumerate(contents if type(contents) is list and contents else listed(contents)):
        words = only_text(content)
        if words is not None and (role := content.get("role", "user")) in ("user", "model"):
            messages.append({"role": "assistant" if role == "model" else "user", "content": words})
        else:
            parse_turn(turns, content, f"contents[{index}]")
    if turns.paths:
        check_results(messages, turns.paths.__getitem__)
    return messages


def listed(contents: Any) -> list[Any]:
    """A single content may stand for a list of one."""
    said = [contents] if isinstance(contents, dict) else asked(contents, list, "contents")
    if not said:
        raise wrong("contents", "must not be empty")
    return said


def only_text(content: Any) -> str | None:
    """The words of a content that is nothing but one plain text, as most are; None for any other."""
    parts = content.get("parts") if type(content) is dict and content.keys() <= BARE else None
    part = parts[0] if type(parts) is list and len(parts) == 1 else None
    words = part.get("text") if type(part) is dict and len(part) == 1 else None
    return words if type(words) is str else None


def parse_turn(turns: Turns, content: Any, path: str) -> None:
    said = camel(content, path)
    role = asked(said.get("role") or "user", str, f"{path}.role")
    parse = ROLES.get(role)
    if parse is None:
        raise wrong(f"{path}.role", f"must be one of {', '.join(ROLES)}")
    parse(turns, parts_of(said, path), path)


def parts_of(content: Json, path: str) -> list[Json]:
    """The parts of a content in camelCase. A single one may stand for a list of one."""
    parts = content.get("parts", [])
    said = [parts] if isinstance(parts, dict) else asked(parts, list, f"{path}.parts")
    return [plain(camel(part, f"{path}.parts[{at}]")) for at, part in enumerate(said)]


def plain(part: Json) -> Json:
    if part.get("thought") is False:
        del part["thought"]
    return part


def parse_system(content: Any) -> Json:
    path = "systemInstruction"
    said = {"parts": {"text": content}} if isinstance(content, str) else camel(content, path)
    return {"role": "system", **parse_content(parts_of(said, path), f"{path}.parts")}


def parse_user(turns: Turns, parts: list[Json], path: str) -> None:
    """Each result of a function is a message of its own; what stands between them is the user's."""
    said: list[Json] = []
    start = 0
    for at, part in enumerate(parts):
        if "functionResponse" not in part:
            said.append(part)
            continue
        if said:
            turns.messages.append({"role": "user", **parse_content(said, f"{path}.parts", start)})
        said, start = [], at + 1
        parse_response(turns, part, f"{path}.parts[{at}].functionResponse")
    if said or not parts:
        turns.messages.append({"role": "user", **parse_content(said, f"{path}.parts", start)})


def parse_response(turns: Turns, part: Json, path: str) -> None:
    response = camel(part["functionResponse"], path)
    name = asked(response.get("name"), str, f"{path}.name")
    called = response.get("id")
    if not called:
        called = next((call for call, its_name in turns.unanswered if its_name == name), None)
        if called is None:
            raise wrong(f"{path}.name", f"is {name[:80]!r}, and no call of that function before it waits for a result")
    asked(called, str, f"{path}.id")
    turns.unanswered = [waiting for waiting in turns.unanswered if waiting[0] != called]
    turns.add_result(parse_result(response, called, path), f"{path}.id")


def parse_model(turns: Turns, parts: list[Json], path: str) -> None:
    """Words, pictures and calls of the model. Thoughts go by themselves: those that another provider signed, whole."""
    message: Json = {"role": "assistant", "content": None}
    rest: list[Json] = []
    behind: dict[int, int] = {}
    for at, part in enumerate(parts):
        if "functionCall" in part:
            message.setdefault("tool_calls", []).append(call_of(turns, part, at, f"{path}.parts[{at}]"))
        elif part.get("thought") is not True or not take_thought(message, part):
            rest.append(part)
            behind[id(part)] = len(message.get("tool_calls", ()))
    if rest:
        message |= parse_content(rest, f"{path}.parts")
        for entry in message.get("provider_blocks", ()):
            entry |= {"calls": behind[id(entry["block"])]} if behind[id(entry["block"])] else {}
        take_images(message)
    turns.messages.append(message)


def call_of(turns: Turns, part: Json, at: int, path: str) -> Json:
    call = part["functionCall"]
    given = call.get("id") if isinstance(call, dict) else None
    called = given if isinstance(given, str) and given else made_up_id("contents", len(turns.messages), at)
    said = parse_call(part, called, path)
    turns.unanswered.append((called, said["function"]["name"]))
    return said


def take_thought(message: Json, part: Json) -> bool:
    """False for a thought that Google signed: it is Google's own. A block that was packed says all that was thought before it."""
    signature, words = part.get("thoughtSignature"), part.get("text")
    if isinstance(signature, str) and signature:
        block = unpack_thinking(signature)
        if block is not None:
            message.setdefault("thinking_blocks", []).append(block)
        return block is not None
    if isinstance(words, str) and words:
        message["reasoning_content"] = message.get("reasoning_content", "") + words
    return isinstance(words, str)


def take_images(message: Json) -> None:
    """Pictures that a model made stand in `images`: content of an assistant is words."""
    content = message["content"]
    if isinstance(content, list):
        images = [part for part in content if part["type"] == "image_url"]
        if images and "provider_blocks" not in message:
            message["images"] = images
            message["content"] = [part for part in content if part["type"] != "image_url"] or None


def parse_content(parts: list[Json], path: str, start: int = 0) -> Json:
    """`content`, and beside it what has no unified word. One plain text is a string."""
    if len(parts) == 1 and parts[0].keys() == {"text"}:
        return {"content": asked(parts[0]["text"], str, f"{path}[{start}].text")}
    said: list[Json] = []
    own: list[Json] = []
    for at, part in enumerate(parts):
        unified = None if "thought" in part else parse_part(part, f"{path}[{start + at}]")
        if unified is None:
            own.append({"at": len(said), "block": part, "dialect": "gemini"})
        else:
            said.append(unified)
    return {"content": said, "provider_blocks": own} if own else {"content": said}


ROLES: Mapping[str, Callable[[Turns, list[Json], str], None]] = {
    "user": parse_user,
    "function": parse_user,
    "model": parse_model,
}
