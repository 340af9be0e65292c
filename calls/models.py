"""The models that hear when a caller speaks and is done: loaded once, shared by all calls."""

import copy
from functools import cache

from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn, SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADState

# How long a silence may be is decided elsewhere; the model of turns only says what it believes.
_LONGEST_SILENCE_S = 3.0


class VoiceActivity(SileroVADAnalyzer):
    """Silero's detector, which also says what it is about to say."""

    @property
    def quiet_s(self) -> float:
        """How long the caller has been quiet, while the detector still waits for more quiet."""
        if self._vad_state is not VADState.STOPPING:
            return 0.0
        return self._vad_stopping_count * self.num_frames_required() / self.sample_rate


def load() -> None:
    """Load what every call needs, so that the first caller does not wait for it."""
    _loaded_vad()
    _loaded_turn()


def voice_activity() -> VoiceActivity:
    """A Silero analyser of its own state on the shared model."""
    # Pipecat loads the model in the constructor. An ONNX session may be run from several
    # threads, so a copy that is set up afresh shares it; only the model's state is per call.
    analyzer = copy.copy(_loaded_vad())
    VADAnalyzer.__init__(analyzer)
    analyzer._model = copy.copy(analyzer._model)
    analyzer._model.reset_states()
    return analyzer


def end_of_turn() -> LocalSmartTurnAnalyzerV3:
    """A smart-turn analyser of its own state on the shared model."""
    analyzer = copy.copy(_loaded_turn())
    BaseSmartTurn.__init__(analyzer, params=SmartTurnParams(stop_secs=_LONGEST_SILENCE_S))
    return analyzer


@cache
def _loaded_vad() -> VoiceActivity:
    return VoiceActivity()


@cache
def _loaded_turn() -> LocalSmartTurnAnalyzerV3:
    return LocalSmartTurnAnalyzerV3()
