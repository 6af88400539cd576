"""Seal and unseal texts with AES-256-GCM. Each text has its own key and a key commitment.

A sealed text is `scheme (1) | salt (16) | commitment (32) | ciphertext and tag`, with the number of bytes in brackets.
In the scheme SINGLE_KEY, the salt has 32 bytes. HKDF-SHA256 (RFC 5869) derives the text's key, nonce and commitment
from the salt and a stored key, such as an author's. The salt is random, so two texts practically never have the same
key and nonce. A context, such as `answer_context`, says where a text belongs. AES-GCM takes the context as associated
data, so the text opens only with the same context. With AES-GCM alone, an attacker can make a ciphertext that opens
under two keys. The commitment prevents such ciphertexts (Albertini et al., "How to Abuse and Fix Authenticated
Encryption Without Key Commitment", 2022).
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

    from rekindle.domain.days import Answer
    from rekindle.domain.ids import CoupleId, Uid
    from rekindle.domain.prompts import PromptRef

SINGLE_KEY: Final = 1
"""The first scheme: one key for all texts of a couple. Cell keys still use it to wrap all other keys."""
AUTHORS_KEY: Final = 3
"""The current scheme: each author has a key, texts are padded, and an answer's context includes the revision.

Scheme 2 is reserved for end-to-end encryption, in which the server never has the keys.
"""

SHORT_TEXT: Final = 512
SHORT_STEP: Final = 64
LONG_STEP: Final = 256
"""The length of a padded text is a multiple of 64 bytes up to 512 bytes, and of 256 bytes above 512 bytes."""

KEY_BYTES: Final = 32
SALT_BYTES: Final = 32
"""The length of a salt in the scheme SINGLE_KEY."""
SHORT_SALT_BYTES: Final = 16
"""The length of a salt in the scheme AUTHORS_KEY. This is enough for an author's few thousand texts."""
_COMMITMENT_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = {SINGLE_KEY: SALT_BYTES, AUTHORS_KEY: SHORT_SALT_BYTES}


def answer_context(couple: CoupleId, date: dt.date, prompt: PromptRef, person: Uid, answer: Answer) -> bytes:
    """Return the context of an answer.

    An answer opens only with its own revision and `share_first`. So an attacker without keys who changes a row can
    neither open an answer early nor give an earlier text a later revision.
    """
    shared = "shared first" if answer.share_first else "sealed"
    return _joined("answer", couple, str(date), *_names(prompt), person, str(answer.revision), shared)


def reflection_context(couple: CoupleId, date: dt.date, prompt: PromptRef, person: Uid) -> bytes:
    """Return the context of a reflection. This context always differs from an answer's context."""
    return _joined("reflection", couple, str(date), *_names(prompt), person)


def solo_context(date: dt.date, prompt: PromptRef, person: Uid, revision: int) -> bytes:
    """Return the context of a solo answer, which the person's own key seals."""
    return _joined("solo", str(date), *_names(prompt), person, str(revision))


def shared_context(couple: CoupleId, date: dt.date, prompt: PromptRef, person: Uid) -> bytes:
    """Return the context of the couple's copy of a solo answer."""
    return _joined("shared", couple, str(date), *_names(prompt), person)


def single_key_answer_context(couple: CoupleId, date: dt.date, prompt: PromptRef, person: Uid) -> bytes:
    """Return the context of an answer in the scheme SINGLE_KEY."""
    return _joined("answer", couple, str(date), *_names(prompt), person)


def single_key_solo_context(date: dt.date, prompt: PromptRef, person: Uid) -> bytes:
    """Return the context of a solo answer in the scheme SINGLE_KEY."""
    return _joined("solo", str(date), *_names(prompt), person)


def author_key_context(couple: CoupleId, person: Uid) -> bytes:
    """Return the context of an author's key in a couple, which a cell key wraps."""
    return _joined("author-key", couple, person)


def couple_key_context(couple: CoupleId) -> bytes:
    """Return the context of the one key of a couple in the scheme SINGLE_KEY, which a cell key wraps."""
    return _joined("couple-key", couple)


def person_key_context(person: Uid) -> bytes:
    """Return the context of a person's own key, which a cell key wraps."""
    return _joined("person-key", person)


def seal_text(key: bytes, text: str, context: bytes, salt: bytes) -> bytes:
    """Pad and seal a text in the scheme AUTHORS_KEY. `salt` must be 16 new random bytes for each call."""
    return seal(key, _padded(text.encode()), context, salt, AUTHORS_KEY)


def unseal_text(key: bytes, sealed: bytes, context: bytes) -> str:
    """Return the text that `seal_text` sealed. Raise VaultError as `unseal` does."""
    return _unpadded(unseal(key, sealed, context, AUTHORS_KEY)).decode()


def scheme_of(sealed: bytes) -> int:
    """Return the number of the scheme in which a text is sealed."""
    return sealed[0]


def seal(key: bytes, plaintext: bytes, context: bytes, salt: bytes, scheme: int = SINGLE_KEY) -> bytes:
    """Seal `plaintext`. `salt` must be new random bytes for each call, as many as the scheme requires."""
    if len(salt) != _SALT_BYTES[scheme]:
        raise ValueError(f"a salt has {_SALT_BYTES[scheme]} bytes")
    message_key, nonce, commitment = _derived(key, salt, scheme)
    header = bytes([scheme]) + salt + commitment
    return header + AESGCM(message_key).encrypt(nonce, plaintext, header + context)


def unseal(key: bytes, sealed: bytes, context: bytes, scheme: int = SINGLE_KEY) -> bytes:
    """Return the plaintext.

    Raise VaultError if any bit of the sealed text has changed, or if the text was sealed with another key, context or
    scheme.
    """
    salt_end = 1 + _SALT_BYTES[scheme]
    header_end = salt_end + _COMMITMENT_BYTES
    if len(sealed) < header_end or sealed[0] != scheme:
        raise VaultError("sealed under an unknown scheme")
    header, ciphertext = sealed[:header_end], sealed[header_end:]
    message_key, nonce, commitment = _derived(key, header[1:salt_end], scheme)
    if not hmac.compare_digest(commitment, header[salt_end:]):
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


def _padded(text: bytes) -> bytes:
    """Append a byte 0x80, and zeros up to a multiple of the step (ISO/IEC 7816-4). This hides the exact length."""
    step = SHORT_STEP if len(text) < SHORT_TEXT else LONG_STEP
    return text + b"\x80" + bytes(-(len(text) + 1) % step)


def _unpadded(padded: bytes) -> bytes:
    text, mark, zeros = padded.rpartition(b"\x80")
    if not mark or zeros.strip(b"\0"):
        raise VaultError("a text without padding")
    return text


def _names(prompt: PromptRef) -> tuple[str, str, str]:
    return prompt.pack, str(prompt.version), prompt.prompt


def _joined(*parts: str) -> bytes:
    # Put each part's length before the part, so that two different lists of parts never become the same bytes.
    return b"".join(len(encoded).to_bytes(2) + encoded for encoded in (part.encode() for part in parts))
