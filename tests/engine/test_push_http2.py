"""The transport works over TLS and HTTP/2, as in the cloud."""

from __future__ import annotations

import ssl
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from firebase_admin import messaging

from delivery.gateway import DELIVERED, Fate, Outcome
from delivery.libcurl import AT_ONCE, CONNECTIONS, Libcurl
from local.stack.start import free_ports
from rekindle.domain.persons import Target, TargetKind
from testing.builders import a_token
from testing.fcm_http2 import cut_wire
from testing.fcm_server import CERTIFICATE, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


MESSAGE = messaging.Message(data={"link": "x"})
UNAVAILABLE = Outcome(Fate.LATER, "UNAVAILABLE")
NEVER = 3600
"""A timeout in seconds, longer than any test may take."""
SERVER = "testing.fcm_http2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the server's certificate."""
    return tmp_path


@pytest.fixture
def port() -> int:
    (port,) = free_ports(1)
    return port


@pytest.fixture
def connect(folder: Path) -> Callable[..., Libcurl]:
    """Make a transport for an endpoint and a project. It trusts the test server's certificate."""
    return partial(Libcurl, authorities=str(folder / CERTIFICATE))


@pytest.fixture
def transport(connect: Callable[..., Libcurl], port: int) -> Iterator[Libcurl]:
    transport = connect(f"https://127.0.0.1:{port}", "test-20ms")
    yield transport
    transport.close()


def send(transport: Libcurl, *values: str) -> list[Outcome]:
    targets = [Target(TargetKind.TOKEN, value) for value in values]
    return transport.send(MESSAGE, targets, "access", until=float("inf"))


def tokens(count: int) -> list[str]:
    return [a_token() for _ in range(count)]


def seen(folder: Path, address: str) -> Any:
    tls = ssl.create_default_context(cafile=folder / CERTIFICATE)
    return httpx.get(f"{address}/seen", verify=tls).json()


def sockets_to(port: int) -> int:
    """Return the number of this process's open sockets to a local port. Other tests' sockets may close meanwhile."""
    links = (each.readlink().name for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
    own = {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:")}
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[9] in own for row in rows)


@pytest.mark.parametrize(("page", "connections"), [(1, 1), (AT_ONCE, 1), (AT_ONCE + 1, 2), (10 * AT_ONCE, CONNECTIONS)])
def test_a_page_shares_as_few_connections_as_hold_it(
    folder: Path, port: int, transport: Libcurl, page: int, connections: int
) -> None:
    with serving(folder, port, module=SERVER) as address:
        assert send(transport, *tokens(page)) == [DELIVERED] * page
        record = seen(folder, address)
        assert (record["versions"], record["sends"], len(record["peers"])) == (["2"], page, connections)


def test_connections_are_kept_from_page_to_page(folder: Path, port: int, transport: Libcurl) -> None:
    with serving(folder, port, module=SERVER) as address:
        for _ in range(5):
            send(transport, *tokens(AT_ONCE))
        assert len(seen(folder, address)["peers"]) == 1


def test_a_connection_that_died_in_between_is_made_anew(folder: Path, port: int, transport: Libcurl) -> None:
    """A function that was frozen for minutes finds its kept connections closed."""
    for _ in range(2):
        with serving(folder, port, module=SERVER) as address:
            assert send(transport, *tokens(2 * AT_ONCE)) == [DELIVERED] * 2 * AT_ONCE
            assert seen(folder, address)["sends"] == 2 * AT_ONCE


def test_a_push_under_way_when_the_server_dies_fails_at_once(
    folder: Path, port: int, connect: Callable[..., Libcurl]
) -> None:
    """Each push is sent once more, finds no server, and fails. Nothing waits for a timeout, and no push is lost."""
    with serving(folder, port, module=SERVER) as address:
        transport = connect(address, "test-20ms", timeout=(NEVER, NEVER))
        send(transport, a_token())
        outcomes = send(transport, *tokens(AT_ONCE // 2), "last-words", *tokens(AT_ONCE // 2))
        transport.close()
        assert set(outcomes) <= {DELIVERED, UNAVAILABLE}
        assert UNAVAILABLE in outcomes


def test_a_hundred_pushes_whose_connection_is_cut_share_the_next_one(
    folder: Path, port: int, connect: Callable[..., Libcurl]
) -> None:
    """Pushes under way may be sent twice, but not more often. On the phone the second replaces the first."""
    with serving(folder, port, module=SERVER) as address, cut_wire(port, cuts=1) as through:
        transport = connect(f"https://127.0.0.1:{through}", "test-600ms")
        assert send(transport, *tokens(AT_ONCE)) == [DELIVERED] * AT_ONCE
        transport.close()
        assert AT_ONCE <= seen(folder, address)["sends"] <= 2 * AT_ONCE
        assert len(seen(folder, address)["peers"]) <= 2


def test_pushes_whose_connections_are_cut_again_and_again_are_for_later(
    folder: Path, port: int, connect: Callable[..., Libcurl]
) -> None:
    with serving(folder, port, module=SERVER) as address, cut_wire(port, cuts=1_000) as through:
        transport = connect(f"https://127.0.0.1:{through}", f"test-{NEVER}000ms", timeout=(NEVER, NEVER))
        outcomes = send(transport, *tokens(AT_ONCE))
        transport.close()
        assert set(outcomes) == {UNAVAILABLE}
        assert seen(folder, address)["sends"] <= 2 * AT_ONCE


def test_a_certificate_that_nobody_vouches_for_is_refused(folder: Path, port: int) -> None:
    with serving(folder, port, module=SERVER) as address:
        transport = Libcurl(address, "test")
        assert send(transport, a_token()) == [UNAVAILABLE]
        transport.close()
        assert seen(folder, address)["sends"] == 0


def test_closing_lets_go_of_every_socket(folder: Path, port: int, connect: Callable[..., Libcurl]) -> None:
    with serving(folder, port, module=SERVER):
        transport = connect(f"https://127.0.0.1:{port}", "test-20ms")
        send(transport, *tokens(10 * AT_ONCE))
        assert sockets_to(port) == CONNECTIONS
        transport.close()
        assert sockets_to(port) == 0


def test_an_interrupted_page_leaves_nothing_under_way(folder: Path, port: int, transport: Libcurl) -> None:
    """The next page can use all handles, and gets no outcome of the page before."""
    no_text: Any = object()
    with serving(folder, port, module=SERVER):
        with pytest.raises(TypeError):
            send(transport, *tokens(2 * AT_ONCE), no_text)
        assert send(transport, a_token()) == [DELIVERED]
