"""The bot's audio is held back at the very end of its way, and goes on from the same word."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport

from calls.barge_in.echo import Echo
from calls.barge_in.saying import Saying

# However it comes that nobody decides, the bot is not silent for longer.
_AT_MOST_S = 1.6

Write = Callable[[OutputAudioRawFrame], Awaitable[bool]]


class Hold:
    """Keeps what the transport is about to write, and what stands behind it, from being written.

    A transport writes no more than a few hundredths of a second ahead of what is played, so what
    is not written is not heard. Speech that must not be interrupted is not held.

    Attributes:
        saying: What is being said.
        echo: What was played, to know it again.
    """

    def __init__(self) -> None:
        self.saying = Saying(_now_s)
        self.echo = Echo()
        self._open = asyncio.Event()
        self._open.set()
        self._interrupted = asyncio.Event()
        self._interrupted.set()
        self._dropping = False
        self._interruptible = True
        self._waits_since_s: float | None = None
        self._again = b""
        self._later_s = 0.0
        self._longest: asyncio.TimerHandle | None = None

    def at(self, output: BaseOutputTransport) -> None:
        """Stand between a transport and its way out."""
        write, write_other = output.write_audio_frame, output.write_transport_frame
        process = output.process_frame

        async def held_write(frame: OutputAudioRawFrame) -> bool:
            if not isinstance(frame, TTSAudioRawFrame):
                return await write(frame)
            return await self._write(frame, write)

        async def watched_write(frame: Frame) -> None:
            if isinstance(frame, TTSStartedFrame):
                self.saying.begins(frame)
            await write_other(frame)

        async def watched_process(frame: Frame, direction: FrameDirection) -> None:
            try:
                await process(frame, direction)
            finally:
                if isinstance(frame, InterruptionFrame):
                    self._interrupted.set()

        # On the instance: the transports of all channels share nothing else.
        output.process_frame = watched_process  # type: ignore[method-assign]
        output.write_audio_frame = held_write  # type: ignore[method-assign]
        output.write_transport_frame = watched_write  # type: ignore[method-assign]

    @property
    def interruptible(self) -> bool:
        """Whether what is being said may be interrupted."""
        return self._interruptible

    @property
    def paused(self) -> bool:
        """Whether nothing is played for the time being."""
        return not self._open.is_set()

    def pause(self) -> None:
        """Nothing more is played until told otherwise."""
        if not self._open.is_set():
            return
        self._open.clear()
        self._longest = asyncio.get_running_loop().call_later(_AT_MOST_S, self._go_on)

    def go_on(self) -> float:
        """Play on, from the beginning of the word.

        Returns:
            The seconds by which everything is played later.
        """
        self._go_on()
        later_s, self._later_s = self._later_s, 0.0
        return later_s

    def drop(self) -> None:
        """What is held will not be played, nor anything behind it that came before `new_comes`.

        Called when an interruption is on its way to the output.
        """
        if not self._open.is_set():
            self._dropping = True
            self._interrupted.clear()
            self._again = b""
            self._later_s = 0.0
            self._release()

    def new_comes(self) -> None:
        """What comes from here on is to be played."""
        self._dropping = False

    def _go_on(self) -> None:
        if self._waits_since_s is not None and not self._open.is_set():
            self._again = self.saying.last_word()
            self._later_s += _now_s() - self._waits_since_s + self.saying.lasts_s(self._again)
        self._release()

    def _release(self) -> None:
        if self._longest:
            self._longest.cancel()
        self._longest = None
        self._waits_since_s = None
        self._open.set()

    async def _write(self, frame: TTSAudioRawFrame, write: Write) -> bool:
        self._interruptible = frame.interruptible
        if not await self._let_through(frame):
            return False
        for piece in self._said_again(frame):
            if not await self._let_through(frame):
                return False
            await write(piece)
        written = await write(frame)
        if written:
            self.saying.plays(frame)
            self.echo.played(frame.audio, frame.sample_rate)
        return written

    async def _let_through(self, frame: TTSAudioRawFrame) -> bool:
        if frame.interruptible and not self._open.is_set():
            self._waits_since_s = self._waits_since_s or _now_s()
            await self._open.wait()
        if not (self._dropping and frame.interruptible):
            return True
        # Else all that stands behind it would go out as if everything had been played.
        await self._interrupted.wait()
        return False

    def _said_again(self, like: TTSAudioRawFrame) -> Iterator[TTSAudioRawFrame]:
        """The beginning of the word, in pieces like the others: each is paced like a whole one."""
        again, self._again = self._again, b""
        size = len(like.audio)
        again = bytes(-len(again) % size) + again
        for at in range(0, len(again), size):
            yield TTSAudioRawFrame(again[at : at + size], like.sample_rate, like.num_channels)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
