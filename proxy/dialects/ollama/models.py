"""The lists and descriptions of models that Ollama's clients ask for before they speak to one.

Clients know a model by name and digest, choose by its capabilities and read little else. What would describe a file on this
machine (its size, its quantisation) is left empty: there is none. Sources: https://docs.ollama.com/api/tags,
https://docs.ollama.com/api-reference/show-model-details, https://docs.ollama.com/api/ps.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from proxy.call import Json
from proxy.dialects.ollama.usage import render_time
from proxy.dialects.shape import chosen

#: The version that is named to clients, some of which refuse to talk to a server older than they know.
VERSION = "0.13.0"
#: What a model behind a provider is taken to be able to do; one that cannot will say so itself.
CAPABILITIES = ("completion", "tools", "vision", "thinking")


def render_version() -> Json:
    return {"version": VERSION}


def render_tags(models: Sequence[Json]) -> Json:
    """What /api/tags answers. `models` are entries of OpenAI's list: `{id, created, owned_by}`."""
    return {"models": [entry_of(model) for model in models]}


def entry_of(model: Json) -> Json:
    """The digest is of the name alone: it tells two models apart and says nothing of what is in them."""
    name = str(model.get("id") or "")
    return {
        "name": name,
        "model": name,
        "modified_at": render_time(model.get("created")),
        "size": 0,
        "digest": sha256(name.encode("utf-8", "surrogatepass")).hexdigest(),
        "details": details_of(model),
    }


def details_of(model: Json) -> Json:
    family = str(model.get("owned_by") or "")
    return {
        "parent_model": "",
        "format": "",
        "family": family,
        "families": [family] if family else [],
        "parameter_size": "",
        "quantization_level": "",
    }


def render_show(model: Json) -> Json:
    """What /api/show answers of one entry. It may have `capabilities`, in Ollama's words, and a `context_length` in tokens."""
    architecture = str(model.get("owned_by") or "unknown")
    length = chosen(model, ("context_length",))
    return {
        "license": "",
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": details_of(model),
        "model_info": {
            "general.architecture": architecture,
            "general.basename": str(model.get("id") or ""),
            **{f"{architecture}.{name}": value for name, value in length.items()},
        },
        "capabilities": list(model.get("capabilities") or CAPABILITIES),
        "modified_at": render_time(model.get("created")),
    }


def render_ps() -> Json:
    """What /api/ps answers: no model is in this machine's memory."""
    return {"models": []}
