"""Writes what is heard in a call, while it is heard."""

import asyncio
import errno
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from calls.recording.arrivals import LOOK_AHEAD_S, Arrivals
from calls.recording.disk import on_disk
from calls.recording.files import append, create
from calls.recording.mixing import Chunk, Piece, mono
from calls.recording.playout import Playout
from calls.recording.sound_file import SoundFile
from calls.recording.track import CHUNK_S, HISTORY_S, Track

# A chunk is written when it is so old: most of what may come late has come by then.
_SETTLED_S = 0.5
# All calls write at the same moments: to wake the disk's thread costs more than what is written.
_WRITTEN_EVERY_S = 1.0
_EARLY_S = 0.01
_LEAVE_FREE_BYTES = 256 * 2**20
# How much is free is asked with every tenth chunk or so.
_ASKED_EVERY = 10

_Sound = tuple[float, bytes, int, int]
"""When it came or went (seconds of the call), 16-bit audio, its rate in Hz and its channels."""


class Recorder:
    """Two tracks on the call's clock, on their way to one file.

    What is not on the disk yet, and what may still change, is held: some seconds, however long
    the call. A disk that is full or does not answer ends the recording, never the call.

    It is the `Listener` of a tap. What it is told many times a second it only notes, and nothing
    before it is started.

    Parameters:
        path: Of the file, which must not exist.
        rate_hz: Of the file.
        key: Seals it, if given.
        now: Seconds since the call was answered.
        on_failed: Told once why nothing more is recorded.
        leave_free_bytes: Of the disk, for the records.
    """

    def __init__(
        self,
        path: Path,
        *,
        rate_hz: int,
        now: Callable[[], float],
        key: bytes | None = None,
        on_failed: Callable[[str], None] = lambda why: None,
        leave_free_bytes: int = _LEAVE_FREE_BYTES,
    ) -> None:
        self.path = path
        self.rate_hz = rate_hz
        self._now = now
        self._key = key
        self._on_failed = on_failed
        self._file: SoundFile | None = None
        self._leave_free_bytes = leave_free_bytes
        self._caller: Arrivals | None = None
        self._bot: Playout | None = None
        self._came: list[_Sound] = []
        self._went: list[_Sound] = []
        self._hears_caller = self._hears_bot = False
        self._notes: list[tuple[str, str]] = []
        self._written = self._writes = 0
        self._writing: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._closing = False
        self._over = False

    def start(self, *, caller: bool = True) -> None:
        """Make the file, and write from now on until `close`; the caller only if `caller`."""
        self._hears_bot, self._hears_caller = True, caller
        self._writing = asyncio.create_task(self._keep_writing())

    def hear_caller(self) -> None:
        """Record the caller, too, from now on."""
        self._hears_caller = self._hears_bot

    def hear_nobody(self) -> None:
        """Record nothing from now on."""
        self._hears_caller = self._hears_bot = False

    def caller(self, audio: bytes, rate_hz: int, channels: int = 1) -> None:
        """16-bit audio of the caller has come."""
        if self._hears_caller:
            self._came.append((self._now(), audio, rate_hz, channels))

    def bot(self, audio: bytes, rate_hz: int, channels: int = 1) -> None:
        """16-bit audio of the bot is written to its way out."""
        if self._hears_bot:
            self._went.append((self._now(), audio, rate_hz, channels))

    def beside(self, name: str, note: str) -> None:
        """Append to a file beside the recording, no later than the sound of this moment."""
        self._notes.append((name, note))

    @property
    def held_bytes(self) -> int:
        """How much sound is in memory."""
        noted = sum(len(audio) for _, audio, _, _ in (*self._came, *self._went))
        return noted + sum(track.held_bytes for track in self._tracks)

    def cut(self, unplayed_s: float = 0.0, /) -> None:
        """Of the bot's audio that was written, so much at the end is not heard any more."""
        self._place()
        if self._bot:
            self._bot.cut(self._now(), unplayed_s)

    async def close(self) -> None:
        """Write what is left, up to this moment."""
        await self._stop_writing()
        self.hear_nobody()
        if not self._over:
            self.cut()
            now_s = self._now()
            await self._write(settled_s=now_s, until_chunk=int(now_s / CHUNK_S) + 1)
        await self._let_go()

    async def discard(self) -> None:
        """Record nothing more, and drop what was held. The file is left to who erases it."""
        self._over = True
        self.hear_nobody()
        await self._stop_writing()
        await self._let_go()

    async def _keep_writing(self) -> None:
        try:
            self._file = await on_disk(lambda: create(self.path, self.rate_hz, self._key))
        except (OSError, TimeoutError) as error:
            self._failed(error)
        loop = asyncio.get_running_loop()
        while not self._closing:
            self._woken.clear()
            due = loop.call_later(self._next_moment_in_s(), self._woken.set)
            await self._woken.wait()
            due.cancel()
            settled_s = self._now() - LOOK_AHEAD_S
            until_chunk = int((self._now() - _SETTLED_S) / CHUNK_S)
            await self._write(settled_s=settled_s, until_chunk=until_chunk)

    @staticmethod
    def _next_moment_in_s() -> float:
        """How long it takes until all calls write again."""
        loop_s = asyncio.get_running_loop().time()
        return _WRITTEN_EVERY_S - (loop_s + _EARLY_S) % _WRITTEN_EVERY_S + _EARLY_S

    async def _write(self, *, settled_s: float, until_chunk: int) -> None:
        """Have written what was not, and again what has changed since."""
        self._place()
        if self._caller:
            self._caller.settle(settled_s)
        chunks = [
            Chunk(
                index,
                Piece.of(self._caller, index, for_hz=self.rate_hz),
                Piece.of(self._bot, index, for_hz=self.rate_hz),
            )
            for index in self._due(until_chunk)
        ]
        if not (chunks or self._notes) or self._over or self._file is None:
            return
        file = self._file
        notes, self._notes = self._notes, []
        try:
            await on_disk(lambda: self._put_on_disk(file, chunks, notes))
        except (OSError, TimeoutError) as error:
            self._failed(error)
            return
        self._written = max(self._written, until_chunk)
        for track in self._tracks:
            track.forget_before(self._written - round(HISTORY_S / CHUNK_S))

    def _place(self) -> None:
        """Bring to the tracks what was noted."""
        came, self._came = self._came, []
        went, self._went = self._went, []
        if came and not self._over:
            self._caller = self._caller or Arrivals(came[0][2])
            for at_s, audio, rate_hz, channels in came:
                self._caller.came(mono(audio, rate_hz, channels, as_hz=self._caller.rate_hz), at_s)
        if went and not self._over:
            self._bot = self._bot or Playout(went[0][2])
            for at_s, audio, rate_hz, channels in went:
                samples = mono(audio, rate_hz, channels, as_hz=self._bot.rate_hz)
                self._bot.plays(np.frombuffer(samples, np.int16), at_s)

    def _due(self, until_chunk: int) -> list[int]:
        changed: set[int] = set()
        for track in self._tracks:
            changed |= {index for index in track.changed if index < until_chunk}
        for track in self._tracks:
            track.changed -= changed
        # The file grows with the call, whether anybody says something or not.
        return sorted(changed | ({until_chunk - 1} if until_chunk > self._written else set()))

    @property
    def _tracks(self) -> list[Track]:
        return [track for track in (self._caller, self._bot) if track]

    def _put_on_disk(
        self, file: SoundFile, chunks: Sequence[Chunk], notes: Sequence[tuple[str, str]]
    ) -> None:
        asked, self._writes = self._writes % _ASKED_EVERY == 0, self._writes + 1
        if asked and shutil.disk_usage(self.path.parent).free < self._leave_free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for name, note in notes:
            append(self.path.with_name(name), note)
        for chunk in chunks:
            file.write(chunk.index, chunk.pcm(file.rate_hz))

    def _failed(self, error: OSError | TimeoutError) -> None:
        self._over = self._closing = True
        self._drop()
        if isinstance(error, TimeoutError):
            # The thread still has it.
            self._file = None
        self._on_failed(error.strerror or str(error) or "the disk does not answer")

    def _drop(self) -> None:
        self.hear_nobody()
        self._came, self._went = [], []
        self._caller = self._bot = None

    async def _stop_writing(self) -> None:
        self._closing = True
        self._woken.set()
        if self._writing:
            await self._writing

    async def _let_go(self) -> None:
        self._over = True
        self._drop()
        file, self._file = self._file, None
        if file:
            await on_disk(file.close)
