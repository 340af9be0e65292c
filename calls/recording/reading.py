"""A recording is heard again, from any second on."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
from loguru import logger

from calls.recording.files import open_file
from calls.recording.sealed_file import DamagedChunk
from calls.recording.sound_file import (
    CHANNELS,
    FRAME_BYTES,
    WAV_HEADER_BYTES,
    SoundFile,
    chunk_bytes,
    wav_header,
)
from calls.recording.track import CHUNK_S

Side = Literal["caller", "bot"]
SIDES: tuple[Side, ...] = ("caller", "bot")


def open_recording(path: Path, key: bytes | None = None) -> "Recording":
    """A recording, finished or not, for reading; a context manager.

    Parameters:
        path: As from `recording_of`.
        key: The one that it was sealed with.

    Raises:
        NotARecording: It is none.
        WrongKey: It is sealed with another key than this one.
        OSError: from the disk.
    """
    return Recording(open_file(path, key), path)


class Recording:
    """16-bit stereo at `rate_hz`, the caller left and the bot right, from the call's start on.

    What was damaged on the disk is silence.

    Attributes:
        rate_hz: Of either side.
        duration_s: Up to the end of the last chunk that was written.
        wav_size: Of all of it as a WAV file, in bytes.
    """

    def __init__(self, file: SoundFile, path: Path) -> None:
        self._file = file
        self._path = path
        self._chunks = file.chunks
        self._chunk_bytes = chunk_bytes(file.rate_hz)
        self.rate_hz = file.rate_hz
        self.duration_s = self._chunks * CHUNK_S
        self.wav_size = WAV_HEADER_BYTES + self._chunks * self._chunk_bytes

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def pcm(
        self, from_s: float = 0.0, to_s: float | None = None, *, side: Side | None = None
    ) -> Iterator[bytes]:
        """The sound between two seconds, half a second at a time.

        Parameters:
            from_s: Where it begins.
            to_s: Where it ends; None: with the recording.
            side: Of this side alone, mono.
        """
        first = round(max(0.0, from_s) * self.rate_hz) * FRAME_BYTES
        last = None if to_s is None else round(max(0.0, to_s) * self.rate_hz) * FRAME_BYTES
        for piece in self._data(first, last):
            if side is None:
                yield piece
            else:
                stereo = np.frombuffer(piece, np.int16).reshape(-1, CHANNELS)
                yield stereo[:, SIDES.index(side)].tobytes()

    def wav(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes of the recording as a WAV file, as HTTP's ranges ask for them: `stop` excluded."""
        header = wav_header(self.rate_hz, self.wav_size - WAV_HEADER_BYTES)
        stop = self.wav_size if stop is None else min(stop, self.wav_size)
        if start < WAV_HEADER_BYTES:
            yield header[start:stop]
        if stop > WAV_HEADER_BYTES:
            yield from self._data(max(0, start - WAV_HEADER_BYTES), stop - WAV_HEADER_BYTES)

    def _data(self, start: int, stop: int | None) -> Iterator[bytes]:
        size = self._chunks * self._chunk_bytes
        stop = size if stop is None else min(stop, size)
        while start < stop:
            index, offset = divmod(start, self._chunk_bytes)
            piece = self._read(index)[offset : offset + stop - start]
            yield piece
            start += len(piece)

    def _read(self, index: int) -> bytes:
        try:
            return self._file.read(index)
        except DamagedChunk as error:
            logger.warning(f"{self._path}: {error} It is played as silence.")
            return bytes(self._chunk_bytes)
