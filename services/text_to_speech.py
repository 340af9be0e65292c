"""Text-to-speech providers, in order of preference."""

from typing import Any

from pipecat.services.tts_service import TTSService
from pipecat.utils.text.transforms import VoiceFormatter

from services.provider import Provider, Wish, given
from settings import ProviderSettings


def _cartesia(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from pipecat.services.cartesia.tts import CartesiaTTSService

    return CartesiaTTSService(
        api_key=settings.key,
        **given(url=settings.base_url),
        settings=CartesiaTTSService.Settings(
            **given(model=settings.model, voice=provider.voice_for(settings, wish))
        ),
        **_spoken(),
    )


def _espeak(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from services.embedded.tts import EspeakTTSService

    return EspeakTTSService(voice=provider.voice_for(settings, wish), **_spoken())


def _prepare_espeak(_: Wish) -> None:
    from services.embedded import espeak

    espeak.speak("Ready.", espeak.VoiceSpec())


def _spoken() -> dict[str, Any]:
    # Markdown is gone by then (SpokenText); what is left is written for the eye in smaller ways.
    return {"text_transforms": [("*", VoiceFormatter(strip_markdown=False))]}


PROVIDERS = (
    Provider(
        name="cartesia",
        stage="tts",
        tier="cloud",
        title="Cartesia Sonic",
        modules=("websockets",),
        install='pip install "pipecat-ai[cartesia]"',
        build=_cartesia,
        voice="71a7ad14-091c-4e8e-a314-022ece01c121",
    ),
    Provider(
        name="embedded",
        stage="tts",
        tier="embedded",
        title="espeak-ng",
        modules=("espeakng_loader",),
        install='pip install "switchboard[embedded]"',
        build=_espeak,
        prepare=_prepare_espeak,
    ),
)
