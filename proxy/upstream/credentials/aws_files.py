"""The shared config and credentials files: which profiles there are, what stands in them, and which one is meant.

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html and file-location.html there. They are read anew at
every look, so that keys that are rotated on disk are found. What profiles mean is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from configparser import MissingSectionHeaderError, ParsingError, RawConfigParser

from proxy.upstream.credentials.aws_workload import Workload
from proxy.upstream.credentials.fresh import Unavailable

Profile = Mapping[str, str]
#: variable that says where it is, where it is otherwise below the home directory.
CONFIG = ("AWS_CONFIG_FILE", ".aws/config")
CREDENTIALS = ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


def place(workload: Workload, file: tuple[str, str]) -> str:
    """Its path; "" where there is neither a variable nor a home."""
    variable, usual = file
    given, home = workload.told(variable), workload.told("HOME").rstrip("/")
    if given.startswith("~/"):
        return f"{home}{given[1:]}"
    return given or (f"{home}/{usual}" if home else "")


def meant(workload: Workload) -> str:
    """The name of the profile: the option, else AWS_PROFILE, else `default`."""
    return workload.options.get("profile") or workload.told("AWS_PROFILE") or "default"


async def region_of(workload: Workload) -> str | None:
    """The option, else the environment's, else the profile's, whose file is read only then."""
    for region in (workload.options.get("region"), *map(workload.told, REGIONS)):
        if region:
            return region
    return (await read_profiles(workload)).get(meant(workload), {}).get("region")


async def read_profiles(workload: Workload) -> Mapping[str, Profile]:
    """Profiles by name; what the credentials file says wins over the config file. Unavailable where one cannot be read."""
    profiles: dict[str, dict[str, str]] = {}
    for file in (CONFIG, CREDENTIALS):
        path = place(workload, file)
        text = await text_of(workload, path) if path else ""
        for name, settings in sections(text, path, file is CONFIG):
            profiles.setdefault(name, {}).update(settings)
    return profiles


async def text_of(workload: Workload, path: str) -> str:
    """A file that is not there holds no profiles."""
    try:
        return await asyncio.to_thread(workload.read_file, path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"{path} cannot be read ({type(error).__name__})", lasting=True) from None


def sections(text: str, path: str, config: bool) -> Iterator[tuple[str, Profile]]:
    """In the config file profiles other than `default` are headed `profile NAME`, in the credentials file all NAME."""
    parser = RawConfigParser(strict=False, default_section="\0", comment_prefixes=("#", ";"), delimiters=("=",))
    try:
        parser.read_string(text)
    except ParsingError as error:
        raise Unavailable(f"{path} is not a file of profiles: see line {line_of(error)}", lasting=True) from None
    found = {}
    for heading in parser.sections():
        kind, _, rest = heading.strip().partition(" ")
        if config and kind == "profile" and rest.strip():
            found[rest.strip().strip("\"'")] = dict(parser.items(heading))
        elif not config or heading == "default":
            found.setdefault(heading.strip(), dict(parser.items(heading)))
    yield from found.items()


def line_of(error: ParsingError) -> int:
    """Only its number: the line itself may be a secret."""
    return error.lineno if isinstance(error, MissingSectionHeaderError) else error.errors[0][0]
