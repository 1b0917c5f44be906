"""What a provider said before it closed a connection on which a request was still going up.

Writing then fails, and event loops give up a connection whose writing fails without reading what has arrived: an answer, often
"too large" (RFC 9112, section 9.6, has servers linger for that, and many do not).
"""

from __future__ import annotations

import asyncio
import os
import socket

#: Of an answer to a request that was not read to its end.
MOST = 64 << 10


def last_words(transport: asyncio.BaseTransport) -> bytes:
    """What the kernel still holds of a connection that is being given up; b"" where that is nothing, or not plain text."""
    ours = transport.get_extra_info("socket")
    if ours is None or transport.get_extra_info("ssl_object") is not None:
        return b""
    try:
        # The loop's own socket refuses to be read; another name of the same one does not.
        with socket.socket(fileno=os.dup(ours.fileno())) as same:
            same.setblocking(False)
            return same.recv(MOST)
    except OSError:
        return b""
