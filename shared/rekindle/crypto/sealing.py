"""Seal and unseal texts with AES-256-GCM. Each text has its own key and a key commitment.

A sealed text is `scheme (1) | salt (32) | commitment (32) | ciphertext and tag`, with the number of bytes in brackets.
HKDF-SHA256 (RFC 5869) derives the text's key, nonce and commitment from the salt and the couple's or the person's key.
The salt is random, so two texts practically never have the same key and nonce. With AES-GCM alone, an attacker can make
a ciphertext that opens under two keys. The commitment prevents such ciphertexts (Albertini et al., "How to Abuse and
Fix Authenticated Encryption Without Key Commitment", 2022).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rekindle.errors import VaultError

if TYPE_CHECKING:
    import datetime as dt

    from rekindle.domain.ids import CoupleId, Uid
    from rekindle.domain.prompts import PromptRef

SCHEME: Final = 1
"""The number of the scheme that encrypts at the server.

Scheme 2 is reserved for end-to-end encryption, in which the server never has the keys.
"""

KEY_BYTES: Final = 32
SALT_BYTES: Final = 32
_COMMITMENT_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = 1 + SALT_BYTES + _COMMITMENT_BYTES


def answer_context(couple: CoupleId, date: dt.date, prompt: PromptRef, person: Uid) -> bytes:
    """Return the associated data of an answer. The answer opens only with the same four arguments."""
    return _joined("answer", couple, str(date), prompt.pack, str(prompt.version), prompt.prompt, person)


def reflection_context(couple: CoupleId, date: dt.date, prompt: PromptRef, person: Uid) -> bytes:
    """Return the associated data of a reflection. This data always differs from an answer's data."""
    return _joined("reflection", couple, str(date), prompt.pack, str(prompt.version), prompt.prompt, person)


def solo_context(date: dt.date, prompt: PromptRef, person: Uid) -> bytes:
    """Return the associated data of a solo answer, which the person's own key seals."""
    return _joined("solo", str(date), prompt.pack, str(prompt.version), prompt.prompt, person)


def shared_context(couple: CoupleId, date: dt.date, prompt: PromptRef, person: Uid) -> bytes:
    """Return the associated data of the couple's copy of a solo answer. The couple's key seals this copy."""
    return _joined("shared", couple, str(date), prompt.pack, str(prompt.version), prompt.prompt, person)


def couple_key_context(couple: CoupleId) -> bytes:
    """Return the associated data of a couple's key, which a cell key wraps."""
    return _joined("couple-key", couple)


def person_key_context(person: Uid) -> bytes:
    """Return the associated data of a person's own key, which a cell key wraps."""
    return _joined("person-key", person)


def seal(key: bytes, plaintext: bytes, context: bytes, salt: bytes) -> bytes:
    """Seal `plaintext`. `salt` must be 32 new random bytes for each call."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    message_key, nonce, commitment = _derived(key, salt, SCHEME)
    header = bytes([SCHEME]) + salt + commitment
    return header + AESGCM(message_key).encrypt(nonce, plaintext, header + context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Return the plaintext.

    Raise VaultError if the text was sealed with another key, context or scheme, or if any bit of the sealed text has
    changed.
    """
    if len(sealed) < _HEADER_BYTES or sealed[0] != SCHEME:
        raise VaultError("sealed under an unknown scheme")
    header, ciphertext = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
    message_key, nonce, commitment = _derived(key, header[1 : 1 + SALT_BYTES], sealed[0])
    if not hmac.compare_digest(commitment, header[1 + SALT_BYTES :]):
        raise VaultError("sealed under another key")
    try:
        return AESGCM(message_key).decrypt(nonce, ciphertext, header + context)
    except InvalidTag as error:
        raise VaultError("sealed with another context, or damaged since") from error


def _derived(key: bytes, salt: bytes, scheme: int) -> tuple[bytes, bytes, bytes]:
    """Return the text's key, nonce and commitment."""
    length = KEY_BYTES + _NONCE_BYTES + _COMMITMENT_BYTES
    material = HKDF(SHA256(), length, salt, b"rekindle/%d" % scheme).derive(key)
    return material[:KEY_BYTES], material[KEY_BYTES:-_COMMITMENT_BYTES], material[-_COMMITMENT_BYTES:]


def _joined(*parts: str) -> bytes:
    # Put each part's length before the part, so that two different lists of parts never become the same bytes.
    return b"".join(len(encoded).to_bytes(2) + encoded for encoded in (part.encode() for part in parts))
