"""Stand in for FCM over TLS and HTTP/2, with little CPU time. After a delay, answer that FCM took the message.

The bench cannot use `local.google.fcm`. That server checks each message, so it would be slower than the clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import itertools
import os
import re
import ssl
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from local.clock import now
from local.places import ROOT
from local.processes import Child, end_with_the_parent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from granian._granian import RSGIHTTPProtocol
    from granian.rsgi import Scope

CERTIFICATE: Final = "certificate.pem"
_KEY: Final = "key.pem"
_PORT: Final = "REKINDLE_BENCH_PORT"
_FOLDER: Final = "REKINDLE_BENCH_FOLDER"
_CORE: Final = "REKINDLE_BENCH_CORE"
_HEADERS: Final = [
    ("content-type", "application/json; charset=UTF-8"),
    ("vary", "X-Origin"),
    ("cache-control", "private"),
    ("x-xss-protection", "0"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
    ("server", "scaffolding on HTTPServer2"),
]
_numbers = itertools.count(1)


@contextlib.contextmanager
def serving(folder: Path, port: int, core: int | None = None, module: str = __name__) -> Iterator[str]:
    """Run `module` as the server. Yield the server's address. With `core`, the server runs on this core only.

    Clients have to trust the certificate in the folder's file CERTIFICATE. If this file is missing, make it.
    """
    if not (folder / CERTIFICATE).exists():
        _certify(folder)
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", _PORT: str(port), _FOLDER: str(folder)}
    if core is not None:
        environment[_CORE] = str(core)
    command = [sys.executable, "-m", module]
    with Child("The stand-in for FCM over TLS", command, environment, ROOT, folder / "server.log") as child:
        address = f"https://127.0.0.1:{port}"
        child.await_answer(address, 30, ssl.create_default_context(cafile=folder / CERTIFICATE))
        yield address


def serve(application: str) -> None:
    """Serve the application until the parent process ends."""
    if core := os.environ.get(_CORE):
        os.sched_setaffinity(0, {int(core)})
    end_with_the_parent()
    folder = Path(os.environ[_FOLDER])
    Server(
        application,
        address="127.0.0.1",
        port=int(os.environ[_PORT]),
        interface=Interfaces.RSGI,
        loop=Loops.asyncio,
        workers=1,
        workers_kill_timeout=2,
        ssl_cert=folder / CERTIFICATE,
        ssl_key=folder / _KEY,
        log_level=LogLevels.warning,
    ).serve()


@cache
def delay_of(path: str) -> float:
    """Return the delay of the answers in seconds. A project's name that ends with `-60ms` means 0.06."""
    found = re.search(r"-(\d+)ms/", path)
    return int(found.group(1)) / 1000 if found else 0.0


async def application(scope: Scope, protocol: RSGIHTTPProtocol) -> None:
    """Read the message, and answer that FCM took it."""
    await protocol()
    if delay := delay_of(scope.path):
        await asyncio.sleep(delay)
    name = b'{\n  "name": "projects/bench/messages/0:%d%%31bd1c96f9fd7ecd"\n}\n' % next(_numbers)
    protocol.response_bytes(200, _HEADERS, name)


def _certify(folder: Path) -> None:
    """Make a certificate for this machine. It expires a day from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rekindle-bench")])
    begin = dt.datetime.fromtimestamp(now(), dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - dt.timedelta(hours=1))
        .not_valid_after(begin + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / CERTIFICATE).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / _KEY).write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


if __name__ == "__main__":
    serve("testing.fcm_server:application")
