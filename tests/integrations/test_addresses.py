import asyncio
import socket

import pytest

from dashboard.integrations.addresses import is_public, public_address
from dashboard.integrations.outcomes import Refused, Unavailable

INSIDE = """
0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1
192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1 239.1.1.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:db8::1
2002:7f00:1::1 3fff::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2001:0:7f00:1::
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_an_address_that_leads_inside_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "9.255.255.255", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
)
def test_an_address_on_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "0x7f.1",
        "2130706433",
        "0",
        "①②⑦.⓪.⓪.①",
        "localhost",
        "localhost.",
        "::1",
        "[::1]",
    ],
)
async def test_no_spelling_of_this_machine_is_connected_to(host):
    with pytest.raises((Refused, Unavailable)):
        await public_address(host, 25)


async def test_one_inner_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    def resolves_to(*addresses):
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 25)) for address in addresses]
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lambda *_, **__: asyncio.sleep(0, found))

    resolves_to("1.1.1.1", "9.9.9.9")
    assert await public_address("mail.harbor.example", 25) == "1.1.1.1"
    resolves_to("1.1.1.1", "10.0.0.1")
    with pytest.raises(Refused, match="not a public one"):
        await public_address("mail.harbor.example", 25)
    resolves_to()
    with pytest.raises(Refused):
        await public_address("mail.harbor.example", 25)
