"""Where a request comes from: this machine itself, a proxy that is believed, or elsewhere."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from settings import is_loopback

# Of a request that somebody passed on, whatever address it now comes from.
_PASSED_ON = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "cf-connecting-ip",
)


def address_of(connection: HTTPConnection) -> str:
    """Who is at the other end of the socket, "" where that is unknown."""
    return connection.client.host if connection.client else ""


def is_this_machine(connection: HTTPConnection) -> bool:
    """Whether somebody at this machine asks, and nobody passed the request on.

    The address that was asked for has to be this machine's too: a name that was bent to
    127.0.0.1 is another site's (DNS rebinding).
    """
    if any(name in connection.headers for name in _PASSED_ON):
        return False
    asked_for = urlsplit(f"//{connection.headers.get('host', '')}").hostname or ""
    return is_loopback(address_of(connection)) and is_loopback(asked_for)


def is_one_of(address: str, networks: Iterable[str]) -> bool:
    """Whether an address is in any of the networks."""
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(one in ipaddress.ip_network(network) for network in networks)


def is_own_page(connection: HTTPConnection, public_url: str | None) -> bool:
    """Whether a request comes from a page of this server, or from no page at all."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    own = {connection.headers.get("host", ""), urlsplit(public_url or "").netloc} - {""}
    return urlsplit(origin).netloc in own


def is_https(connection: HTTPConnection) -> bool:
    """Whether the browser speaks https, to this server or to what stands before it."""
    said = connection.headers.get("x-forwarded-proto", connection.url.scheme)
    return said.split(",")[0].strip() in ("https", "wss")
