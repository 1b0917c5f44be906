"""What signs for an endpoint: its one key, several in turn, or a cloud's credentials where it has no key of its own.

What a cloud needs is imported when a provider is configured that needs it: each costs memory in every pod.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import random
from time import monotonic
from time import time as since_epoch

from proxy.providers import Endpoint
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.fresh import Fresh
from proxy.upstream.credentials.signs import Aws, Bearer, KeyRing, Signs

#: The service that AWS's signatures name, by the first label of the host.
SERVICES: Mapping[str, str] = {"bedrock-runtime": "bedrock", "bedrock-mantle": "bedrock-mantle"}


def read_text(path: str) -> str:
    """Never called on the loop. Raises OSError, or ValueError for what is no text."""
    return Path(path).read_text()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where credentials come from: the environment, files, endpoints; and clocks and dice. Files are read off the loop."""

    environ: Mapping[str, str]
    asker: Asker
    read_file: Callable[[str], str] = read_text
    time: Callable[[], float] = monotonic
    wall: Callable[[], float] = since_epoch
    dice: Callable[[], float] = random


def signs_for(endpoint: Endpoint, around: Surroundings) -> Signs | None:
    """None where the endpoint's one key, or nothing at all, signs every request alike."""
    if len(endpoint.keys) > 1:
        return KeyRing(endpoint.keys, endpoint.provider.auth, around.time)
    if endpoint.key is not None or not endpoint.provider.cloud:
        return None
    return CLOUDS[endpoint.provider.cloud](endpoint, around)


def aws(endpoint: Endpoint, around: Surroundings) -> Signs:
    from proxy.upstream.credentials.aws import aws_source

    fetch = aws_source(around.environ, endpoint.options, around.asker, around.wall, around.read_file)
    host = endpoint.base_url.split("://", 1)[-1]
    service = SERVICES.get(host.split(".", 1)[0], "bedrock")
    return Aws(Fresh(endpoint.name, fetch, around.wall, around.dice), endpoint.options["region"], service)


def google(endpoint: Endpoint, around: Surroundings) -> Signs:
    from proxy.upstream.credentials.google import google_source

    fetch = google_source(around.environ, endpoint.options, around.asker, around.wall, around.read_file)
    return Bearer(Fresh(endpoint.name, fetch, around.wall, around.dice))


def azure(endpoint: Endpoint, around: Surroundings) -> Signs:
    from proxy.upstream.credentials.azure import azure_source

    fetch = azure_source(around.environ, endpoint.options, around.asker, around.wall, around.read_file)
    return Bearer(Fresh(endpoint.name, fetch, around.wall, around.dice))


CLOUDS: Mapping[str, Callable[[Endpoint, Surroundings], Signs]] = {"aws": aws, "google": google, "azure": azure}
