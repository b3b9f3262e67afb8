# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The datagram sockets: bound late, deaf to strangers, and never in the way."""

from __future__ import annotations

import select
import socket

from ansible_collections.pgha.cluster.plugins.module_utils.agent.wire import AT_ONCE, BIND_AGAIN_SECONDS, Wire
from ansible_collections.pgha.cluster.tests.support.agents import free_port


def arrived(wire: Wire, opened: socket.socket) -> list[bytes]:
    assert select.select([opened], [], [], 2)[0], "nothing arrived"
    return wire.receive(opened)


def pair() -> tuple[Wire, socket.socket, Wire, socket.socket]:
    one, two = ("127.0.0.21", free_port("127.0.0.21")), ("127.0.0.22", free_port("127.0.0.22"))
    first, second = Wire([one], [two]), Wire([two], [one])
    return first, first.bind(0)[0], second, second.bind(0)[0]


def test_what_one_sends_the_other_receives() -> None:
    first, _socket, second, opened = pair()
    first.send(b"a word")
    assert arrived(second, opened) == [b"a word"]
    assert second.receive(opened) == []
    first.close()
    second.close()


def test_a_stranger_is_not_heard() -> None:
    first, _socket, second, opened = pair()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.99", 0))
        stranger.sendto(b"lies", opened.getsockname())
    assert arrived(second, opened) == []
    first.close()
    second.close()


def test_a_message_that_comes_over_two_networks_is_read_once() -> None:
    places = [(place, free_port(place)) for place in ("127.0.0.31", "127.0.0.32", "127.0.0.33", "127.0.0.34")]
    ones, twos = places[:2], places[2:]
    first, second = Wire(ones, twos), Wire(twos, ones)
    first.bind(0)
    networks = second.bind(0)
    for word in (b"one", b"another"):
        first.send(word)
        assert [arrived(second, opened) for opened in networks] == [[word], []]
    first.close()
    second.close()


def test_a_flood_is_read_in_portions() -> None:
    first, _socket, second, opened = pair()
    for number in range(AT_ONCE + 1):
        first.send(b"%d" % number)
    assert len(arrived(second, opened)) == AT_ONCE
    assert len(arrived(second, opened)) == 1
    first.close()
    second.close()


def test_an_address_that_comes_late_is_bound_when_it_is_there() -> None:
    place = ("127.0.0.23", free_port("127.0.0.23"))
    peer = ("127.0.0.24", free_port("127.0.0.24"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(place)
        wire = Wire([place, ("203.0.113.9", 5480)], [peer, ("203.0.113.10", 5480)])
        assert wire.bind(0) == []
        assert wire.missing() == ["127.0.0.23", "203.0.113.9"]
        wire.send(b"nobody can send this yet")
    assert wire.bind(BIND_AGAIN_SECONDS / 2) == []
    assert len(wire.bind(BIND_AGAIN_SECONDS)) == 1
    assert wire.missing() == ["203.0.113.9"]
    wire.close()


def test_a_peer_that_is_away_is_no_error() -> None:
    # Its port is closed: the kernel answers our datagram, and tells us with the next call on that socket.
    place, peer = ("127.0.0.25", free_port("127.0.0.25")), ("127.0.0.26", free_port("127.0.0.26"))
    wire = Wire([place], [peer])
    opened = wire.bind(0)[0]
    for _number in range(3):
        wire.send(b"x")
        assert wire.receive(opened) == []
    wire.close()


def test_a_larger_world_address_is_bound_too() -> None:
    wire = Wire([("::1", free_port("::1"))], [("::1", 9)])
    assert len(wire.bind(0)) == 1
    wire.close()
