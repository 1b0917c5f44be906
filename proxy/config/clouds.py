"""Whose credentials a cloud's provider will sign with, as far as environment and files tell: what `outrider check` shows.

Nothing is asked, and no file is read. Where credentials are really had from is told in proxy/upstream/credentials, in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

TITLES: Mapping[str, str] = {"aws": "AWS", "google": "Google", "azure": "Azure"}
#: cloud -> what turns on each of its sources, the first that is there wins. In small letters an option, from `~` a file, else a
#: variable; of several all must be there.
SOURCES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "aws": (
        ("profile",),
        ("AWS_ACCESS_KEY_ID",),
        ("AWS_WEB_IDENTITY_TOKEN_FILE",),
        ("AWS_PROFILE",),
        ("AWS_SHARED_CREDENTIALS_FILE",),
        ("AWS_CONFIG_FILE",),
        ("~/.aws/credentials",),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI",),
    ),
    "google": (
        ("credentials_file",),
        ("GOOGLE_APPLICATION_CREDENTIALS",),
        ("~/.config/gcloud/application_default_credentials.json",),
    ),
    "azure": (
        ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"),
        ("AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"),
        ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"),
    ),
}
#: Options that stand for a variable.
OPTIONS: Mapping[str, str] = {"AZURE_CLIENT_ID": "client_id", "AZURE_TENANT_ID": "tenant_id"}
#: cloud -> what is asked where none of these is there.
LAST: Mapping[str, str] = {
    "aws": "the role of the instance, from its metadata server",
    "google": "the service account of the workload, from the metadata server",
    "azure": "the managed identity of the machine, from its metadata server",
}


def credentials_of(
    cloud: str, options: Mapping[str, str], environ: Mapping[str, str], is_file: Callable[[str], bool]
) -> str:
    """For a person: by what they will be found, or, where only a metadata server is left, what else could be set."""

    def is_there(name: str) -> bool:
        if name.startswith("~"):
            return bool(environ.get("HOME")) and is_file(environ["HOME"] + name[1:])
        return bool(options.get(OPTIONS.get(name, name)) or environ.get(name, "").strip())

    acts_as = f", to assume {options['role_arn']}" if options.get("role_arn") else ""
    for needed in SOURCES[cloud]:
        if all(map(is_there, needed)):
            return f"credentials of {TITLES[cloud]} by {told(needed[:1])}{acts_as}"
    wanted = " or ".join([told(needed) for needed in SOURCES[cloud]])
    return f"credentials of {TITLES[cloud]}: {LAST[cloud]}{acts_as} (what else would do: {wanted})"


def told(needed: tuple[str, ...]) -> str:
    return " with ".join([f"the option {name}" if name.islower() and name.isidentifier() else name for name in needed])
