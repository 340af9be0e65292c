"""What the way out tells about a recording: when the sentence is said, and what was cleared."""

import asyncio
from typing import Protocol

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)

from calls.heard.following import utterance_of
from calls.heard.phone_lag import PhoneLag
from calls.heard.utterance import Utterance
from calls.marks import PlayoutMark
from calls.recording.spoken import Spoken
from calls.recording.tap import Tap


class Told(Protocol):
    """Who is told when the first sentence that must be heard is."""

    def sentence_begins(self) -> None:
        """Its first audio goes out next."""
        ...

    def sentence_ends(self, said: str) -> None:
        """Its last audio went out. `said`: its words."""
        ...

    def call_ends(self) -> None:
        """Nothing more is said."""
        ...


class RecordingWatch:
    """Is told of what comes out of the output, when it is due.

    Parameters:
        told: Of the sentence that begins the recording.
        tap: Told what is dropped by whoever plays the audio.
        spoken: Follows the words, if anybody has to know when they were said.
        clears: Whether audio that was written is dropped by an interruption, as a phone's is.
    """

    def __init__(self, told: Told, tap: Tap, *, clears: bool, spoken: Spoken | None = None) -> None:
        self._told = told
        self._tap = tap
        self._clears = clears
        self._spoken = spoken
        self._lag = PhoneLag()
        self._sentence: Utterance | None = None
        self._said = False

    def follow(self, frame: Frame) -> None:
        """A frame comes out of the output."""
        if self._spoken:
            self._spoken.follow(frame)
        if isinstance(frame, TTSAudioRawFrame):
            return
        match frame:
            case TTSStartedFrame() if not (frame.interruptible or self._sentence):
                self._sentence = utterance_of(frame)
                self._told.sentence_begins()
            case TTSStoppedFrame() if self._sentence and not self._said:
                if frame.context_id == self._sentence.context_id:
                    self._said = True
                    self._told.sentence_ends(self._sentence.text)
            case PlayoutMark():
                self._lag.sent(frame.trip, _now_s())
            case InterruptionFrame() if self._clears:
                self._tap.cut(self._lag.behind_s(_now_s()))
                self._lag.cleared()
            case EndFrame() | CancelFrame():
                self._told.call_ends()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
