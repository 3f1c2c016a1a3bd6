"""Which addresses may be asked, judged by the numbers they resolve to and not by how they are spelt.

Sources: IANA special-purpose address registries (RFC 6890, by Python's `ipaddress`); RFC 6052 (NAT64); RFC 3056 (6to4);
RFC 4380 (Teredo). Decimal, octal and hexadecimal spellings are what the system's resolver makes of them.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

from factory.errors import AddressRefused, Unreachable

Resolver = Callable[[str, int], list[str]]
IP = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"),)
# Cloud machines answer for their owner's keys here; link-local (169.254.169.254) is refused anyway.
_METADATA = {ipaddress.ip_address(a) for a in ("168.63.129.16", "100.100.100.200", "fd00:ec2::254")}
_SPACE = re.compile(r"[\x00-\x20\x7f\\]")


class Origin(NamedTuple):
    """Scheme, host and port: who is asked."""

    scheme: str
    host: str
    port: int


class Address(NamedTuple):
    """An address in parts; `url` has no fragment."""

    url: str
    origin: Origin


def parse(url: str) -> Address:
    """The address in parts. Raises AddressRefused for what is not plain http or https."""
    if _SPACE.search(url.strip()):
        raise AddressRefused(f"{url[:200]!r} holds spaces or control characters")
    try:
        parts = urlsplit(url.strip().encode().decode())
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"{url[:200]!r} is no address: {error}") from error
    if parts.scheme.lower() not in ("http", "https"):
        raise AddressRefused(f"{url[:200]!r}: only http and https are fetched")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(f"{parts.scheme}://…@{parts.hostname}: an address with a name or password in it")
    host = (parts.hostname or "").rstrip(".")
    try:
        host = host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise AddressRefused(f"{url[:200]!r}: no such host name") from error
    if not host:
        raise AddressRefused(f"{url[:200]!r} names no host")
    scheme = parts.scheme.lower()
    shown = f"[{host}]" if ":" in host else host
    place = shown if port is None else f"{shown}:{port}"
    clean = urlunsplit((scheme, place, parts.path or "/", parts.query, ""))
    return Address(clean, Origin(scheme, host, port or (443 if scheme == "https" else 80)))


def follow(base: str, location: str) -> Address:
    """Where a redirect leads. Raises AddressRefused."""
    return parse(joined(base, location) or location)


def joined(base: str, link: str) -> str | None:
    """The absolute form of a link, or None where it has none."""
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return None


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, as the system says. Raises Unreachable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host}: no such host ({getattr(error, 'strerror', None) or error})") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked(host: str, addresses: list[str], *, private: bool) -> list[str]:
    """The addresses, if every one of them may be connected to. Raises AddressRefused.

    `private` allows loopback and private networks, never a cloud machine's metadata.
    """
    for address in addresses:
        why = _refused(ipaddress.ip_address(address.partition("%")[0]), private=private)
        if why:
            said = f"{host} is {why}" if host == address else f"{host} is {address}: {why}"
            raise AddressRefused(
                said,
                "for a site of your own: --allow-private, or allow_private = true in its row; it opens that one place",
            )
    return addresses


def _refused(ip: IP, *, private: bool) -> str | None:
    inner = _inside(ip)
    if inner is not None:
        return _refused(inner, private=private)
    if ip in _METADATA or ip.is_link_local:
        return "link-local, or the metadata address of a cloud machine"
    if ip.is_multicast or ip.is_unspecified or (ip.is_reserved and not ip.is_loopback):
        return "no address of a single machine"
    local = not ip.is_global or (ip.version == 6 and ip.is_site_local)
    return "a loopback or private address" if local and not private else None


def _inside(ip: IP) -> IP | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip.sixtofour:
        return ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if any(ip in network for network in _NAT64) or (int(ip) >> 32 == 0 and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
