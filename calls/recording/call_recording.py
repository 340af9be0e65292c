"""The recording of one call: from the sentence that announces it to a file, or to none."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from loguru import logger
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.processors.aggregators.llm_response_universal import (
    LLMUserAggregator,
    UserTurnStoppedMessage,
)

from calls.recording.consent import Consent
from calls.recording.erasing import erase
from calls.recording.files import folder_of
from calls.recording.finishing import finish
from calls.recording.reading import Side
from calls.recording.recorder import Recorder
from calls.recording.sound_file import PLAIN, SEALED, UNFINISHED
from calls.recording.spoken import Spoken
from calls.recording.to_silence import NOTES, SpansOf, first_note, note_of
from calls.redaction.redactor import SpokenWord

Note = Callable[..., None]


class CallRecording:
    """Records a call once its caller was told so, and until the caller objects.

    The bot is recorded from the sentence on, the caller from its end on. What the caller refuses
    is erased at once; that it was refused stays, as an event.

    Parameters:
        consent: How the caller is asked.
        call_id: Of which call.
        data_dir: Where everything is kept.
        rate_hz: Of the file.
        key: Seals it, if given.
        spans_of: Finds what is not to be heard of the words that were said; None: all is.
        now: Seconds since the call was answered.
        note: Keeps an event of the call: `consent` {given}, `recording` {path, format,
            sample_rate, encrypted}, `recording_erased` {files, size_bytes, left},
            `recording_failed` {why}.
    """

    def __init__(
        self,
        consent: Consent,
        *,
        call_id: str,
        data_dir: Path,
        rate_hz: int,
        now: Callable[[], float],
        note: Note,
        key: bytes | None = None,
        spans_of: SpansOf | None = None,
    ) -> None:
        self.spoken = Spoken(now, self._said) if spans_of else None
        self._spans_of = spans_of
        self._consent = consent
        self._call_id = call_id
        self._data_dir = data_dir
        self._key = key
        self._note = note
        self._name = SEALED if key else PLAIN
        self.recorder = Recorder(
            folder_of(data_dir, call_id) / (self._name + UNFINISHED),
            rate_hz=rate_hz,
            key=key,
            now=now,
            on_failed=self._failed,
        )
        self._on = False
        self._told = False
        self._given: bool | None = None
        self._erasing: asyncio.Task[None] | None = None

    @property
    def on(self) -> bool:
        """Whether something is recorded at this moment."""
        return self._on

    def sentence_begins(self) -> None:
        """The caller is about to be told."""
        if self._given is not None or self._on:
            return
        self._on = True
        if self._spans_of:
            self.recorder.beside(NOTES, first_note())
        self.recorder.start(caller=False)
        path = self.recorder.path.with_name(self._name)
        self._note(
            "recording",
            path=str(path.relative_to(self._data_dir)),
            format="sealed" if self._key else "wav",
            sample_rate=self.recorder.rate_hz,
            encrypted=self._key is not None,
        )

    def sentence_ends(self, said: str) -> None:
        """The caller was told so, or something else."""
        if not self._on:
            return
        if self._consent.is_sentence(said):
            self._told = True
            self.recorder.hear_caller()
        else:
            self._failed(f"the caller was told {said!r} instead of {self.sentence!r}")
            self._stop()
            self._erasing = asyncio.create_task(self._erase())

    @property
    def sentence(self) -> str:
        """What tells the caller."""
        return self._consent.sentence

    def listen_to(self, user: LLMUserAggregator) -> None:
        """Hear from the caller's half of the conversation whether the caller objects."""

        @user.event_handler("on_user_turn_stopped")
        async def caller_said(
            _: LLMUserAggregator, strategy: object, message: UserTurnStoppedMessage
        ) -> None:
            if self.spoken:
                self.spoken.turn_over(message.content or "")
            if self.said(message.content or ""):
                await user.push_frame(TTSSpeakFrame(self._consent.once_refused))

    def said(self, text: str) -> bool:
        """The caller said something. Returns whether that ends the recording."""
        if not self._told or self._given is False or not text.strip():
            return False
        if self._given is None and not self._consent.is_answer(text):
            return False
        if self._consent.is_refused(text, as_answer=self._given is None):
            self.refuse()
            return True
        if self._given is None:
            self._given = True
            self._note("consent", given=True)
        return False

    def refuse(self) -> None:
        """Record nothing more of this call, and erase what was; for tools, too."""
        if self._given is False:
            return
        self._given = False
        self._stop()
        self._note("consent", given=False)
        self._erasing = asyncio.create_task(self._erase())

    def call_ends(self) -> None:
        """Nobody says anything any more."""
        if self._on and self._consent.must_agree and self._given is None:
            self.refuse()

    async def over(self) -> None:
        """The call has ended: let its recording be played, but for what nobody is to hear."""
        self.call_ends()
        if self._erasing:
            await self._erasing
            return
        if not self._on:
            return
        self._on = False
        await self.recorder.close()
        try:
            await asyncio.to_thread(finish, self._data_dir, self._call_id, (), self._key)
        except (OSError, ValueError) as error:
            logger.error(f"The recording of this call is not to be played: {error}")

    def _stop(self) -> None:
        self._on = False
        self.recorder.hear_nobody()

    def _said(self, side: Side, words: Sequence[SpokenWord], until_s: float) -> None:
        if self._on and self._spans_of:
            self.recorder.beside(NOTES, note_of(side, self._spans_of(side, words), until_s))

    async def _erase(self) -> None:
        await self.recorder.discard()
        erased = await asyncio.to_thread(erase, self._data_dir, self._call_id)
        self._note(
            "recording_erased",
            files=erased.files,
            size_bytes=erased.size_bytes,
            left=list(erased.left),
        )
        if erased.left:
            logger.error(f"Of a refused recording is left, and to be erased: {erased}")

    def _failed(self, why: str) -> None:
        logger.error(f"Nothing more of this call is recorded: {self.recorder.path}: {why}")
        self._note("recording_failed", why=why)
