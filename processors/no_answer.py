"""Phrases that are no answer, whoever speaks them: how to tell them from one by their text type.

A phrase is spoken in a call as ``TTSSpeakFrame(words, text_type=APOLOGY)``, and Pipecat announces
it downstream, directly before its audio, with that type and its context.
"""

from pipecat.frames.frames import AggregatedTextFrame, TTSTextFrame

APOLOGY = "apology"
"""In place of an answer that nobody could give; the caller is asked to repeat."""
PROMPT = "prompt"
"""The caller says nothing and is asked for a word; the model remembers it."""

PHRASES = frozenset({APOLOGY, PROMPT})


def announced(frame: AggregatedTextFrame) -> str | None:
    """The kind of phrase that is announced; None where it is an answer, or no announcement."""
    announces = frame.will_be_spoken and not isinstance(frame, TTSTextFrame)
    return str(frame.text_type) if announces and frame.text_type in PHRASES else None
