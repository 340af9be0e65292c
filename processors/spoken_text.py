"""SpokenText: what a language model writes, as it is said aloud."""

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from processors.speakable.blocks import Blocks
from processors.speakable.speech import Speech


class SpokenText(FrameProcessor):
    """Turns a response's Markdown into text for the voice while it streams.

    Takes LLMTextFrames, cut anywhere, and pushes LLMTextFrames without marks, table pipes, tags,
    addresses and emoji. What is said does not depend on where the tokens were cut.

    - Plain words pass at once; a line's start, a possible address or an undecided mark is held
      until it is decided, at the latest at the end of its block.
    - Headings, list items, table rows and paragraphs end as sentences; ordered items keep their
      number ("1, Open the app."), rows name their columns ("Name: Bob, Price: five.").
    - Code blocks are not said: read aloud, source code is noise, and the text around a block
      says what it is for. Inline code is said without its backticks.
    - A word's space comes with what follows it; `metadata["ends_word"]` of a frame says that its
      last word is whole before that.
    - Links keep their text, images their description, bare addresses their host; struck-through
      text is taken back and so not said.

    Frames with skip_tts pass untouched. An interruption drops what is held.
    """

    consumes = (LLMTextFrame,)

    def __init__(self) -> None:
        # Direct mode: nothing below waits, so nothing can stand behind it.
        super().__init__(enable_direct_mode=True)
        self._speech: Speech | None = None
        self._blocks: Blocks | None = None
        self._latest: LLMTextFrame | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Make text speakable; forward everything else as it is."""
        await super().process_frame(frame, direction)
        match frame:
            case LLMTextFrame() if direction is FrameDirection.DOWNSTREAM:
                await self._take_text(frame)
                return
            case LLMFullResponseStartFrame() | LLMFullResponseEndFrame() | EndFrame():
                if direction is FrameDirection.DOWNSTREAM:
                    await self._release()
            case InterruptionFrame() | CancelFrame():
                self._forget()
        await self.push_frame(frame, direction)

    async def _take_text(self, frame: LLMTextFrame) -> None:
        if self._latest and not _same_fate(self._latest, frame):
            await self._release()
        if frame.skip_tts:
            await self.push_frame(frame)
            return
        if self._blocks is None or self._speech is None:
            self._speech = Speech()
            self._blocks = Blocks(self._speech)
        self._latest = frame
        self._blocks.feed(frame.text)
        await self._push_spoken(self._speech, frame)

    async def _release(self) -> None:
        """Push what is held and start afresh."""
        speech, blocks, latest = self._speech, self._blocks, self._latest
        self._forget()
        if speech and blocks and latest:
            blocks.finish()
            await self._push_spoken(speech, latest)

    async def _push_spoken(self, speech: Speech, source: LLMTextFrame) -> None:
        text = speech.take()
        if not text:
            return
        spoken = LLMTextFrame(text)
        spoken.skip_tts = source.skip_tts
        spoken.append_to_context = source.append_to_context
        spoken.includes_inter_frame_spaces = source.includes_inter_frame_spaces
        spoken.transport_destination = source.transport_destination
        spoken.pts = source.pts
        spoken.metadata["ends_word"] = speech.ends_word
        await self.push_frame(spoken)

    def _forget(self) -> None:
        self._speech = self._blocks = self._latest = None


def _same_fate(one: LLMTextFrame, other: LLMTextFrame) -> bool:
    """Whether two frames' text may be joined: same voice, same record."""
    return (bool(one.skip_tts), one.append_to_context, one.transport_destination) == (
        bool(other.skip_tts),
        other.append_to_context,
        other.transport_destination,
    )
