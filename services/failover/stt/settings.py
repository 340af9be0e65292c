"""What of new settings, written for one recogniser, the others can follow."""

from dataclasses import fields

from pipecat.frames.frames import STTUpdateSettingsFrame
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.utils.types import is_given

# The same list of words has another name with every provider.
_KEYTERMS = ("keyterm", "keyterms_prompt", "keywords")


def for_candidate(
    frame: STTUpdateSettingsFrame, service: STTService, *, first: bool, one_of_them: bool
) -> STTUpdateSettingsFrame | None:
    """What of a frame one of several recognisers is to be given. None: nothing concerns it.

    Args:
        frame: As it came: for the first, for one of them, or for each (`reach_inactive_services`).
        service: Who is to get it.
        first: Whether it is the first.
        one_of_them: Whether the frame names one of them.
    """
    if one_of_them:
        return frame if frame.service is service else None
    if first or frame.reach_inactive_services:
        # A copy each: a service writes its own name of the language into what it gets.
        delta = frame.delta.copy() if frame.delta else None
        return STTUpdateSettingsFrame(settings=dict(frame.settings), delta=delta)
    delta = _for_another(frame, service)
    return STTUpdateSettingsFrame(delta=delta) if delta else None


def _for_another(frame: STTUpdateSettingsFrame, service: STTService) -> STTSettings | None:
    """The language and the key terms, as the service names them."""
    wanted = _given(frame)
    known = {field.name for field in fields(service.settings)}
    own: dict[str, object] = {}
    if "language" in wanted:
        own["language"] = wanted["language"]
    terms = next((wanted[name] for name in _KEYTERMS if name in wanted), None)
    name = next((name for name in _KEYTERMS if name in known), None)
    if terms is not None and name:
        own[name] = terms
    return type(service.settings)(**own) if own else None  # type: ignore[return-value]


def _given(frame: STTUpdateSettingsFrame) -> dict[str, object]:
    if frame.delta is None:
        return dict(frame.settings)
    return {
        field.name: value
        for field in fields(frame.delta)
        if is_given(value := getattr(frame.delta, field.name))
    }
