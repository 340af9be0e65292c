"""What a call is told of a sound of the caller that was no turn."""

from dataclasses import dataclass

from pipecat.frames.frames import SystemFrame


@dataclass
class SoundDismissedFrame(SystemFrame):
    """A backchannel, an echo or a noise while the bot spoke: nothing is owed for it.

    Parameters:
        kind: Which of them.
        text: What was understood of it.
        held_s: The bot's audio was paused for it, and is played so many seconds later.
    """

    kind: str
    text: str = ""
    held_s: float = 0.0
