"""Pictures that a request names by URL: from hosts that were allowed, at public addresses, within a size and a time."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import h11

from .refusing import Refused

__all__ = ["Fetcher"]

_PORTS = {"http": 80, "https": 443}
_READ_BYTES = 1 << 16
#: IPv6 whose last 32 bits are an IPv4 address that a gateway passes it on to (RFC 6052), or once was (RFC 4291).
_CARRIERS = tuple(ipaddress.IPv6Network(each) for each in ("64:ff9b::/96", "::/96"))
#: All that IANA has given out of IPv6 for hosts that others reach; whatever else there is, is no public address.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
#: Of no host either, though Pythons, older ones above all, take it for public: of protocols and relays, for examples.
_OF_NOBODY = (
    ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"), ipaddress.IPv6Network("3fff::/20"),
)  # fmt: skip


class Fetcher:
    """Fetches what the hosts allowed have, and nothing else: no redirect, no address of an inner network.

    A host's name is resolved once, and the connection goes to the very address that was judged.

    Parameters
    ----------
    hosts : collection of str
        Names that a URL may have, as they stand there; none: nothing is fetched.
    max_bytes : int
        Of one picture.
    is_public : callable
        Judges an address. For tests, whose server is on this machine; nothing that a user can set reaches it.
    """

    def __init__(
        self, hosts: Collection[str], *, max_bytes: int, is_public: Callable[[str], bool] | None = None
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._max_bytes = max_bytes
        self._is_public = _is_public if is_public is None else is_public

    async def fetch(self, url: str, *, seconds: float) -> bytes:
        """Return what a URL leads to.

        Raises
        ------
        Refused
            403 where that is not allowed; 400 for what is no such URL; 413, 502 or 504 for what came of it.
        """
        if not self._hosts:
            raise Refused(403, "pictures are not fetched here (--fetch-from allows hosts): send the file")
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError as exc:
            raise Refused(400, "url is no URL") from exc
        if parts.scheme not in _PORTS or not host or parts.username is not None:
            raise Refused(400, "url is http:// or https://, with a host and no password")
        if host not in self._hosts:
            raise Refused(403, "url's host is none of those that were allowed")
        if parts.port not in (None, *_PORTS.values()) and self._is_public is _is_public:
            raise Refused(403, "url's port is none of 80 and 443")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not target.isascii() or any(ord(each) <= 32 for each in target):
            raise Refused(400, "url is not quoted as URLs are")
        try:
            return await asyncio.wait_for(self._fetch(parts.scheme, host, port, target), max(seconds, 0.001))
        except asyncio.TimeoutError as exc:
            raise Refused(504, "what url leads to did not arrive in time") from exc
        except (OSError, UnicodeError, h11.ProtocolError) as exc:  # UnicodeError: of no name of a host
            raise Refused(502, f"what url leads to cannot be fetched: {type(exc).__name__}") from exc

    async def _address(self, host: str, port: int) -> str:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]) for each in found]
        # One inner address among others is enough to refuse: whoever answers for the name may mean that one.
        if not addresses or not all(self._is_public(each) for each in addresses):
            raise Refused(403, "url's host has an address that is not public")
        return addresses[0]

    async def _fetch(self, scheme: str, host: str, port: int, target: str) -> bytes:
        address = await self._address(host, port)
        reader, writer = await asyncio.open_connection(
            address,
            port,
            ssl=ssl.create_default_context() if scheme == "https" else None,
            server_hostname=host if scheme == "https" else None,
        )
        try:
            connection = h11.Connection(h11.CLIENT)
            usual = port == _PORTS[scheme]
            head = h11.Request(
                method="GET",
                target=target,
                headers=[
                    ("Host", host if usual else f"{host}:{port}"),
                    ("Accept", "image/*"),
                    ("User-Agent", "safehash"),
                    ("Connection", "close"),
                ],
            )
            writer.write(connection.send(head) + connection.send(h11.EndOfMessage()))
            await writer.drain()
            return await self._body(connection, reader)
        finally:
            writer.close()

    async def _body(self, connection: h11.Connection, reader: asyncio.StreamReader) -> bytes:
        pieces: list[bytes] = []
        n_bytes = 0
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(_READ_BYTES))
            elif isinstance(event, h11.Response):
                if event.status_code != 200:
                    raise Refused(
                        502, f"what url leads to answered {event.status_code}; redirects are not followed"
                    )
            elif isinstance(event, h11.Data):
                n_bytes += len(event.data)
                if n_bytes > self._max_bytes:
                    raise Refused(413, f"what url leads to has more than {self._max_bytes} bytes")
                pieces.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return b"".join(pieces)
            elif isinstance(event, h11.ConnectionClosed):
                raise Refused(502, "what url leads to broke off")


def _is_public(address: str) -> bool:
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(known, ipaddress.IPv6Address):
        inner = known.ipv4_mapped or known.sixtofour or (known.teredo or (None, None))[1]
        if inner is None and any(known in network for network in _CARRIERS):
            inner = ipaddress.IPv4Address(int(known) & 0xFFFFFFFF)
        if inner is not None and not _is_public(str(inner)):
            return False
        if inner is None and known not in _GIVEN_OUT:
            return False
    return known.is_global and not known.is_multicast and not any(known in each for each in _OF_NOBODY)
