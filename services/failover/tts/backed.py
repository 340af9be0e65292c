"""Text-to-speech by several providers: what one does not say, the next one says."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    StartFrame,
    TTSStoppedFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.types import is_given

from services.failover.branch import Branch
from services.failover.health import Health
from services.failover.incident import Failure, Incident, Report
from services.failover.tts.first_words import FirstWords, goes_on
from services.failover.tts.mouth import Mouth
from services.failover.tts.settings import for_a_backup, for_the_lead
from services.failover.tts.speech import Speech, letters
from services.failover.tts.spoken_before import SpokenBefore
from services.failover.tts.voices import Voices
from services.phrases.repertoire import Repertoire

_NS_PER_S = 1_000_000_000
# Every audio context is ended here; none ends because a provider takes its time.
_NEVER_S = 24 * 3600.0


class BackedTTS(TTSService):
    """Stands where a text-to-speech service stands, and has text spoken by the best of several.

    Pipecat's base class keeps the order of frames, words and audio contexts, as for any service.
    Where another service would send a sentence to its provider, this one has a provider's whole
    service say it, and the next one the rest of it, if the first does not.

    Parameters:
        providers: Name, service and health of each, in order of preference.
        report: Told of every failure.
    """

    Settings = TTSSettings

    def __init__(
        self,
        providers: Sequence[tuple[str, TTSService, Health]],
        *,
        report: Report,
        repertoire: Repertoire | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            push_text_frames=False,
            push_start_frame=True,
            stop_frame_timeout_s=_NEVER_S,
            max_consecutive_zero_audio_contexts=0,
            settings=TTSSettings(model=None, voice=None, language=None),
            text_transforms=[("*", _without_soundless_text)],
            **kwargs,
        )
        _, lead, _ = providers[0]
        # The base class takes none from outside.
        self._text_aggregator = self._first_words = FirstWords(
            language=lead.text_aggregation_language,
            goes_on=goes_on(lead),
            speaks=lambda: self._mouth.playout.left_s > 0,
        )
        self._skipped_text_aggregator.set_language(lead.text_aggregation_language)
        self._report = report
        self._voices = Voices(self, providers, self.push_frame)
        self._mouth = Mouth(self)
        self._spoken_before = SpokenBefore(repertoire, self._mouth)
        self._speeches: dict[str, Speech] = {}
        self._waiting: asyncio.Queue[Speech] = asyncio.Queue()
        self._speaking: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._one_said = asyncio.Event()
        self._given_up: set[str] = set()

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Begin to set up every provider's service; wait for none."""
        await super().setup(setup)
        await self._voices.setup(setup, self.sample_rate)
        self._spoken_before.begin(self.sample_rate)

    async def start(self, frame: StartFrame) -> None:
        """Start every provider's service; wait for none."""
        await super().start(frame)
        self._speaking = self.create_task(self._speak_all())
        self._telling = self.create_task(self._mouth.tell_in_time())
        await self._voices.give(frame)

    async def stop(self, frame: EndFrame) -> None:
        """Have everything said that was given, by whom it may be."""
        for speech in self._speeches.values():
            speech.end()
        # Waited for here, where an interruption in the meantime does no harm.
        while self._speeches:
            self._one_said.clear()
            await self._one_said.wait()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """End without saying anything more."""
        for speech in self._speeches.values():
            speech.drop()
        await super().cancel(frame)
        await self._voices.cancel(frame)

    async def cleanup(self) -> None:
        """End every provider's service, and what was begun here."""
        for task in (self._speaking, self._telling):
            if task:
                await self.cancel_task(task)
        await self._voices.cleanup()
        await super().cleanup()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Work as any service; some frames matter to the providers' services as well."""
        match frame:
            case EndFrame() if self._turn_context_id:
                # A reply that was never ended would be waited for.
                await super().process_frame(LLMFullResponseEndFrame(), direction)
            case LLMTextFrame():
                self._first_words.ends_word = bool(frame.metadata.get("ends_word"))
            case BotStartedSpeakingFrame() | BotStoppedSpeakingFrame():
                await self._voices.give(frame, direction)
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame) and not self._speeches:
            self._mouth.playout.cut()

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Have one sentence said.

        Args:
            text: The sentence.
            context_id: The audio context it belongs to.

        Yields:
            None: the audio comes when it comes.
        """
        speech = self._speeches.get(context_id)
        if speech is None:
            speech = self._speeches[context_id] = Speech(context_id)
            self._waiting.put_nowait(speech)
        speech.add(text)
        yield None

    async def flush_audio(self, context_id: str | None = None) -> None:
        """No more sentences come for an audio context."""
        if speech := self._speeches.get(context_id or ""):
            speech.end()

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Nobody wants to hear the rest of an audio context."""
        if speech := self._speeches.pop(context_id, None):
            speech.drop()
            self._one_said.set()
        self._mouth.forget(context_id)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """An audio context is out."""
        self._mouth.forget(context_id)
        self._given_up.discard(context_id)

    async def start_word_timestamps(self) -> None:
        """Start timing a context's words after all the audio ahead of it has been played."""
        ahead_s = self._mouth.ahead_s(self.get_active_audio_context_id())
        begins_ns = self.get_clock().get_time() + round(ahead_s * _NS_PER_S)
        # The base class's tracker cannot be told otherwise by any public way.
        tracker = self._word_timestamp_tracker
        tracker.last_pts = max(tracker.last_pts, begins_ns)
        await super().start_word_timestamps()

    async def _apply_force_complete(self, context_id: str) -> None:
        if context_id not in self._given_up:
            await super()._apply_force_complete(context_id)
            return
        # Words that nobody said must not be told as said.
        self._aggregated_frame_sequencer.clear(
            keep_contexts=set(self.get_audio_contexts()) - {context_id}
        )

    async def _handle_update_settings(
        self, frame: TTSUpdateSettingsFrame, direction: FrameDirection
    ) -> None:
        lead, *backups = self._voices.branches
        named = [branch for branch in (lead, *backups) if branch.service is frame.service]
        if not named and frame.service not in (None, self):
            await self.push_frame(frame, direction)
            return
        self._voices.change()
        self._spoken_before.stop()
        if named:
            await named[0].give(frame)
        else:
            await lead.give(for_the_lead(frame))
            for branch in backups:
                if shared := for_a_backup(frame):
                    await branch.give(shared)
            if shared := for_a_backup(frame):
                await self._ends_sentences_as_in(shared.delta)

    async def _ends_sentences_as_in(self, delta: TTSSettings | None) -> None:
        if delta and is_given(delta.language):
            await self._update_settings(TTSSettings(language=delta.language))

    async def _speak_all(self) -> None:
        while True:
            speech = await self._waiting.get()
            try:
                if not speech.dropped:
                    await self._speak(speech)
            except Exception as error:
                # Whatever it is, the call must not fall silent for good.
                await self.push_error(
                    "Speech was cut short", exception=error, category=ErrorCategory.UNKNOWN
                )
            await self._finish(speech)

    async def _speak(self, speech: Speech) -> None:
        turns = self._voices.in_turn()
        branch: Branch | None = next(turns)
        if await self._spoken_before.say(branch, speech):
            return
        self._voices.try_again_beside(speech)
        while branch and not speech.dropped:
            sound_s = self._mouth.given_s(speech)
            recording = self._spoken_before.recording(speech)
            attempt = await self._voices.say(branch, speech, recording or self._mouth)
            if attempt.failure is None:
                if attempt.came_to_its_end:
                    self._spoken_before.keep(branch, speech, recording)
                return
            if attempt.failure is Failure.NONSENSE:
                await self._mouth.take_back(speech, attempt.reached.first, sound_s)
            following = next(turns, None)
            went_to = following.name if following else ""
            cost_ms = attempt.waited_ms
            self._report(Incident("tts", branch.name, attempt.failure, cost_ms, went_to))
            branch = following
        if not speech.dropped:
            await self._give_up(speech)

    async def _give_up(self, speech: Speech) -> None:
        self._given_up.add(speech.context_id)
        unsaid = " ".join(word.text for word in speech.words[speech.told :])
        await self.push_error(f'There is nobody left to say "{unsaid}".')

    async def _finish(self, speech: Speech) -> None:
        context_id = speech.context_id
        if self._speeches.get(context_id) is speech:
            del self._speeches[context_id]
            await self._mouth.tell_all()
            await self.append_to_audio_context(context_id, TTSStoppedFrame(context_id=context_id))
            await self.remove_audio_context(context_id)
        self._one_said.set()


async def _without_soundless_text(text: str, text_type: str) -> str:
    # A lone emoji would be owed as audio that no provider has.
    return text if letters(text) else ""
