"""Lists and descriptions of models, as Ollama's own client reads them."""

from datetime import UTC, datetime

from ollama import ListResponse, ProcessResponse, ShowResponse

from proxy.call import Json
from proxy.dialects.ollama.models import VERSION, render_ps, render_show, render_tags, render_version

MODEL: Json = {"id": "gpt-4o", "object": "model", "created": 1749083509, "owned_by": "openai"}


def test_a_list() -> None:
    models = ListResponse(**render_tags([MODEL, {"id": "fast"}])).models
    assert [model.model for model in models] == ["gpt-4o", "fast"]
    assert models[0].modified_at == datetime.fromtimestamp(1749083509, UTC)
    assert models[0].details is not None
    assert models[0].details.families == ["openai"]
    assert models[0].digest != models[1].digest
    assert len(models[0].digest or "") == 64
    assert [entry["name"] for entry in render_tags([MODEL])["models"]] == ["gpt-4o"]


def test_a_description() -> None:
    shown = ShowResponse(**render_show({**MODEL, "capabilities": ["embedding"], "context_length": 128000}))
    assert shown.capabilities == ["embedding"]
    assert shown.modelinfo == {
        "general.architecture": "openai",
        "general.basename": "gpt-4o",
        "openai.context_length": 128000,
    }
    assert ShowResponse(**render_show({})).capabilities == ["completion", "tools", "vision", "thinking"]


def test_nothing_is_loaded_and_the_version_is_a_version() -> None:
    assert ProcessResponse(**render_ps()).models == []
    assert render_version() == {"version": VERSION}
    assert all(part.isdecimal() for part in VERSION.split("."))
