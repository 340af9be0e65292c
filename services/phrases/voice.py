"""What a provider's audio of a text depends on, as part of a phrase's key."""

import json

from pipecat.services.ai_service import AIService


def voice_of(provider: str, service: AIService) -> str:
    """A provider's name, with everything that is set of its service: model, voice, language, speed.

    Args:
        provider: The name, with the address where it is not the provider's own.
        service: As it is about to speak.
    """
    settings = service._settings.given_fields()
    return json.dumps([provider, settings], sort_keys=True, default=str)
