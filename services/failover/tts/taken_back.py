"""Audio that turned out to be no speech."""

from dataclasses import dataclass

from pipecat.frames.frames import DataFrame


@dataclass
class SpeechTakenBackFrame(DataFrame):
    """What was sent before this and has not been played must not be played.

    Parameters:
        context_id: The audio context that was no speech from some moment on, and goes on.
        sound_s: Seconds of the context's audio before that moment.
    """

    context_id: str = ""
    sound_s: float = 0.0
