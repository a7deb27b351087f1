# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""External addresses: each load balancer listens on a loopback address of its own."""

from __future__ import annotations

import errno
import secrets
import socket
from dataclasses import dataclass

_FALLBACK = "127.0.0.1"
_ATTEMPTS = 32
_BACKLOG = 512


class AddressError(Exception):
    """No address can be had; the message says why."""


@dataclass(frozen=True)
class Binding:
    """An address with a listening socket for each port.

    :param shared: True where the system has no loopback address but 127.0.0.1, so that ports can collide.
    """

    address: str
    sockets: dict[int, socket.socket]
    shared: bool

    def close(self) -> None:
        """Stop listening."""
        for listener in self.sockets.values():
            listener.close()


class Addresses:
    """Hands out addresses of 127.0.0.0/8; one object for all clusters of a sandbox.

    The first is chosen at random and each is tried by binding to it, so that sandboxes side by side, which know
    nothing of each other, get addresses of their own.
    """

    def __init__(self) -> None:
        # 127.16.0.0 to 127.239.255.255: away from the low addresses that people put in their hosts file.
        self._next = (16 + secrets.randbelow(224)) << 16 | secrets.randbelow(1 << 16)
        self._taken: set[str] = set()

    def listen(self, ports: list[int], address: str | None = None) -> Binding:
        """Return a binding of all ports on one address.

        :param address: one that this object gave before, to be kept; None takes a new one.
        :raises AddressError: if the ports can't be had on any address.
        """
        candidates = [address] if address else [self._candidate() for _ in range(_ATTEMPTS)]
        for candidate in candidates:
            try:
                binding = _bind(candidate, ports)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                if error.errno == errno.EADDRNOTAVAIL:
                    return self._fall_back(ports)
                raise _refused(ports, error) from None
            self._taken.add(candidate)
            return binding
        raise AddressError(f"port {_listed(ports)} is in use on every loopback address that was tried")

    def release(self, address: str) -> None:
        """Take an address back."""
        self._taken.discard(address)

    def _fall_back(self, ports: list[int]) -> Binding:
        try:
            return _bind(_FALLBACK, ports)
        except OSError as error:
            raise _refused(ports, error) from None

    def _candidate(self) -> str:
        while True:
            number, self._next = self._next, self._next + 1
            address = f"127.{16 + (number >> 16) % 224}.{number >> 8 & 255}.{number & 255}"
            # The first and last address of a /24 look like a network's and a broadcast's.
            if number & 255 not in (0, 255) and address not in self._taken:
                return address


def _bind(address: str, ports: list[int]) -> Binding:
    sockets: dict[int, socket.socket] = {}
    try:
        for port in ports:
            listener = sockets[port] = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setblocking(False)
            listener.bind((address, port))
            listener.listen(_BACKLOG)
    except OSError:
        for listener in sockets.values():
            listener.close()
        raise
    return Binding(address, sockets, shared=address == _FALLBACK)


def _refused(ports: list[int], error: OSError) -> AddressError:
    if error.errno in (errno.EACCES, errno.EPERM):
        low = [port for port in ports if port < 1024]
        return AddressError(
            f"this user may not listen on port {_listed(low or ports)}: choose service ports of 1024 and above, or "
            "lower net.ipv4.ip_unprivileged_port_start"
        )
    return AddressError(f"port {_listed(ports)} can't be had on loopback: {error.strerror}")


def _listed(ports: list[int]) -> str:
    return ", ".join(str(port) for port in ports)
