"""One GET to a provider on the sidecar's own account, signed like a call: its list of models, or whether it is there at all."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from yarl import URL

from proxy.providers import Endpoint
from proxy.signing import SIGNERS, Asked
from proxy.upstream.credentials.ask import Answer, Asker
from proxy.upstream.road import Road, authority


def url_of(endpoint: Endpoint, path: str, query: str = "") -> URL:
    """`path` below the endpoint's address, with its options filled in."""
    for option, value in endpoint.options.items():
        path = path.replace(f"{{{option}}}", quote(value, safe=""))
    mark = ("&" if "?" in path else "?") if query else ""
    return URL(f"{endpoint.base_url}{path}{mark}{query}", encoded=True)


async def ask_provider(road: Road, url: URL, asker: Asker, now: float, seconds: float) -> Answer:
    """`now` is in seconds since the epoch. Unavailable where no answer comes, Failure where there is nothing to sign with."""
    provider = road.endpoint.provider
    headers = {"accept": "application/json", **provider.headers, **road.endpoint.headers}
    headers |= await signature(road, url, now)
    return await asker.ask("GET", str(url), headers=headers, seconds=seconds)


async def signature(road: Road, url: URL, now: float) -> Mapping[str, str]:
    if road.signs is None:
        key = road.endpoint.key
        return dict(SIGNERS[road.endpoint.provider.auth](key)) if key else {}
    await road.signs.ready()
    headers, _ = road.signs.sign(Asked("GET", authority(url), url.raw_path_qs, b"", now))
    road.secrets.learn(road.signs.secrets())
    return dict(headers)
