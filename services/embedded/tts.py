"""Text-to-speech that needs no account: espeak-ng as a Pipecat service."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language
from pipecat.utils.types import is_given

from services.embedded.espeak import (
    SAMPLE_RATE_HZ,
    EspeakError,
    VoiceSpec,
    check_voice,
    is_speakable,
    stream,
    voices,
)
from services.embedded.espeak_digits import Spelling

_NS_PER_S = 1_000_000_000


class EspeakTTSService(TTSService):
    """Speaks with espeak-ng, and reports each word when its audio is due at the listener.

    Audio is 16-bit mono PCM at `SAMPLE_RATE_HZ` in frames of 40 ms; the output transport
    resamples it once.
    """

    Settings = TTSSettings

    def __init__(
        self,
        *,
        voice: str | None = None,
        sample_rate: int | None = None,
        settings: TTSSettings | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the service.

        Args:
            voice: "en-us", "en-us+f2" or "en-us+f2@165" (words per minute).
            sample_rate: Nothing else than `SAMPLE_RATE_HZ` is possible.
            settings: Voice and language in Pipecat's form; they win over `voice`.
            **kwargs: For `TTSService`.

        Raises:
            ValueError: Unknown voice, variant, language or rate.
            EspeakError: The library is missing or cannot start.
        """
        if sample_rate not in (None, SAMPLE_RATE_HZ):
            raise ValueError(
                f"The embedded voice speaks at {SAMPLE_RATE_HZ} Hz, not at {sample_rate} Hz; "
                "the output transport resamples."
            )
        self._spec = VoiceSpec.parse(voice) if voice else VoiceSpec()
        self._spec = self._wanted(settings) if settings else check_voice(self._spec)
        super().__init__(
            sample_rate=SAMPLE_RATE_HZ,
            push_text_frames=False,
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(
                model="espeak-ng", voice=str(self._spec), language=self._spec.voice
            ),
            **kwargs,
        )
        # A text that has no sound would open an audio context that stays empty, which the base
        # class takes for a provider that has stopped working.
        self.add_text_transformer(_without_soundless_text)
        self._spoken_s: dict[str, float] = {}
        self._begun_ns: dict[str, int] = {}
        self._played_until_ns = 0

    def can_generate_metrics(self) -> bool:
        """Report time to first byte, processing time and characters."""
        return True

    def language_to_service_language(self, language: Language) -> str | None:
        """Return espeak-ng's code for `language`, or None if it does not speak it."""
        return _code(language)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let the base class work; after an interruption nothing is left to be played."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._played_until_ns = 0

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame, noting until when its audio will play."""
        if isinstance(frame, TTSAudioRawFrame):
            start_ns = max(self.get_clock().get_time(), self._played_until_ns)
            self._played_until_ns = start_ns + frame.num_frames * _NS_PER_S // frame.sample_rate
        await super().push_frame(frame, direction)

    async def start_word_timestamps(self) -> None:
        """Start timing a context's words after all the audio ahead of it has been played."""
        # Left alone, the base class counts from the start of the previous context's last word.
        # Its tracker cannot be told otherwise by any public way.
        tracker = self._word_timestamp_tracker
        tracker.last_pts = max(tracker.last_pts, self._played_until_ns)
        await super().start_word_timestamps()
        if (context_id := self.get_active_audio_context_id()) is not None:
            self._begun_ns[context_id] = tracker.pts(0.0)

    async def flush_audio(self, context_id: str | None = None) -> None:
        """End a turn's speech at once."""
        # The base class waits for more if the last sentence gave an error instead of audio;
        # where it has ended the context itself, what comes after the end is dropped.
        await self.append_to_audio_context(context_id, TTSStoppedFrame(context_id=context_id))
        await self.remove_audio_context(context_id)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Forget how much of an interrupted context was spoken."""
        self._forget(context_id)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Forget how much of a finished context was spoken."""
        self._forget(context_id)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak one sentence.

        Args:
            text: What to say.
            context_id: The audio context it belongs to.

        Yields:
            Audio as it is made, or an error.
        """
        await self.start_tts_usage_metrics(text)
        start_s = self._spoken_s[context_id] = self._due_s(context_id)
        # Spelled here, and not by a text transform, which would make every digit a word of its
        # own in the captions; Pipecat's `expand_numbers` rewrites short numbers and times as well.
        spelling = Spelling(text)
        try:
            async with aclosing(stream(spelling.spoken, self._spec)) as chunks:
                async for chunk in chunks:
                    if chunk.pcm:
                        self._spoken_s[context_id] += len(chunk.pcm) / 2 / SAMPLE_RATE_HZ
                        yield TTSAudioRawFrame(chunk.pcm, SAMPLE_RATE_HZ, 1, context_id=context_id)
                    # The base class gives a lone dash or emoji to the word beside it; reported
                    # as a word of its own, it would be in the context twice.
                    await self.add_word_timestamps(
                        [
                            (written, start_s + word.start_ms / 1000)
                            for word in chunk.words
                            if any(map(str.isalnum, written := spelling.written(word.text)))
                        ],
                        context_id,
                    )
        except EspeakError as e:
            yield ErrorFrame(error=str(e), exception=e)

    def _due_s(self, context_id: str) -> float:
        """Return when the context's next audio will play, in seconds from its first audio.

        That is after what it has said so far, or now, if the listener has heard all of that
        while the sentence was still being written.
        """
        spoken_s = self._spoken_s.get(context_id, 0.0)
        if (begun_ns := self._begun_ns.get(context_id)) is None:
            return spoken_s
        return max(spoken_s, (self.get_clock().get_time() - begun_ns) / _NS_PER_S)

    def _forget(self, context_id: str) -> None:
        self._spoken_s.pop(context_id, None)
        self._begun_ns.pop(context_id, None)

    async def _update_settings(self, delta: TTSSettings) -> dict[str, Any]:
        """Take over a voice or language for the sentences to come; refuse an unknown one."""
        try:
            self._spec = self._wanted(delta)
        except ValueError as e:
            await self.push_error(str(e), exception=e)
            return {}
        delta.voice, delta.language = str(self._spec), self._spec.voice
        return await super()._update_settings(delta)

    def _wanted(self, settings: TTSSettings) -> VoiceSpec:
        """Return the current voice, changed as `settings` ask."""
        spec = self._spec
        if is_given(settings.voice) and settings.voice:
            spec = VoiceSpec.parse(settings.voice)
        if is_given(settings.language) and settings.language:
            spec = replace(spec, voice=_code(settings.language) or str(settings.language))
        return check_voice(spec)


def _code(language: str) -> str | None:
    code = language.lower()
    return next((known for known in (code, code.split("-")[0]) if known in voices()), None)


async def _without_soundless_text(text: str, text_type: str) -> str:
    return text if is_speakable(text) else ""
