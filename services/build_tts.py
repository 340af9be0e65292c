"""Text-to-speech services, each with the settings that its provider recommends for voice agents."""

from typing import Any

from pipecat.services.tts_service import TextAggregationMode, TTSService
from pipecat.utils.text.transforms import VoiceFormatter

from services.early_connection import opened_early, patient_client
from services.one_connection import connected_once
from services.provider import Provider, Wish, given
from services.shared_models import load_once
from settings import ProviderSettings

OPENAI_VOICES = tuple(
    "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse".split()
)
_OPENAI_HZ = 24_000


def cartesia(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from pipecat.services.cartesia.tts import CartesiaTTSService

    return connected_once(CartesiaTTSService)(
        api_key=settings.key,
        **given(url=provider.address(settings)),
        # It is given whole sentences, so there is nothing more for it to wait for.
        max_buffer_delay_ms=0,
        settings=CartesiaTTSService.Settings(**_said(provider, settings, wish)),
        **_by_sentence(settings),
    )


def elevenlabs(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from pipecat.services.elevenlabs.tts import ElevenLabsTTSService

    return connected_once(ElevenLabsTTSService)(
        api_key=settings.key,
        **given(url=provider.address(settings)),
        # It is given whole sentences, so there is nothing more for it to wait for.
        auto_mode=True,
        settings=ElevenLabsTTSService.Settings(**_said(provider, settings, wish)),
        **_by_sentence(settings),
    )


def openai(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from pipecat.services.openai.tts import OpenAITTSService

    service = opened_early(OpenAITTSService)(
        api_key=settings.key,
        **given(base_url=provider.address(settings)),
        http_client=patient_client("openai"),
        # It speaks at this rate only, whatever the call's; the transport resamples.
        sample_rate=_OPENAI_HZ,
        settings=OpenAITTSService.Settings(**_said(provider, settings, wish)),
        **_by_sentence(settings),
    )
    # A retry inside the SDK would take the time in which a backup could have answered.
    service._client.max_retries = 0
    return service


def rime(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from pipecat.services.rime.tts import RimeTTSService

    return connected_once(RimeTTSService)(
        api_key=settings.key,
        **given(url=provider.address(settings)),
        settings=RimeTTSService.Settings(
            # It is given whole sentences, so there is nothing more for it to wait for.
            segment="immediate",
            **_said(provider, settings, wish),
        ),
        **_by_sentence(settings),
    )


def hume(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from hume import AsyncHumeClient  # pyright: ignore[reportMissingImports]
    from pipecat.services.hume.tts import HumeTTSService

    # Instant mode, its fast one, is what Pipecat always asks for.
    service = opened_early(HumeTTSService, _ask_hume)(
        api_key=settings.key,
        settings=HumeTTSService.Settings(**given(voice=provider.voice_for(settings, wish))),
        **_by_sentence(settings),
    )
    if address := provider.address(settings):
        # The service has no parameter for it; its client has.
        service._client = AsyncHumeClient(
            api_key=settings.key, base_url=address, httpx_client=service._http_client
        )
    return service


def deepgram(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from pipecat.services.deepgram.tts import DeepgramTTSService

    voice = provider.voice_for(settings, wish)
    return connected_once(DeepgramTTSService)(
        api_key=settings.key,
        **given(base_url=provider.address(settings)),
        # Every voice is a model of its own.
        settings=DeepgramTTSService.Settings(model=voice, voice=voice),
        **_by_sentence(settings),
    )


def kokoro(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from pipecat.services.kokoro.tts import KokoroTTSService

    load_once("kokoro.tts:Kokoro")
    return KokoroTTSService(
        settings=KokoroTTSService.Settings(
            **given(
                voice=provider.voice_for(settings, wish), language=provider.language_for(settings)
            )
        ),
        **_by_sentence(settings),
    )


def piper(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from pipecat.services.piper.tts import PiperTTSService

    load_once("piper.tts:PiperVoice.load")
    return PiperTTSService(
        settings=PiperTTSService.Settings(**given(voice=provider.voice_for(settings, wish))),
        **_by_sentence(settings),
    )


def espeak(provider: Provider, settings: ProviderSettings, wish: Wish) -> TTSService:
    from services.embedded.tts import EspeakTTSService

    voice = provider.voice_for(settings, wish)
    language, _, _ = (settings.language or "en").partition("-")
    # Its voices of other languages are named by the language.
    return EspeakTTSService(
        voice=voice or (language if language != "en" else None), **_by_sentence(settings)
    )


def prepare_model(provider: Provider, settings: ProviderSettings, wish: Wish) -> None:
    """Load a self-hosted model."""
    # The first one downloads its model; later ones find it on the disk.
    provider.build(provider, settings, wish)


def prepare_espeak(provider: Provider, settings: ProviderSettings, wish: Wish) -> None:
    """Load the engine."""
    from services.embedded import espeak as engine

    engine.speak("Ready.", engine.VoiceSpec())


def _said(provider: Provider, settings: ProviderSettings, wish: Wish) -> dict[str, Any]:
    return given(
        model=provider.model_for(settings),
        voice=provider.voice_for(settings, wish),
        language=provider.language_for(settings),
    )


def _by_sentence(settings: ProviderSettings) -> dict[str, Any]:
    # Markdown is gone by then (SpokenText); what is left is written for the eye in smaller ways.
    # Pipecat writes it out in English words.
    english = (settings.language or "en").startswith("en")
    formatter = [("*", VoiceFormatter(strip_markdown=False))] if english else []
    # Token by token would be sooner by the rest of a sentence. But how "12", "March" and "$3.50"
    # are said depends on their neighbours, which a token does not have.
    return {"text_aggregation_mode": TextAggregationMode.SENTENCE, "text_transforms": formatter}


async def _ask_hume(service: Any) -> None:
    await service._http_client.head(service._client._client_wrapper.get_environment().base)
