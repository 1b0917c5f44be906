"""A Service as kube-proxy makes it, one at a time: who connects to its cluster address reaches one of its endpoints.

Bytes go through as they are. Without endpoints connections are refused, as kube-proxy has it; `pause` makes it a slow network.
"""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65536


class Endpoints:
    """What the Service leads to now: ports are added and taken away while it runs. `pause` is seconds before each connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.pause = 0.0
        self.connections = 0
        self._ready: list[int] = []
        self._open: list[tuple[int, socket.socket]] = []
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()

    def add(self, port: int) -> None:
        with self._lock:
            self._ready.append(port)
            self._listen()

    def remove(self, port: int) -> None:
        """Its connections end as well, as they do when its pod is gone."""
        with self._lock:
            self._ready.remove(port)
            if not self._ready:
                self._refuse()
            for _, client in filter(lambda each: each[0] == port, self._open):
                shut(client)

    def retire(self, port: int) -> None:
        """No new connections; those that are there stay, as kube-proxy has it while a pod ends."""
        with self._lock:
            self._ready.remove(port)

    def close(self) -> None:
        with self._lock:
            self._ready.clear()
            self._refuse()

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server(self.address, backlog=512)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            time.sleep(self.pause)
            with self._lock:
                if not self._ready:
                    return
                port = random.choice(self._ready)
                self._open.append((port, client))
            try:
                with socket.create_connection(("127.0.0.1", port)) as endpoint:
                    relay(client, endpoint)
            except ConnectionError:
                return
            finally:
                with self._lock:
                    self._open.remove((port, client))


def shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def relay(one: socket.socket, other: socket.socket) -> None:
    """Until either side has said its last."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                try:
                    data = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                    key.data.sendall(data)
                except OSError:
                    return
                if not data:
                    return


@contextmanager
def service(cluster_ip: str, port: int) -> Iterator[Endpoints]:
    endpoints = Endpoints((cluster_ip, port))
    try:
        yield endpoints
    finally:
        endpoints.close()
