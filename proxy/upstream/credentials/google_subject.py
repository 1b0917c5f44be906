"""The token that an external account has of its own provider: in a file, or at an address.

Source: https://google.aip.dev/auth/4117. Programs, certificates and AWS's signed requests as sources are not supported.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.upstream.credentials.ask import Asker, host_of
from proxy.upstream.credentials.fresh import Unavailable
from proxy.upstream.credentials.grant import PASSING, ReadFile, loaded, text_in

UNSUPPORTED = ("environment_id", "executable", "certificate")


async def subject_token(source: Any, asker: Asker, read_file: ReadFile) -> str:
    """Unavailable names what is wrong in `credential_source`."""
    if not isinstance(source, dict):
        raise Unavailable("credential_source is missing", lasting=True)
    for name in UNSUPPORTED:
        if name in source:
            raise Unavailable(f"credential_source.{name} is not supported: only file and url are", lasting=True)
    if isinstance(source.get("file"), str):
        return found_in(await text_in(source["file"], read_file, "credential_source.file"), source, source["file"])
    if isinstance(source.get("url"), str):
        return found_in(await asked_for(source, asker), source, host_of(source["url"]))
    raise Unavailable("credential_source has neither a file nor a url", lasting=True)


async def asked_for(source: Json, asker: Asker) -> str:
    """Metadata servers are asked too: never by way of a proxy."""
    given = source.get("headers")
    headers = {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    answer = await asker.ask("GET", source["url"], headers=headers, proxied=False)
    if answer.status != 200:
        lasting = answer.status < 500 and answer.status not in PASSING
        raise Unavailable(f"{host_of(source['url'])} (credential_source.url) answered {answer.status}", lasting)
    return answer.body.decode("utf-8", "replace").strip()


def found_in(text: str, source: Json, where: str) -> str:
    """The text itself, or one member of the JSON object that it is, as `format` says."""
    form = source.get("format")
    form = form if isinstance(form, dict) else {}
    if form.get("type", "text") == "text":
        token: Any = text
    else:
        name = str(form.get("subject_token_field_name"))
        token = (loaded(text) or {}).get(name)
    if not isinstance(token, str) or not token:
        raise Unavailable(f"{where} holds no token of the form that credential_source.format tells")
    return token
