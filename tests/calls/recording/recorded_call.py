"""A call in virtual time that is recorded as every call is."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pipecat.frames.frames import InputAudioRawFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from calls.barge_in.ahead import Clear
from calls.barge_in.hold import Hold
from calls.notices import notice
from calls.recording.call_recording import CallRecording
from calls.recording.consent import Consent
from calls.recording.files import recording_of, unfinished_of
from calls.recording.reading import Side, open_recording
from calls.recording.tap import Tap
from calls.recording.to_silence import SpansOf
from calls.recording.watching import RecordingWatch
from tests.calls.heard_call import Heard, HeardCall, Line, heard_call
from tests.services.failover.tts_fakes import RATE_HZ

SENTENCE = "This call is recorded. If you do not want that, say no."
CALL_ID = "call-1"
CALLERS_VALUE = 500


class TappedHold(Hold):
    """Stands behind the tap, as in a channel."""

    def __init__(self, tap: Tap) -> None:
        super().__init__()
        self._tap = tap

    def at(self, output: BaseOutputTransport, *, clear: Clear | None = None) -> None:
        self._tap.at_output(output)

        async def cuts(behind_s: float) -> None:
            assert clear
            self._tap.cut(behind_s)
            await clear(behind_s)

        super().at(output, clear=cuts if clear else None)


@dataclass
class RecordedCall:
    """A call that runs, and what is told of its recording."""

    data_dir: Path
    zero_s: float
    heard: HeardCall = field(init=False)
    hold: Hold = field(init=False)
    recording: CallRecording = field(init=False)
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    callers: BaseInputTransport = field(
        default_factory=lambda: BaseInputTransport(TransportParams())
    )

    def note(self, kind: str, **facts: Any) -> None:
        self.notes.append((kind, facts))

    def noted(self, kind: str) -> list[dict[str, Any]]:
        return [facts for what, facts in self.notes if what == kind]

    def at_s(self) -> float:
        return asyncio.get_running_loop().time() - self.zero_s

    async def caller_sounds(self) -> None:
        """The microphone is open."""
        audio = np.full(320, CALLERS_VALUE, np.int16).tobytes()
        while True:
            await asyncio.sleep(0.02)
            await self.callers.push_audio_frame(InputAudioRawFrame(audio, 16_000, 1))

    async def announce(self, *more: str) -> None:
        """Tell the caller, and wait until that is over."""
        await self.heard.give(notice(SENTENCE), *(notice(text) for text in more))
        await self.heard.until_played(SENTENCE.split()[-1], part=1.0)
        await asyncio.sleep(1.0)

    @property
    def file(self) -> Path:
        path = recording_of(self.data_dir, CALL_ID) or unfinished_of(self.data_dir, CALL_ID)
        assert path, "there is no recording"
        return path

    def samples(self, side: Side) -> np.ndarray:
        """Of a side, as recorded."""
        with open_recording(self.file) as recording:
            return np.frombuffer(b"".join(recording.pcm(side=side)), np.int16)

    def words(self) -> list[Heard]:
        """The bot's, as recorded."""
        return self.heard.tongue.heard_in(self.samples("bot").tobytes())


@asynccontextmanager
async def recorded_call(
    rng: random.Random,
    data_dir: Path,
    *,
    line: Line = "web",
    consent: Consent | None = None,
    spans_of: SpansOf | None = None,
    **options: Any,
) -> AsyncIterator[RecordedCall]:
    """A call as `heard_call` makes it, at the rate of its voice; over when the block is left."""
    tap = Tap()
    call = RecordedCall(data_dir, asyncio.get_running_loop().time())
    call.hold = TappedHold(tap)
    call.recording = CallRecording(
        consent or Consent(SENTENCE),
        call_id=CALL_ID,
        data_dir=data_dir,
        rate_hz=RATE_HZ,
        now=call.at_s,
        note=call.note,
        spans_of=spans_of,
    )
    tap.listeners.append(call.recording.recorder)
    tap.at_input(call.callers)
    watch = RecordingWatch(
        call.recording, tap, clears=line == "phone", spoken=call.recording.spoken
    )
    async with heard_call(rng, line=line, hold=call.hold, follow=watch.follow, **options) as heard:
        call.heard = heard
        microphone = asyncio.create_task(call.caller_sounds())
        try:
            yield call
        finally:
            microphone.cancel()
    await call.recording.over()
