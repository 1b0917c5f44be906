"""Who may ask the ops port what: this machine, and a browser on it only where our own page does the asking.

A browser here can be made to ask by any page it shows. A foreign one cannot read our answers, so it cannot know the token that
our page is given, and cannot send the header it goes in without leave that is never given.
"""

from __future__ import annotations

import re
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address
from secrets import token_urlsafe

from aiohttp.web_request import BaseRequest

#: The header in which our page sends its token.
TOKEN = "x-outrider-token"
JSON = "application/json"
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+))(?::\d+)?")
#: What browsers send and programs do not: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
BROWSERS = ("Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode")
SITE = "Sec-Fetch-Site"
SAME = "same-origin"


class Guard:
    """Stands before everything that changes something. Its token is good for as long as the process."""

    def __init__(self) -> None:
        self.token = token_urlsafe(24)

    def refusal(self, request: BaseRequest) -> str | None:
        """Why a POST is not heard; None where it is. Programs such as curl need no token: they are not made to ask."""
        if not is_from_browser(request):
            return None
        if request.headers.get(SITE, SAME) != SAME:
            return "asked by another page"
        if request.content_type != JSON:
            return f"browsers must send {JSON}"
        if not compare_digest(request.headers.get(TOKEN, "").encode("utf-8", "replace"), self.token.encode()):
            return f"the header {TOKEN} must be the token of the page; load it anew"
        return None


def is_from_browser(request: BaseRequest) -> bool:
    said = request.headers
    return any(name in said for name in BROWSERS) or said.get("User-Agent", "").startswith("Mozilla/")


def is_local(request: BaseRequest) -> bool:
    """Sent from this machine to a name of this machine, and not by a foreign web page that a browser here shows."""
    host = request.headers.get("Host", "")
    name = HOST.fullmatch(host)
    origin = request.headers.get("Origin")
    return (
        name is not None
        and is_loopback(request.remote or "")
        and (name[2] == "localhost" or is_loopback(name[1] or name[2]))
        and origin in (None, f"http://{host}")
    )


def is_loopback(address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (mapped or ip).is_loopback
