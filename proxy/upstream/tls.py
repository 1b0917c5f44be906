"""TLS towards providers: verified, and resumed where the server allows it.

asyncio has no way to pass a session (RFC 8446, section 2.2) to a new connection, but every loop makes its SSLObject through
`SSLContext.wrap_bio`: the context hands in the session it kept for that server name.
"""

from __future__ import annotations

import ssl
from typing import Any

SESSIONS = 64


class ResumingContext(ssl.SSLContext):
    """An SSLContext that remembers the last session of each server name, at most SESSIONS of them."""

    _sessions: dict[str, ssl.SSLSession]

    @classmethod
    def verifying(cls) -> ResumingContext:
        """Certificates and host names are checked against the system's store; TLS 1.2 at least."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context._sessions = {}
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_default_certs()
        context.set_alpn_protocols(["http/1.1"])
        return context

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        if session is None and isinstance(server_hostname, str):
            session = self._sessions.get(server_hostname)
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def keep_session(self, tls: Any) -> None:
        """Remember the session of a connection that has carried an answer: by then TLS 1.3 tickets have come."""
        session, name = tls.session, tls.server_hostname
        if session is None or not session.has_ticket:
            return
        if len(self._sessions) >= SESSIONS and name not in self._sessions:
            self._sessions.clear()
        self._sessions[name] = session
