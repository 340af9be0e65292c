"""How the taking of turns tells speech-to-text that the caller seems to be done."""

from dataclasses import dataclass

from pipecat.frames.frames import SystemFrame


@dataclass
class WordsNowFrame(SystemFrame):
    """Upstream: what was said so far is wanted as final words, before the silence is certain."""
