"""Who plays: the applications, the providers, and what some of them have no words for, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from tests.sdk.clients import anthropic_messages, bedrock, cohere, gemini, ollama, openai_chat, openai_responses
from tests.sdk.clients.driver import Driver
from tests.sdk.upstreams.provider import WIRES as ALL_WIRES
from tests.sdk.upstreams.wire import Wire

DRIVERS: Mapping[str, type[Driver]] = {
    driver.name: driver
    for driver in (
        openai_chat.Driver,
        openai_responses.Driver,
        anthropic_messages.Driver,
        gemini.Driver,
        bedrock.Driver,
        ollama.Driver,
        cohere.Driver,
    )
}
WIRES: Mapping[str, Wire] = {wire.name: wire for wire in ALL_WIRES}
PAIRS = [(client, target) for client in DRIVERS for target in WIRES]

#: Providers that sign what the model thought, or seal it.
SIGNED = frozenset({"responses", "anthropic", "gemini", "bedrock"})

#: Client -> the providers whose signatures its SDK can bring back, besides its own.
CARRIES: Mapping[str, frozenset[str]] = {
    # Members that the package does not know stay on the message, which the application sends back whole.
    "openai": frozenset({"responses", "anthropic", "gemini", "bedrock"}),
    # Reasoning items have a place for what is sealed, and calls have ids.
    "responses": frozenset({"responses", "anthropic", "gemini", "bedrock"}),
    # Claude's signatures are the same behind Bedrock.
    "anthropic": frozenset({"anthropic", "bedrock", "gemini"}),
    "bedrock": frozenset({"anthropic", "bedrock", "gemini"}),
    # Any part may have a signature.
    "gemini": frozenset({"responses", "anthropic", "gemini", "bedrock"}),
    # Calls without ids, thoughts without signatures.
    "ollama": frozenset(),
    # Thoughts have no signature, but calls have ids.
    "cohere": frozenset({"gemini"}),
}

#: Ollama's `think: true` asks for no more than that; OpenAI's models think, and only how much can be said.
UNASKED = frozenset({("ollama", "openai"), ("ollama", "responses")})

#: A provider's own code goes on to an application that knows it.
RAISES: Mapping[tuple[str, str, int], str] = {
    ("bedrock", "bedrock", 500): "InternalServerException",
}

#: The provider's status -> the application's: a refused key is the operator's business, a provider's fault a bad gateway.
SEEN: Mapping[int, int] = {400: 400, 401: 500, 404: 404, 429: 429, 500: 502, 503: 502}
