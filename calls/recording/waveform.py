"""How loud either side was, for a picture."""

import os
import struct
from pathlib import Path

import numpy as np

from calls.recording.reading import open_recording
from calls.recording.sealed_file import DamagedChunk, seal, unseal
from calls.recording.sound_file import CHANNELS, SEALED

# Finer than any picture of a call is drawn.
_PER_S = 50
_SUFFIX = ".peaks"
_STAMP = struct.Struct("<Qq")


def waveform(path: Path, buckets: int, key: bytes | None = None) -> tuple[list[float], list[float]]:
    """The peaks of the caller and of the bot, from 0 to 1, each in `buckets` equal stretches.

    They are kept beside the recording, sealed if that is.

    Raises:
        ValueError: No bucket.
        NotARecording: It is no recording.
        WrongKey: It is sealed with another key than this one.
        OSError: from the disk.
    """
    if buckets < 1:
        raise ValueError(f"A waveform has one bucket at least, not {buckets}.")
    fine = _kept(path, key)
    if fine is None:
        fine = _measured(path, key)
        _keep(path, fine, key)
    caller, bot = (_in_buckets(fine[:, side], buckets) for side in range(CHANNELS))
    return caller, bot


def forget_waveform(path: Path) -> None:
    """The recording is another now."""
    _beside(path).unlink(missing_ok=True)


def _measured(path: Path, key: bytes | None) -> np.ndarray:
    """Of shape (fiftieths of a second, 2), from 0 to 255."""
    with open_recording(path, key) as recording:
        size = recording.rate_hz // _PER_S
        peaks = [
            np.abs(np.frombuffer(pcm, np.int16).astype(np.int32))
            .reshape(-1, size, CHANNELS)
            .max(axis=1)
            for pcm in recording.pcm()
        ]
    if not peaks:
        return np.zeros((0, CHANNELS), np.uint8)
    return np.minimum(np.concatenate(peaks) // 128, 255).astype(np.uint8)


def _in_buckets(peaks: np.ndarray, buckets: int) -> list[float]:
    if not peaks.size:
        return [0.0] * buckets
    edges = np.arange(buckets) * peaks.size // buckets
    return [round(float(p) / 255, 4) for p in np.maximum.reduceat(peaks, edges)]


def _kept(path: Path, key: bytes | None) -> np.ndarray | None:
    try:
        data = _beside(path).read_bytes()
        if _is_sealed(path):
            data = unseal(key or b"", data)
    except (FileNotFoundError, DamagedChunk):
        return None
    if data[: _STAMP.size] != _stamp(path):
        return None
    return np.frombuffer(data[_STAMP.size :], np.uint8).reshape(-1, CHANNELS)


def _keep(path: Path, fine: np.ndarray, key: bytes | None) -> None:
    data = _stamp(path) + fine.tobytes()
    if _is_sealed(path):
        data = seal(key or b"", data)
    beside = _beside(path)
    half = beside.with_name(f"{beside.name}.{os.getpid()}")
    half.touch(0o600)
    half.write_bytes(data)
    half.replace(beside)


def _stamp(path: Path) -> bytes:
    """Another for every change of the recording."""
    status = path.stat()
    return _STAMP.pack(status.st_size, status.st_mtime_ns)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)


def _is_sealed(path: Path) -> bool:
    return path.name.startswith(SEALED)
