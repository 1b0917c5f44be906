"""What the profiles of the shared files mean: keys, a role that other keys assume, or a role for a web identity.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html. No program is started and nobody
is asked for a code: `credential_process`, single sign-on, console sessions and MFA are named and refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from proxy.signing.sigv4 import AwsKeys
from proxy.upstream.credentials.aws_files import CONFIG, CREDENTIALS, Profile, meant, place, read_profiles
from proxy.upstream.credentials.aws_metadata import from_container, from_instance
from proxy.upstream.credentials.aws_sts import Role, assume_role, assume_with_web_identity
from proxy.upstream.credentials.aws_workload import Workload, checked, from_environment
from proxy.upstream.credentials.fresh import Token, Unavailable

#: The values of `credential_source`.
NAMED_SOURCES: Mapping[str, Callable[[Workload], Awaitable[Token[AwsKeys] | None]]] = {
    "Environment": from_environment,
    "EcsContainer": from_container,
    "Ec2InstanceMetadata": from_instance,
}
UNSUPPORTED = ("credential_process", "sso_session", "sso_start_url", "login_session")
STATIC = ("aws_access_key_id", "aws_secret_access_key")


async def from_profile(workload: Workload) -> Token[AwsKeys] | None:
    """None where no profile is named and there is no `default`, and where AWS_PROFILE names one that says nothing of keys."""
    profiles, name = await read_profiles(workload), meant(workload)
    if name not in profiles and name == "default":
        return None
    found = await keys_of(name, profiles, workload, ())
    if found is None and workload.options.get("profile"):
        raise Unavailable(f"profile `{name}` holds neither keys nor a role", lasting=True)
    return found


async def keys_of(
    name: str, profiles: Mapping[str, Profile], workload: Workload, seen: tuple[str, ...]
) -> Token[AwsKeys] | None:
    """`seen` are the profiles that led here. One that names itself, or is named by another, is taken for its static keys."""
    profile = profiles.get(name)
    if profile is None:
        files = " or ".join(filter(None, (place(workload, CONFIG), place(workload, CREDENTIALS))))
        raise Unavailable(f"there is no profile `{name}` in {files or 'any file: HOME is not set'}", lasting=True)
    has_keys = any(profile.get(key) for key in STATIC)
    if has_keys and (seen or not profile.get("role_arn")):
        return static(name, profile, workload)
    if name in seen:
        raise Unavailable(f"profiles go in a circle: {' -> '.join((*seen, name))}", lasting=True)
    if profile.get("role_arn"):
        return await assumed(name, profile, profiles, workload, seen)
    for setting in UNSUPPORTED:
        if profile.get(setting):
            raise Unavailable(f"profile `{name}` has {setting}, which is not supported", lasting=True)
    if profile.get("web_identity_token_file"):
        raise Unavailable(f"profile `{name}` has web_identity_token_file, but no role_arn", lasting=True)
    return None


def static(name: str, profile: Profile, workload: Workload) -> Token[AwsKeys]:
    for key in STATIC:
        if not profile.get(key):
            raise Unavailable(f"profile `{name}` has no {key}", lasting=True)
    access, secret = (profile[key] for key in STATIC)
    keys = AwsKeys(access, secret, profile.get("aws_session_token") or None)
    return checked(Token(keys, None), workload.wall())


async def assumed(
    name: str, profile: Profile, profiles: Mapping[str, Profile], workload: Workload, seen: tuple[str, ...]
) -> Token[AwsKeys]:
    role = Role(
        profile["role_arn"],
        profile.get("role_session_name", ""),
        profile.get("external_id", ""),
        profile.get("duration_seconds", ""),
    )
    if profile.get("mfa_serial"):
        raise Unavailable(f"profile `{name}` has mfa_serial, which is not supported", lasting=True)
    if path := profile.get("web_identity_token_file"):
        return await assume_with_web_identity(workload, role, path)
    base = await base_of(name, profile, profiles, workload, (*seen, name))
    return await assume_role(workload, role, base.value)


async def base_of(
    name: str, profile: Profile, profiles: Mapping[str, Profile], workload: Workload, seen: tuple[str, ...]
) -> Token[AwsKeys]:
    """The keys that assume the role of profile `name`."""
    source, named = profile.get("source_profile", ""), profile.get("credential_source", "")
    if bool(source) == bool(named):
        raise Unavailable(f"profile `{name}` needs either source_profile or credential_source", lasting=True)
    if source:
        base = await keys_of(source, profiles, workload, seen)
    elif named in NAMED_SOURCES:
        base = await NAMED_SOURCES[named](workload)
    else:
        allowed = ", ".join(NAMED_SOURCES)
        raise Unavailable(f"profile `{name}`: credential_source must be one of {allowed}", lasting=True)
    if base is None:
        raise Unavailable(f"profile `{name}`: there are no keys in {source or named}", lasting=True)
    return base
