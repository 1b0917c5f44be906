"""What the operator says goes before what the table says; what nobody says stays open. And the memory is bounded."""

from __future__ import annotations

from proxy.models import REMEMBERED, Entry, Model, Models, Table, capabilities
from proxy.prices import Price

TEXT = "[openai]\ngpt-4o\tcstv\t128\t16\t\t2.5,10;>64:5,20\no1\tcsr\t200\n[azure_openai]\ngpt-4o\tcst\t128\t16\n"


def models(*entries: Entry) -> Models:
    return Models(entries, Table(lambda: TEXT))


def test_a_capability_of_the_operator_s_goes_before_the_table_s() -> None:
    found = models(Entry("mine", "gpt-4o", can=frozenset({"chat", "audio_input"})))
    model = found.find("openai", "gpt-4o", "mine")
    assert model is not None
    assert model.can == {"chat", "audio_input"}
    assert model.known
    assert (model.inputs, model.context_window) == (("text", "audio"), 128)
    assert model.price == Price("2.5,10;>64:5,20", "openai")
    others = found.find("openai", "gpt-4o", "another")
    assert others is not None
    assert "vision" in others.can


def test_a_price_of_the_operator_s_replaces_the_table_s_whole() -> None:
    model = models(Entry("mine", "gpt-4o", price="1,2")).find("openai", "gpt-4o", "mine")
    assert model is not None
    assert model.price == Price("1,2", "openai")


def test_a_price_that_the_operator_knows_nothing_of_is_not_the_table_s() -> None:
    model = models(Entry("mine", "gpt-4o", price="")).find("openai", "gpt-4o", "mine")
    assert model is not None
    assert model.price == Price("", "openai")


def test_a_deployment_is_like_its_model() -> None:
    found = models(Entry("az", "chat-prod", like="gpt-4o", max_output=8)).find("azure_openai", "chat-prod", "az")
    assert found == Model("azure_openai", "chat-prod", 128, 8, None, frozenset({"chat", "stream", "tools"}), True)


def test_a_name_goes_before_a_pattern_whatever_stands_first() -> None:
    found = models(Entry("v", "llama*", max_output=1), Entry("v", "llama-3", max_output=2))
    assert [(found.find("vllm", name, "v") or Model("", "")).max_output for name in ("llama-3", "llama-4")] == [2, 1]


def test_a_model_that_only_the_operator_knows() -> None:
    model = models(Entry("v", "own", context_window=5)).find("vllm", "own", "v")
    assert model == Model("vllm", "own", 5)
    assert capabilities(model) is None
    assert models().find("vllm", "own", "v") is None
    assert capabilities(None) is None


def test_all_of_a_provider_and_those_that_can() -> None:
    found = models(Entry("mine", "own", can=frozenset({"vision"})), Entry("mine", "o1", max_output=3))
    assert [(model.name, model.max_output) for model in found.all_of("openai", "mine")] == [
        ("own", None),
        ("o1", 3),
        ("gpt-4o", 16),
    ]
    assert [model.name for model in found.with_capability("vision", "openai", "mine")] == ["own", "gpt-4o"]
    assert [model.name for model in found.with_capability("vision", "openai")] == ["gpt-4o"]
    assert list(found.all_of("vllm")) == []


def test_answers_are_remembered_and_not_without_end() -> None:
    found = models()
    assert found.find("openai", "gpt-4o") is found.find("openai", "gpt-4o")
    for number in range(REMEMBERED + 5):
        found.find("openai", f"nope-{number}")
    fill, limit = found.remembered
    assert 0 < fill <= limit == REMEMBERED
