"""The keeping of certificates: the Secret is the one truth, shared by all replicas without a leader.

Every write names the version it was made from, so of two replicas that do the same thing one is refused and reads again. The
webhook configuration is read before the Secret and patched in the version read alone: a replica that knows an old Secret
cannot take back what another has published. What is due is decided in authority.py; no socket is opened here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from proxy.injector.authority import Authority, advance, begin, next_step, parse_secret, render_secret, salvage
from proxy.injector.certificates import Damaged, Lifetimes, read
from proxy.injector.published import corrections, is_published
from proxy.injector.refusal import ClusterError
from proxy.injector.served import BadPair

log = logging.getLogger(__name__)

#: Statuses of a write that another was faster with: 409 of an update, 422 of a `test` in a JSON patch.
OVERTAKEN = (409, 422)
#: Statuses that say what is so; others, and no answer at all, only say that it is not known now.
DEFINITE = (401, 403, 404)
TRIES = 5
SECRETS = "/api/v1/namespaces/{}/secrets/{}"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{}"


class Api(Protocol):
    """Of the Kubernetes API; each raises ClusterError."""

    async def get(self, path: str) -> dict[str, Any]: ...
    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]: ...
    async def patch(self, path: str, operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]: ...


class Kept(NamedTuple):
    """Where it is kept and who it is for. names: DNS names and addresses of the server's certificate."""

    namespace: str
    secret: str
    webhook: str
    names: Sequence[str]
    lifetimes: Lifetimes = Lifetimes()


class Rotation:
    """serve: takes a certificate and its key, PEM. count: takes each step done. clock: now, with its time zone."""

    def __init__(
        self,
        api: Api,
        kept: Kept,
        serve: Callable[[bytes, bytes], bool],
        clock: Callable[[], datetime],
        count: Callable[[str], None],
    ) -> None:
        self._api = api
        self._kept = kept
        self._serve = serve
        self._clock = clock
        self._count = count
        self._held: Authority | None = None
        self._served = False
        self._coming: tuple[bytes, datetime] | None = None
        self._secret_path = SECRETS.format(kept.namespace, kept.secret)
        self._webhook_path = WEBHOOKS.format(kept.webhook)
        self._faults: dict[str, str] = {"certificate": "not yet served", "caBundle": "not yet published"}

    @property
    def faults(self) -> list[str]:
        """Why the replica is not ready, in words; none when it is."""
        return [f"{name}: {fault}" for name, fault in self._faults.items()]

    @property
    def ends(self) -> Mapping[str, datetime]:
        """When the certificates in use end, by kind."""
        if self._held is None:
            return {}
        return {"leaf": read(self._held.leaf.certificate).end, "ca": read(self._held.ca.certificate).end}

    async def tick(self) -> None:
        """One round. Raises ClusterError; what is served goes on being served."""
        for tries_left in reversed(range(TRIES)):
            try:
                await self._round()
                break
            except ClusterError as error:
                if error.status not in OVERTAKEN or not tries_left:
                    if not self._served:
                        self._faults["certificate"] = str(error)
                    raise
                log.info("another replica was faster; reading again", extra={"status": error.status})

    async def _round(self) -> None:
        configuration, unread = await self._read_configuration()
        secret = await self._api.get(self._secret_path)
        held = await self._settle(secret, configuration)
        self._held = held
        if configuration is not None:
            await self._publish(configuration, held)
        if configuration is not None or not self._served:
            self._use(held)
        if unread is not None:
            if unread.status in DEFINITE:
                self._faults["caBundle"] = str(unread)
            raise unread

    async def _read_configuration(self) -> tuple[dict[str, Any] | None, ClusterError | None]:
        """A configuration that cannot be read is no reason to serve no certificate."""
        try:
            return await self._api.get(self._webhook_path), None
        except ClusterError as error:
            return None, error

    async def _settle(self, secret: dict[str, Any], configuration: Mapping[str, Any] | None) -> Authority:
        """What the Secret holds when it has been brought up to date."""
        now, names, lifetimes = self._clock(), self._kept.names, self._kept.lifetimes
        held, step = self._read_secret(secret, now)
        if not step:
            step = next_step(held, names, now, lifetimes, self._is_settled(held, configuration, now))
            if not step:
                return held
            held = advance(held, step, names, now, lifetimes)
        await self._api.put(self._secret_path, {**secret, "data": {**data_of(secret), **render_secret(held)}})
        self._count(step)
        log.info("the certificates were changed", extra={"step": step})
        return held

    def _read_secret(self, secret: Mapping[str, Any], now: datetime) -> tuple[Authority, str]:
        """And the step that has been taken already, where it could not be used: from memory if this replica knows better."""
        data = data_of(secret)
        try:
            return parse_secret(data), ""
        except Damaged as error:
            if any(data.values()):
                log.warning("the Secret is damaged and is replaced: %s", error, extra={"secret": self._kept.secret})
        if self._held is not None and now < read(self._held.leaf.certificate).end:
            return self._held, "restore"
        return begin(self._kept.names, now, self._kept.lifetimes, salvage(data, now)), "begin"

    def _is_settled(self, held: Authority, configuration: Mapping[str, Any] | None, now: datetime) -> bool:
        """Whether this replica has seen the coming CA published for long enough."""
        if held.coming is None or configuration is None or not is_published(configuration, held.bundle):
            self._coming = None
            return False
        if self._coming is None or self._coming[0] != held.coming.certificate:
            self._coming = (held.coming.certificate, now)
        return now - self._coming[1] >= self._kept.lifetimes.settle

    async def _publish(self, configuration: Mapping[str, Any], held: Authority) -> None:
        operations = corrections(configuration, held.bundle)
        if operations:
            try:
                configuration = await self._api.patch(self._webhook_path, operations)
            except ClusterError as error:
                self._faults["caBundle"] = str(error)
                raise
            self._count("publish")
            log.info("the CA was published", extra={"webhook": self._kept.webhook})
        if is_published(configuration, held.bundle):
            self._faults.pop("caBundle", None)
        else:
            self._faults["caBundle"] = f"{self._kept.webhook} has no webhook with it"

    def _use(self, held: Authority) -> None:
        try:
            changed = self._serve(*held.leaf)
        except BadPair as error:
            self._faults["certificate"] = str(error)
            return
        if changed:
            self._count("serve")
            log.info("a certificate is served", extra={"until": read(held.leaf.certificate).end.isoformat()})
        self._served = True
        self._faults.pop("certificate", None)


def data_of(secret: Mapping[str, Any]) -> dict[str, Any]:
    found = secret.get("data")
    return found if isinstance(found, dict) else {}
