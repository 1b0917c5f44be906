"""Google's tokens: where Application Default Credentials look for an identity, in their order.

Source: https://cloud.google.com/docs/authentication/application-default-credentials. What is in a file of credentials is
told in google_files.py; here it is known where the file may be, and what stands in for it on Google's own machines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from urllib.parse import quote

from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.google_files import SCOPE, GoogleFiles
from proxy.upstream.credentials.grant import ReadFile, loaded, patiently, said_in, text_in, token_in, told

GIVEN = "GOOGLE_APPLICATION_CREDENTIALS"
WELL_KNOWN = "application_default_credentials.json"
#: https://cloud.google.com/compute/docs/metadata/querying-metadata: whoever answers must say that it is Google's server.
METADATA = "metadata.google.internal"
FLAVOR = {"metadata-flavor": "Google"}
PATIENCE = 3.0


def google_source(
    environ: Mapping[str, str],
    options: Mapping[str, str],
    asker: Asker,
    wall: Callable[[], float],
    read_file: ReadFile,
) -> Callable[[], Awaitable[Token[str]]]:
    """What fetches an access token. Option: `credentials_file`. It looks around anew each time, for files are replaced.

    Unavailable says where it looked. A file that was named and is of no use is not passed over.
    """
    files = GoogleFiles(asker, wall, read_file)
    named, by = named_file(environ, options)
    usual = well_known(environ)

    async def fetch() -> Token[str]:
        if named:
            return await fetch_by_file(files, named, by)
        if usual and await is_readable(usual, read_file):
            return await fetch_by_file(files, usual, "the file of gcloud auth application-default login")
        passed_over = (
            f"{GIVEN} is not set and there is no option credentials_file; there is no {usual or WELL_KNOWN}"
            " (gcloud auth application-default login makes it); no metadata server"
        )
        return await told(passed_over, fetch_by_metadata(environ, asker, wall))

    return fetch


def named_file(environ: Mapping[str, str], options: Mapping[str, str]) -> tuple[str, str]:
    """The file that the operator names, and by what; empty where none is named."""
    if options.get("credentials_file"):
        return options["credentials_file"], "option credentials_file"
    return environ.get(GIVEN, "").strip(), GIVEN


def well_known(environ: Mapping[str, str]) -> str:
    """Where gcloud leaves a person's own credentials; empty where there is no home."""
    if environ.get("CLOUDSDK_CONFIG"):
        return f"{environ['CLOUDSDK_CONFIG']}/{WELL_KNOWN}"
    return f"{environ['HOME']}/.config/gcloud/{WELL_KNOWN}" if environ.get("HOME") else ""


async def is_readable(path: str, read_file: ReadFile) -> bool:
    try:
        return bool(await asyncio.to_thread(read_file, path))
    except (OSError, ValueError):
        return False


async def fetch_by_file(files: GoogleFiles, path: str, by: str) -> Token[str]:
    text = await text_in(path, files.read_file, f"the credentials file ({by})")
    credentials = loaded(text)
    if credentials is None:
        raise Unavailable(f"{path} ({by}) holds no JSON object", lasting=True)
    return await told(f"with {path} ({by})", files.fetch(credentials))


async def fetch_by_metadata(environ: Mapping[str, str], asker: Asker, wall: Callable[[], float]) -> Token[str]:
    host = environ.get("GCE_METADATA_HOST") or environ.get("GCE_METADATA_ROOT") or METADATA
    path = f"computeMetadata/v1/instance/service-accounts/default/token?scopes={quote(SCOPE, safe='')}"
    url = f"http://{host}/{path}"
    answer = await patiently(partial(asker.ask, "GET", url, headers=FLAVOR, seconds=PATIENCE, proxied=False))
    if answer.headers.get("metadata-flavor") != FLAVOR["metadata-flavor"]:
        raise Unavailable(f"{host} is not Google's metadata server")
    if answer.status == 404:
        raise Unavailable(f"{host} knows of no service account: none is attached to this workload")
    return token_in(said_in(answer, host, ()), host, wall())
