"""A recording on disk, chunk by chunk: plain WAV, or sealed."""

import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import Protocol

from calls.recording.track import CHUNK_S

CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS
WAV_HEADER_BYTES = 44
# The two sizes in the header are of 32 bits.
_LARGEST = 2**32 - 2**20

PLAIN, SEALED = "call.wav", "call.sealed"
UNFINISHED = ".part"


class NotARecording(ValueError):
    """The file is none, or its header is broken."""


class SoundFile(Protocol):
    """16-bit stereo, the caller left and the bot right, in chunks of `CHUNK_S`."""

    rate_hz: int

    @property
    def chunks(self) -> int:
        """How many there are."""
        ...

    def write(self, index: int, pcm: bytes) -> None:
        """Write a chunk, new or not. What lies between it and the last one is silence."""
        ...

    def read(self, index: int) -> bytes:
        """All of a chunk."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class WavFile:
    """Its header tells the size at any moment, so that it plays when the process died.

    Raises:
        NotARecording: It was not written here.
        OSError: from the disk.
    """

    def __init__(self, descriptor: int, rate_hz: int) -> None:
        self._file = descriptor
        self.rate_hz = rate_hz
        self._chunk_bytes = chunk_bytes(rate_hz)
        self._in_header = self.chunks

    @classmethod
    def create(cls, path: Path, rate_hz: int) -> "WavFile":
        """A new file that nobody else may read."""
        file = cls(new(path), rate_hz)
        write_at(file._file, wav_header(rate_hz, 0), 0)
        return file

    @classmethod
    def open(cls, path: Path, *, writable: bool = False) -> "WavFile":
        """A file that is there."""
        descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
        header = os.pread(descriptor, WAV_HEADER_BYTES, 0)
        rate_hz = struct.unpack_from("<I", header, 24)[0] if len(header) == WAV_HEADER_BYTES else 0
        if not rate_hz or not _alike(header, wav_header(rate_hz, 0)):
            os.close(descriptor)
            raise NotARecording(f"{path} is no recording of a call.")
        file = cls(descriptor, rate_hz)
        if writable:
            file._mend()
        return file

    @property
    def chunks(self) -> int:
        data = os.fstat(self._file).st_size - WAV_HEADER_BYTES
        return max(0, -(-data // self._chunk_bytes))

    def write(self, index: int, pcm: bytes) -> None:
        ends = WAV_HEADER_BYTES + (index + 1) * self._chunk_bytes
        if ends > _LARGEST:
            raise OSError(errno.EFBIG, "a WAV file holds no more")
        write_at(self._file, pcm, ends - self._chunk_bytes)
        if index >= self._in_header:
            write_at(self._file, wav_header(self.rate_hz, ends - WAV_HEADER_BYTES), 0)
            self._in_header = index + 1

    def read(self, index: int) -> bytes:
        at = WAV_HEADER_BYTES + index * self._chunk_bytes
        return os.pread(self._file, self._chunk_bytes, at).ljust(self._chunk_bytes, b"\0")

    def close(self) -> None:
        os.close(self._file)

    def _mend(self) -> None:
        """Whoever wrote it may have died within a chunk, or between a chunk and the header."""
        data = self.chunks * self._chunk_bytes
        os.ftruncate(self._file, WAV_HEADER_BYTES + data)
        write_at(self._file, wav_header(self.rate_hz, data), 0)


def wav_header(rate_hz: int, data_bytes: int) -> bytes:
    """Of 16-bit stereo."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        WAV_HEADER_BYTES - 8 + data_bytes,
        b"WAVE",
        b"fmt ",
        16,
        1,
        CHANNELS,
        rate_hz,
        rate_hz * FRAME_BYTES,
        FRAME_BYTES,
        16,
        b"data",
        data_bytes,
    )


def chunk_frames(rate_hz: int) -> int:
    """Of a chunk; a frame is a sample of either side."""
    return round(rate_hz * CHUNK_S)


def chunk_bytes(rate_hz: int) -> int:
    """Of a chunk, in clear."""
    return chunk_frames(rate_hz) * FRAME_BYTES


def new(path: Path) -> int:
    """A descriptor of a file that was not there, locked as long as its process writes it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def is_written(path: Path) -> bool:
    """Whether a process that lives writes the file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write_at(descriptor: int, data: bytes, at: int) -> None:
    """All of the data: a disk that is nearly full takes less, and then says why."""
    while data:
        done = os.pwrite(descriptor, data, at)
        data, at = data[done:], at + done


def _alike(header: bytes, expected: bytes) -> bool:
    """Whether they differ in the sizes at most."""
    return header[:4] == expected[:4] and header[8:40] == expected[8:40]
