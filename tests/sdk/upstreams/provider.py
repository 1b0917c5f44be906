"""All seven providers behind one port: the path tells which. Each request is read in its own wire and answered in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import takewhile
from urllib.parse import unquote

from tests.sdk.scenes import Answer, Broken, Heard, Refusal, Script
from tests.sdk.upstreams import anthropic_messages, bedrock, cohere, gemini, ollama, openai_chat, responses
from tests.sdk.upstreams.server import PATIENCE, Turn, Upstream
from tests.sdk.upstreams.wire import PIECE, Unable, Wire

KEY = "sk-canary-canary-canary"
WIRES: Sequence[Wire] = (
    openai_chat.WIRE,
    responses.WIRE,
    anthropic_messages.WIRE,
    gemini.WIRE,
    bedrock.WIRE,
    ollama.WIRE,
    cohere.WIRE,
)


class Providers(Upstream):
    """Answers with `script` who has the key; "" lets anybody ask. `heard` is what was asked since the script began, with the
    names of wire and model.

    `complaints` is what a provider would have refused; the caller is told with a 400.
    """

    def __init__(self, key: str = KEY) -> None:
        super().__init__()
        self.key = key
        self.script: Script | tuple[Script, Script] = Answer("Hello")
        self.heard: list[tuple[str, str, Heard]] = []
        self.complaints: list[str] = []

    def plays(self, script: Script | tuple[Script, Script]) -> None:
        """Forget what was, and answer so."""
        self.script = script
        self.turns.clear()
        self.heard.clear()
        self.complaints.clear()

    def answer(self, turn: Turn) -> None:
        wire = next((wire for wire in WIRES if wire.path.fullmatch(turn.path)), None)
        if wire is None:
            self.complaints.append(f"nobody serves {turn.path}")
            turn.reply(404, {"error": f"nobody serves {turn.path}"})
            return
        model = unquote(model_of(wire, turn))
        try:
            check_key(wire, turn, self.key)
            heard = wire.hear(turn.request)
            self.heard.append((wire.name, model, heard))
            script = self.script_for(heard)
        except Unable as unable:
            turn.reply(400, unable.body)
            return
        except (ValueError, KeyError, IndexError, TypeError) as fault:
            self.complaints.append(f"{wire.name}: {fault!r} in {json.dumps(turn.request)}")
            headers, body = wire.refusal(400, f"{fault!r}")
            turn.reply(400, body, headers)
            return
        play(wire, turn, script, model)

    def script_for(self, heard: Heard) -> Script:
        """Of two scripts the second is for the turn that brings results."""
        return self.script[bool(heard.results)] if isinstance(self.script, tuple) else self.script


def model_of(wire: Wire, turn: Turn) -> str:
    found = wire.path.fullmatch(turn.path)
    assert found is not None
    return str(found.groupdict().get("model") or turn.request["model"])


def check_key(wire: Wire, turn: Turn, key: str) -> None:
    name, before = wire.key
    if key and turn.headers.get(name) != before + key:
        raise ValueError(f"{name} is {turn.headers.get(name)}")


def play(wire: Wire, turn: Turn, script: Script, model: str) -> None:
    if isinstance(script, Refusal):
        headers, body = wire.refusal(script.status, script.words)
        turn.reply(script.status, body, {**headers, **script.headers})
    elif isinstance(script, Broken):
        play_broken(wire, turn, script, model)
    elif wire.streamed(turn.path, turn.request):
        turn.begin(wire.content_type)
        for piece in wire.stream(script, model, turn.request):
            turn.send(piece)
        turn.end()
    else:
        turn.reply(200, wire.whole(script, model))


def play_broken(wire: Wire, turn: Turn, script: Broken, model: str) -> None:
    """All of the words, and then none of what ends a stream well."""
    turn.begin(wire.content_type)
    for piece in beginning(wire, script.words, model, turn):
        turn.send(piece)
    assert script.heard is None or script.heard.wait(PATIENCE)
    if script.ending == "error":
        turn.send(wire.broken(script.complaint))
    if script.ending == "reset":
        turn.cut()
    else:
        turn.end()


def beginning(wire: Wire, words: str, model: str, turn: Turn) -> list[bytes]:
    """The stream of `words` as far as the last of them: what two answers that begin alike have in common."""
    assert len(words) % PIECE == 0
    longer = wire.stream(Answer(words + " and more"), model, turn.request)
    whole = wire.stream(Answer(words), model, turn.request)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(whole, longer, strict=False))
    return [piece for piece, _ in alike]
