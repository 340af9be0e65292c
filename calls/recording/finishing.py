"""From a recording that was written to one that may be played."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from calls.recording.files import FOLDER, open_file, unfinished_of
from calls.recording.reading import SIDES
from calls.recording.sealed_file import DamagedChunk
from calls.recording.sound_file import CHANNELS, UNFINISHED
from calls.recording.to_silence import NOTES, Stretch, noted_in
from calls.recording.track import CHUNK_S
from calls.recording.waveform import forget_waveform

# Words' times are those of a recogniser: a stretch is silenced with so much around it.
_AROUND_S = 0.15
_CHANNELS: dict[str, int] = {side: channel for channel, side in enumerate(SIDES)}


def silence(path: Path, spans: Iterable[Stretch], key: bytes | None = None) -> None:
    """Replace stretches of a recording, sealed or not, by silence. It may be done twice.

    Raises:
        NotARecording: It is none.
        WrongKey: It is sealed with another key than this one.
        OSError: from the disk.
    """
    file = open_file(path, key, writable=True)
    try:
        for span in spans:
            first_s = max(0.0, span.start_s - _AROUND_S)
            last_s = min(file.chunks * CHUNK_S, span.end_s + _AROUND_S)
            last = min(file.chunks - 1, int(last_s / CHUNK_S))
            for index in range(int(first_s / CHUNK_S), last + 1):
                begins_s = index * CHUNK_S
                try:
                    pcm = file.read(index)
                except DamagedChunk:
                    # It is silence for who listens.
                    continue
                stereo = np.frombuffer(pcm, np.int16).reshape(-1, CHANNELS).copy()
                from_ = max(0, int((first_s - begins_s) * file.rate_hz))
                to = max(0, int((last_s - begins_s) * file.rate_hz) + 1)
                stereo[from_:to, _CHANNELS[span.who]] = 0
                file.write(index, stereo.tobytes())
    finally:
        file.close()
    forget_waveform(path)


def finish(
    data_dir: Path, call_id: str, spans: Sequence[Stretch] = (), key: bytes | None = None
) -> Path | None:
    """Silence what nobody is to hear, and only then let the recording be played.

    For a call that is over, and at the next start for one whose process died. What was noted
    beside it while the call ran is silenced as well as `spans`.

    Returns:
        The recording; None: there is none that was not finished.

    Raises:
        NotARecording: The file is broken.
        WrongKey: It is sealed with another key than this one.
        OSError: from the disk.
    """
    path = unfinished_of(data_dir, call_id)
    if path is None:
        return None
    silence(path, [*spans, *noted_in(path.parent)], key)
    finished = path.rename(path.with_name(path.name.removesuffix(UNFINISHED)))
    (path.parent / NOTES).unlink(missing_ok=True)
    return finished


def unfinished(data_dir: Path) -> list[str]:
    """The calls whose recordings are not finished: those that run, and whose process died."""
    folder = data_dir / FOLDER
    return sorted({path.parent.name for path in folder.glob(f"*/*{UNFINISHED}")})
