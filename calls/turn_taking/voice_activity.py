"""Silero's voice activity detector, run no more often than its answer is needed."""

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADState

from services.audio_pieces import is_faint

# After so many faint windows (of 32 ms) one more tells the model nothing; and after so many the
# volume, which is measured over 0.4 s and then smoothed, has come to rest.
_MODEL_SETTLED_AFTER = 16
_VOLUME_SETTLED_AFTER = 32


class VoiceActivity(SileroVADAnalyzer):
    """Says what Pipecat's says, and what it is about to say, at a fraction of the cost.

    A window takes 0.2 ms, about as much as handing it to a thread and back: it is analysed where
    it comes. Of lasting silence nothing is analysed at all.
    """

    _faint_windows = _voiced_windows = 0

    @property
    def quiet_s(self) -> float:
        """How long the caller has been quiet, while the detector still waits for more quiet."""
        if self._vad_state is not VADState.STOPPING:
            return 0.0
        return self._vad_stopping_count * self.num_frames_required() / self.sample_rate

    @property
    def rising_s(self) -> float:
        """How long there has been a voice, while the detector is not yet sure of it.

        The detector begins to count when the volume, smoothed, has risen as well; this is sooner.
        """
        if self._vad_state not in (VADState.QUIET, VADState.STARTING):
            return 0.0
        return self._voiced_windows * self.num_frames_required() / self.sample_rate

    @property
    def present(self) -> bool:
        """Whether there is a voice, or may be one."""
        return self._vad_state is not VADState.QUIET or self._voiced_windows > 0

    async def analyze_audio(self, buffer: bytes) -> VADState:
        return self._run_analyzer(buffer)

    def voice_confidence(self, buffer: bytes) -> float:
        faint = is_faint(buffer)
        self._faint_windows = self._faint_windows + 1 if faint else 0
        if self._settled_after(_MODEL_SETTLED_AFTER):
            self._voiced_windows = 0
            return 0.0
        confidence = super().voice_confidence(buffer)
        voiced = confidence >= self.params.confidence and not faint
        self._voiced_windows = self._voiced_windows + 1 if voiced else 0
        return confidence

    def _get_smoothed_volume(self, audio: bytes) -> float:
        if not self._settled_after(_VOLUME_SETTLED_AFTER):
            return super()._get_smoothed_volume(audio)
        self._volume_tracker.update(audio, self.sample_rate)
        return self._prev_volume

    def _settled_after(self, windows: int) -> bool:
        return self._faint_windows > windows and self._vad_state is VADState.QUIET
