"""Which addresses may be asked: by the numbers they resolve to, however they are spelt."""

from __future__ import annotations

import socket

import pytest

from factory.errors import AddressRefused, Unreachable
from factory.fetch.address import checked, follow, parse, resolve


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/a",
        "gopher://example.org:70/1",
        "javascript:alert(1)",
        "data:text/html,hi",
        "http://",
        "http:///path",
        "http://user:secret@example.org/",
        "http://user@example.org/",
        "http://exam ple.org/",
        "http://example.org\\@127.0.0.1/",
        "http://example.org/a\r\nHost: b",
        "http://example.org:99999/",
        "http://example.org:port/",
        "http://[::1/",
        "example.org/a",
        "",
    ],
)
@pytest.mark.survive(5, "the address tricks: schemes, spellings, private and metadata addresses")
def test_what_is_not_plain_http_is_refused(url: str) -> None:
    """Another scheme, a name or password, control characters, a broken host or port."""
    with pytest.raises(AddressRefused):
        parse(url)


def test_an_address_in_parts() -> None:
    """The fragment goes, the port is known, a host is lower-case and in ASCII."""
    assert parse("HTTPS://Example.ORG/a?b=1#c").url == "https://example.org/a?b=1"
    assert parse("http://example.org").origin == ("http", "example.org", 80)
    assert parse("https://example.org:8443/x").origin == ("https", "example.org", 8443)
    assert parse("https://plantas-españolas.es/").origin.host == "xn--plantas-espaolas-iub.es"
    assert parse("http://[2606:4700::1]:81/").url == "http://[2606:4700::1]:81/"
    assert follow("https://a.org/b/c", "../d").url == "https://a.org/d"
    with pytest.raises(AddressRefused):
        follow("https://a.org/", "file:///etc/passwd")


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "::127.0.0.1",
    ],
)
@pytest.mark.survive(5, "the address tricks: schemes, spellings, private and metadata addresses")
def test_no_machine_but_a_public_one(number: str) -> None:
    """Loopback, private, link-local, metadata, multicast, reserved, and IPv6 spellings of them, also beside good ones."""
    with pytest.raises(AddressRefused, match="is"):
        checked("evil.example", ["93.184.216.34", number], private=False)


@pytest.mark.parametrize(
    "number", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_public_addresses_are_allowed(number: str) -> None:
    """Public IPv4 and IPv6, mapped or behind NAT64."""
    assert checked("good.example", [number], private=False) == [number]


@pytest.mark.parametrize(
    "number", ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "fe80::1", "0.0.0.0", "224.0.0.1"]
)
@pytest.mark.survive(5, "the address tricks: schemes, spellings, private and metadata addresses")
def test_a_private_site_is_never_the_metadata(number: str) -> None:
    """allow_private opens this machine and network, not what answers for a cloud's keys."""
    assert checked("mine", ["127.0.0.1", "10.1.2.3", "::1", "fc00::1"], private=True)
    with pytest.raises(AddressRefused):
        checked("mine", [number], private=True)


@pytest.mark.parametrize("spelt", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "017700000001"])
@pytest.mark.survive(5, "the address tricks: schemes, spellings, private and metadata addresses")
def test_numbers_spelt_otherwise_are_what_the_system_makes_of_them(spelt: str) -> None:
    """Decimal, octal, hexadecimal and short forms of loopback are loopback."""
    try:
        found = resolve(spelt, 80)
    except Unreachable:
        return
    with pytest.raises(AddressRefused):
        checked(spelt, found, private=False)


def test_a_name_that_is_not_there() -> None:
    """No address is not a refusal: it is tried again another day."""
    with pytest.raises(Unreachable):
        resolve("no-such-name.invalid", 80)
    assert socket.gethostname()
