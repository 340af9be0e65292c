"""The models that hear when a caller speaks and is done: loaded once, shared by all calls."""

import copy
from functools import cache

from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn, SmartTurnParams
from pipecat.audio.vad.vad_analyzer import VADAnalyzer

from calls.turn_taking.smart_turn import SmartTurn, one_thread_for_matrices
from calls.turn_taking.voice_activity import VoiceActivity

# How long a silence may be is decided elsewhere; the model of turns only says what it believes.
_LONGEST_SILENCE_S = 3.0


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


def end_of_turn() -> SmartTurn:
    """A smart-turn analyser of its own state on the shared model."""
    analyzer = copy.copy(_loaded_turn())
    BaseSmartTurn.__init__(analyzer, params=SmartTurnParams(stop_secs=_LONGEST_SILENCE_S))
    return analyzer


@cache
def _loaded_vad() -> VoiceActivity:
    return VoiceActivity()


@cache
def _loaded_turn() -> SmartTurn:
    one_thread_for_matrices()
    return SmartTurn()
