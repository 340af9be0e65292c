"""Which of a change of settings every text-to-speech provider understands."""

from copy import copy

from pipecat.frames.frames import TTSUpdateSettingsFrame
from pipecat.services.settings import TTSSettings
from pipecat.utils.types import is_given


def for_the_lead(frame: TTSUpdateSettingsFrame) -> TTSUpdateSettingsFrame:
    """The change as it was asked for, of a bot that was written with one provider in mind."""
    # Services write into the delta.
    return TTSUpdateSettingsFrame(settings=frame.settings, delta=copy(frame.delta))


def for_a_backup(frame: TTSUpdateSettingsFrame) -> TTSUpdateSettingsFrame | None:
    """What of the change holds for any provider.

    That is the language. A voice or a model is one provider's, unless the frame says that it is
    for all of them.
    """
    delta = frame.delta or TTSSettings.from_mapping(frame.settings)
    if frame.reach_inactive_services:
        return TTSUpdateSettingsFrame(delta=copy(delta))
    if not is_given(delta.language):
        return None
    return TTSUpdateSettingsFrame(delta=TTSSettings(language=delta.language))
