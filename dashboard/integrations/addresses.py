"""Where a connection may go. Python's own `is_global` lets through addresses that lead back inside (NAT64, 6to4), so
the ranges are ours."""

import asyncio
import ipaddress
import socket

from dashboard.integrations.outcomes import Refused, Unavailable

INSIDE_4 = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
    203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
"""
# Special use, documentation and 6to4 within 2000::/3, the one block of IPv6 that is handed out.
INSIDE_6 = "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20"
INSIDE = [ipaddress.ip_network(text) for text in (INSIDE_4 + INSIDE_6).split()]
HANDED_OUT = ipaddress.ip_network("2000::/3")


def is_loopback(host: str) -> bool:
    """Whether the name says, without asking a resolver, that the connection stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip.version == 6 and (ip not in HANDED_OUT or getattr(ip, "scope_id", None)):
        return False
    return not any(ip.version == network.version and ip in network for network in INSIDE)


async def public_address(host: str, port: int, seconds: float = 5.0) -> str:
    """One address of the host, to connect to by number, if every address it has is public; else Refused. Resolved
    once, so the answer cannot change between the check and the connection."""
    try:
        async with asyncio.timeout(seconds):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise Unavailable("The server's name could not be found.") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise Refused("The server's address is not a public one.")
    return addresses[0]
