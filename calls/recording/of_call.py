"""A call's recording, if its bot records."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from loguru import logger
from pipecat.frames.frames import Frame

from calls.channel import TELEPHONE_HZ, Channel
from calls.recording.call_recording import CallRecording
from calls.recording.watching import RecordingWatch
from calls.redaction import Redactor
from settings import Settings

if TYPE_CHECKING:
    from calls.call import Call

_WIDEBAND_HZ = 16_000


def recording_of_call(
    call: "Call", channel: Channel, settings: Settings, redactor: Redactor | None = None
) -> CallRecording | None:
    """What records the call, told of all that goes through its channel. None: nothing does."""
    if call.bot.records_audio is None:
        return None
    if redactor and redactor.policy == "metadata only":
        logger.info("This call is not recorded: of its words nothing is kept.")
        return None
    try:
        recording = CallRecording(
            call.bot.records_audio,
            call_id=call.id,
            data_dir=settings.data_dir,
            rate_hz=TELEPHONE_HZ if channel.name == "phone" else _WIDEBAND_HZ,
            key=settings.sealing_key,
            now=call.record.clock(),
            note=call.record.note,
            spans_of=redactor.spans if redactor and redactor.policy == "redacted" else None,
        )
    except ValueError as error:
        logger.error(f"This call is not recorded: {error}")
        return None
    channel.tap.listeners.append(recording.recorder)
    return recording


def follower_of(
    recording: CallRecording | None, channel: Channel
) -> Callable[[Frame], None] | None:
    """Who is to be told of what comes out of the output, of a call that is recorded."""
    if recording is None:
        return None
    # Twilio is told to drop what it has not played; the others play what was written.
    clears = bool(channel.stream_sid)
    watch = RecordingWatch(recording, channel.tap, clears=clears, spoken=recording.spoken)
    return watch.follow
