"""Text that is there as a whole, as SpokenText passes it on."""

from processors.speakable.blocks import Blocks
from processors.speakable.speech import Speech


def speakable(text: str) -> list[str]:
    """The pieces in which a text is said that comes in one piece and ends with it."""
    speech = Speech()
    blocks = Blocks(speech)
    blocks.feed(text)
    pieces = [speech.take()]
    blocks.finish()
    pieces.append(speech.take())
    return [piece for piece in pieces if piece]
