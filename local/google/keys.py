"""Save the RSA keys of the stand-in for Google. Tokens and credentials then stay valid after its restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from pathlib import Path


def private_key(path: Path) -> rsa.RSAPrivateKey:
    """Return the RSA key in a PEM file. Make the file if it is missing. Raise ValueError for another kind of key."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.touch(mode=0o600)
        beside.write_bytes(pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
        beside.replace(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} has no RSA key")  # noqa: TRY004 - the file is wrong, not the type of an argument
    return key


def pem(key: rsa.RSAPrivateKey) -> bytes:
    """Return the key as unencrypted PKCS #8 in PEM, as in a service account's JSON."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
