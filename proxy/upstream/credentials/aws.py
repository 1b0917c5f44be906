"""Where the keys for AWS come from: the first source of a chain that is configured, and the role that the operator wants assumed.

The order is that of https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html. A source that is configured
and fails is not passed over: the next one would be somebody else. A bearer token is a key, and none of this file's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials.ask import Asker
from proxy.upstream.credentials.aws_files import region_of
from proxy.upstream.credentials.aws_metadata import from_container, from_instance
from proxy.upstream.credentials.aws_profiles import from_profile
from proxy.upstream.credentials.aws_sts import Role, assume_role, from_web_identity
from proxy.upstream.credentials.aws_workload import Workload, from_environment
from proxy.upstream.credentials.fresh import Token, Unavailable
from proxy.upstream.credentials.grant import ReadFile


class Source(NamedTuple):
    """`keys` is None where it is not configured; `wants` says what would turn it on."""

    name: str
    wants: str
    keys: Callable[[Workload], Awaitable[Token[AwsKeys] | None]]


PROFILE = Source("profile", "AWS_PROFILE, or a profile `default` in ~/.aws/credentials or ~/.aws/config", from_profile)
CHAIN = (
    Source("environment", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", from_environment),
    Source("web identity", "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN", from_web_identity),
    PROFILE,
    Source(
        "container",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, as EKS Pod Identity and ECS set them",
        from_container,
    ),
    Source("instance metadata", "AWS_EC2_METADATA_DISABLED other than true, and a role of the instance", from_instance),
)


def aws_source(
    environ: Mapping[str, str],
    options: Mapping[str, str],
    asker: Asker,
    wall: Callable[[], float],
    read_file: ReadFile,
) -> Callable[[], Awaitable[Token[AwsKeys]]]:
    """What fetches keys; nothing is looked at before it is called. It raises Unavailable.

    options: region, profile, role_arn, external_id, session_name, all of them optional.
    """
    return partial(fetch, Workload(environ, options, asker, wall, read_file))


async def aws_region(
    environ: Mapping[str, str], options: Mapping[str, str], read_file: Callable[[str], str]
) -> str | None:
    """The option, else AWS_REGION, AWS_DEFAULT_REGION, the profile's. Unavailable where a file of profiles cannot be read."""
    return await region_of(Workload(environ, options, Asker(), lambda: 0.0, read_file))


async def fetch(workload: Workload) -> Token[AwsKeys]:
    """An operator who names a profile wants that one, whatever else there is."""
    options = workload.options
    base = await first_of((PROFILE,) if options.get("profile") else CHAIN, workload)
    arn = options.get("role_arn")
    if not arn:
        return base
    role = Role(arn, options.get("session_name", ""), options.get("external_id", ""))
    try:
        return await assume_role(workload, role, base.value)
    except Unavailable as fault:
        raise Unavailable(f"option `role_arn`: {fault}", fault.lasting) from None


async def first_of(chain: Sequence[Source], workload: Workload) -> Token[AwsKeys]:
    for position, source in enumerate(chain):
        try:
            token = await source.keys(workload)
        except Unavailable as fault:
            passed = f"; not configured: {told(chain[:position])}" if position else ""
            raise Unavailable(f"{source.name}: {fault}{passed}", fault.lasting) from None
        if token is not None:
            return token
    raise Unavailable(f"no source is configured: {told(chain)}", lasting=True)


def told(chain: Sequence[Source]) -> str:
    return "; ".join([f"{source.name} (wants {source.wants})" for source in chain])
