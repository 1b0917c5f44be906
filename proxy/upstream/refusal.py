"""A provider's answer that says no: what kind of failure it is, in the provider's words, and when to come again.

Which status means what, and where the words stand, is said by the dialect or the provider's file.
"""

from __future__ import annotations

from proxy.call import Call, Failure
from proxy.dialects.retry_after import parse_retry_after
from proxy.receipt import passed_headers
from proxy.translate import Plan
from proxy.upstream.answer import read_whole
from proxy.upstream.connection import Connection
from proxy.upstream.road import Road

#: Most of an error's body that is read.
LONGEST = 64 * 1024


async def read_refusal(call: Call, words: Plan, connection: Connection, road: Road, now: float) -> Failure:
    """`now` in seconds since the epoch, for dates. A body that does not come leaves what the status says."""
    try:
        body = road.secrets.hide_bytes(await read_whole(connection, LONGEST))
    except Failure:
        body = b""
    parse_error = road.endpoint.provider.parse_error or words.theirs.parse_error
    headers = dict(connection.headers)
    failure = parse_error(connection.status, headers, body[:LONGEST])
    if failure.retry_after is None and "retry-after" in headers:
        failure.retry_after = parse_retry_after(headers, now=now)
    if failure.kind == "authentication_failed":
        road.refused(call, failure)
    failure.headers = passed_headers(connection.headers)
    return failure
