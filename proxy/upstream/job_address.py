"""Web addresses that a provider hands out for a job's output: which of them may be followed, and with the provider's key.

Nothing is asked of anybody here: what is not base_url's own origin, or one of the hosts that the provider's file names, is no
address of the provider's, whoever answers there.
"""

from __future__ import annotations

from yarl import URL

from proxy.providers import Provider

LONGEST = 4096


class NotFollowed(Exception):
    """Why an address is not followed, in words that follow its name."""


def check_address(text: str, base: URL, provider: Provider) -> URL:
    """The address, if it is the provider's. NotFollowed says why it is not.

    The file's other hosts are reached over https alone, and only from base_url's usual host: the key for somebody who stands
    in between is not theirs.
    """
    try:
        url = URL(text) if len(text) <= LONGEST else URL()
    except ValueError:
        raise NotFollowed("is not a valid address") from None
    if not url.raw_host or url.user is not None or url.password is not None:
        raise NotFollowed("is not a valid address")
    if url.scheme not in ("http", "https"):
        raise NotFollowed("is not of the web")
    if url.origin() != base.origin() and not is_another_of_its_hosts(url, base, provider):
        raise NotFollowed("is at a host that is not the provider's")
    return url.with_fragment(None)


def is_another_of_its_hosts(url: URL, base: URL, provider: Provider) -> bool:
    if provider.job is None or provider.base_url is None or base.raw_host != URL(provider.base_url).raw_host:
        return False
    return url.scheme == "https" and url.is_default_port() and url.raw_host in provider.job.hosts
