"""The bot's audio is held back at the very end of its way, and goes on from the same word."""

import asyncio

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport

from calls.barge_in.ahead import Ahead, Clear, Write
from calls.barge_in.echo import Echo
from calls.barge_in.saying import Saying
from calls.marks import PlayoutMark

# However it comes that nobody decides, the bot is not silent for longer.
_AT_MOST_S = 1.6

Message = OutputTransportMessageFrame | OutputTransportMessageUrgentFrame


class Hold:
    """Keeps what the transport is about to write, and what stands behind it, from being written.

    A transport writes about a tenth of a second ahead of what is played. Where the far end can be
    told to drop that, it is, and it is said again afterwards. Speech that must not be interrupted
    is neither held nor dropped.

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
        self._ahead = Ahead()
        self._unplayed_s = self._not_through_s = 0.0

    def at(self, output: BaseOutputTransport, *, clear: Clear | None = None) -> None:
        """Stand between a transport and its way out.

        Parameters:
            output: The transport.
            clear: Where what was written can be dropped.
        """
        self._ahead = Ahead(clear)
        write, write_other = output.write_audio_frame, output.write_transport_frame
        process, send = output.process_frame, output.send_message

        async def held_write(frame: OutputAudioRawFrame) -> bool:
            if not isinstance(frame, TTSAudioRawFrame):
                return await write(frame)
            return await self._write(frame, write)

        async def watched_write(frame: Frame) -> None:
            if isinstance(frame, TTSStartedFrame):
                self.saying.begins(frame)
            await write_other(frame)

        async def watched_send(frame: Message) -> None:
            if isinstance(frame, PlayoutMark):
                self._ahead.marked(frame.trip)
            await send(frame)

        async def watched_process(frame: Frame, direction: FrameDirection) -> None:
            try:
                await process(frame, direction)
            finally:
                if isinstance(frame, InterruptionFrame):
                    self._interrupted.set()

        # On the instance: the transports of all channels share nothing else.
        output.process_frame = watched_process  # type: ignore[method-assign]
        output.send_message = watched_send  # type: ignore[method-assign]
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
        # Of a word that is just being said again, the rest was counted as late, too.
        left_s = self.saying.lasts_s(self._again)
        self._unplayed_s, self._again = self._ahead.take_back() + left_s, b""
        self._later_s -= left_s

    def go_on(self) -> float:
        """Play on, from the beginning of the word.

        Returns:
            The seconds by which everything is played later.
        """
        self._go_on()
        later_s, self._later_s = self._later_s, 0.0
        return later_s

    def drop(self) -> float:
        """What is held will not be played, nor anything behind it that came before `new_comes`.

        Called when an interruption is on its way to the output.

        Returns:
            How much of what went through the output will not have been played (seconds).
        """
        unplayed_s = self._dropped_s() if self._ahead.can_be_dropped else 0.0
        self._again, self._unplayed_s = b"", 0.0
        self._ahead.is_dropped()
        if not self._open.is_set():
            self._dropping = True
            self._interrupted.clear()
            self._later_s = 0.0
            self._release()
        return unplayed_s

    def new_comes(self) -> None:
        """What comes from here on is to be played."""
        self._dropping = False

    def _dropped_s(self) -> float:
        waiting_s = self._unplayed_s + self.saying.lasts_s(self._again)
        return max(0.0, waiting_s + self._ahead.unplayed_s - self._not_through_s)

    def _go_on(self) -> None:
        waited = self._waits_since_s is not None
        if (waited or self._unplayed_s) and not self._open.is_set():
            self._again = self.saying.last_word(self._unplayed_s)
            self._unplayed_s = 0.0
            self._later_s += self.saying.lasts_s(self._again)
            self._later_s += _now_s() - self._waits_since_s if self._waits_since_s else 0.0
        self._release()

    def _release(self) -> None:
        if self._longest:
            self._longest.cancel()
        self._longest = None
        self._waits_since_s = None
        self._open.set()

    async def _write(self, frame: TTSAudioRawFrame, write: Write) -> bool:
        self._interruptible = frame.interruptible
        self._not_through_s = 0.0
        given = False
        while not given or self._again or self._unplayed_s:
            if not await self._let_through(frame):
                return False
            if self._again:
                await self._ahead.write(self._said_again(frame), write)
                continue
            if given:
                break
            given = True
            self._not_through_s = frame.num_frames / frame.sample_rate
            self.saying.plays(frame)
            self.echo.played(frame.audio, frame.sample_rate)
            if not await self._ahead.write(frame, write):
                return False
        self._not_through_s = 0.0
        return True

    async def _let_through(self, frame: TTSAudioRawFrame) -> bool:
        if frame.interruptible and not self._open.is_set():
            self._waits_since_s = self._waits_since_s or _now_s()
            await self._open.wait()
        if not (self._dropping and frame.interruptible):
            return True
        # Else all that stands behind it would go out as if everything had been played.
        await self._interrupted.wait()
        return False

    def _said_again(self, like: TTSAudioRawFrame) -> TTSAudioRawFrame:
        """The next of the beginning of the word, as long as the others: each is paced like one."""
        size = len(like.audio)
        padding = bytes(-len(self._again) % size)
        piece = padding + self._again[: size - len(padding)]
        self._again = self._again[size - len(padding) :]
        return TTSAudioRawFrame(piece, like.sample_rate, like.num_channels)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
