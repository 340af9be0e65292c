"""A recording that only who has the key can hear.

A header (`SWBREC` and a version, rate, chunk's frames, the key's name, salt), then slots of equal
size: nonce, sealed chunk, tag. Every file has a key of its own, derived from the one that is set
and the salt. A slot is sealed together with the header and its number, so that none can be moved
or brought from another file. Who can write to the disk can still cut the end off.
"""

import os
import struct
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from calls.recording.sound_file import (
    NotARecording,
    chunk_bytes,
    chunk_frames,
    new,
    write_at,
)

KEY_BYTES = 32
_MAGIC = b"SWBREC\x00\x01"
_HEADER = struct.Struct("<8sII8s16s24x")
HEADER_BYTES = _HEADER.size
_NONCE, _TAG = 12, 16


class WrongKey(ValueError):
    """The recording was sealed with another key, or none was given."""


class DamagedChunk(ValueError):
    """A chunk is not what was written."""


class SealedFile:
    """A `SoundFile`, sealed chunk by chunk with AES-256-GCM.

    Raises:
        NotARecording: It was not written here.
        WrongKey: It was sealed with another key.
        DamagedChunk: when a chunk is read that was changed, or written by half.
        OSError: from the disk.
    """

    def __init__(self, descriptor: int, header: bytes, key: bytes) -> None:
        _, self.rate_hz, _, _, salt = _HEADER.unpack(header)
        self._file = descriptor
        self._header = header
        self._cipher = AESGCM(_derived(key, salt, b"recording"))
        self._silence = bytes(chunk_bytes(self.rate_hz))
        self._slot = _NONCE + len(self._silence) + _TAG

    @classmethod
    def create(cls, path: Path, rate_hz: int, key: bytes) -> "SealedFile":
        """A new file that nobody else may read."""
        header = _HEADER.pack(_MAGIC, rate_hz, chunk_frames(rate_hz), name_of(key), os.urandom(16))
        descriptor = new(path)
        write_at(descriptor, header, 0)
        return cls(descriptor, header, key)

    @classmethod
    def open(cls, path: Path, key: bytes | None, *, writable: bool = False) -> "SealedFile":
        """A file that is there."""
        descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
        try:
            header = os.pread(descriptor, HEADER_BYTES, 0)
            if len(header) != HEADER_BYTES or not header.startswith(_MAGIC):
                raise NotARecording(f"{path} is no sealed recording of a call.")
            _, rate_hz, frames, name, _ = _HEADER.unpack(header)
            if not rate_hz or frames != chunk_frames(rate_hz):
                raise NotARecording(f"The header of {path} is broken.")
            if key is None:
                raise WrongKey(f"{path} is sealed: set RECORDING_KEY to the key that it has.")
            if name != name_of(key):
                raise WrongKey(
                    f"{path} is sealed with another key: set RECORDING_KEY to the one of then."
                )
        except ValueError:
            os.close(descriptor)
            raise
        return cls(descriptor, header, key)

    @property
    def chunks(self) -> int:
        return max(0, os.fstat(self._file).st_size - HEADER_BYTES) // self._slot

    def write(self, index: int, pcm: bytes) -> None:
        for between in range(self.chunks, index):
            self._write(between, self._silence)
        self._write(index, pcm)

    def read(self, index: int) -> bytes:
        slot = os.pread(self._file, self._slot, HEADER_BYTES + index * self._slot)
        try:
            return self._cipher.decrypt(slot[:_NONCE], slot[_NONCE:], self._with(index))
        except (InvalidTag, ValueError):
            raise DamagedChunk(f"Chunk {index} is damaged.") from None

    def close(self) -> None:
        os.close(self._file)

    def _write(self, index: int, pcm: bytes) -> None:
        # Never the same nonce twice: chunks are written again when audio comes late.
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, pcm, self._with(index))
        write_at(self._file, nonce + sealed, HEADER_BYTES + index * self._slot)

    def _with(self, index: int) -> bytes:
        return self._header + struct.pack("<Q", index)


def name_of(key: bytes) -> bytes:
    """Tells keys from each other and nothing about them."""
    return _derived(key, b"", b"name")[:8]


def seal(key: bytes, data: bytes) -> bytes:
    """Something small that belongs to a sealed recording."""
    salt, nonce = os.urandom(16), os.urandom(_NONCE)
    return salt + nonce + AESGCM(_derived(key, salt, b"beside")).encrypt(nonce, data, None)


def unseal(key: bytes, sealed: bytes) -> bytes:
    """The reverse of `seal`.

    Raises:
        DamagedChunk: It was changed, or sealed with another key.
    """
    salt, nonce, rest = sealed[:16], sealed[16 : 16 + _NONCE], sealed[16 + _NONCE :]
    try:
        return AESGCM(_derived(key, salt, b"beside")).decrypt(nonce, rest, None)
    except (InvalidTag, ValueError):
        raise DamagedChunk("What was sealed is damaged.") from None


def _derived(key: bytes, salt: bytes, purpose: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise WrongKey(f"A recording's key has {KEY_BYTES} bytes, this one has {len(key)}.")
    return HKDF(SHA256(), KEY_BYTES, salt, b"switchboard " + purpose).derive(key)
