"""Audio that turned out to be no speech."""

from dataclasses import dataclass

from pipecat.frames.frames import DataFrame


@dataclass
class SpeechTakenBackFrame(DataFrame):
    """What was sent before this and has not been played must not be played."""
