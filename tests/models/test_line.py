"""A line of the table, read: what it leaves open is None, and its letters are the words that the rest of the house uses."""

from __future__ import annotations

from proxy.models.line import LETTERS, meaning, parse_line
from proxy.prices import Price
from proxy.providers import CAPABILITIES


def test_every_letter_is_a_capability_and_every_capability_has_a_letter() -> None:
    assert set(LETTERS.values()) == set(CAPABILITIES)
    assert len(LETTERS) == len(CAPABILITIES)


def test_a_whole_line() -> None:
    model = parse_line("gemini", "g-2\tcstvdaV\t1000\t100\t\t1.25,10,0.3;>200:2.5,15,0.6")
    assert (model.kind, model.name, model.context_window, model.max_output) == ("gemini", "g-2", 1000, 100)
    assert model.dimensions is None
    assert model.can == {"chat", "stream", "tools", "vision", "documents", "audio_input"}
    assert model.known
    assert (model.inputs, model.outputs) == (("text", "image", "file", "audio", "video"), ("text",))
    assert model.price == Price("1.25,10,0.3;>200:2.5,15,0.6", "gemini")


def test_a_line_of_next_to_nothing() -> None:
    model = parse_line("openrouter", "m\tcs?")
    assert not model.known
    assert [model.context_window, model.max_output, model.dimensions, model.price] == [None] * 4


def test_an_embedding_gives_no_modality_and_a_transcription_takes_no_text() -> None:
    assert meaning("e")[2:] == (("text",), ())
    assert meaning("ah")[2:] == (("audio",), ("text",))
    assert meaning("uA")[2:] == (("text",), ("audio",))
