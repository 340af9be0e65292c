"""Words that the caller hears to the end, whatever the caller says."""

from pipecat.frames.frames import TTSSpeakFrame


def notice(text: str) -> TTSSpeakFrame:
    """A sentence that no interruption stops, such as a legal notice.

    A tool says it with ``await params.llm.push_frame(notice("..."))``. What a call begins with is
    ``as_bot(..., notice="...")``. Who speaks meanwhile is heard, and answered after it.
    """
    frame = TTSSpeakFrame(text)
    frame.interruptible = False
    return frame
