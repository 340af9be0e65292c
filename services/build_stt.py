"""Speech-to-text services, each with the settings that its provider recommends for voice agents."""

from typing import Any

from pipecat.services.stt_service import STTService

from services.early_connection import opened_early, patient_client
from services.one_connection import connected_once
from services.provider import Endpoint, Provider, Wish, given
from services.shared_models import load_once
from settings import ProviderSettings, in_clear

_OPENAI_REALTIME = Endpoint("ws", "/v1")


def deepgram(provider: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    from pipecat.services.deepgram.stt import DeepgramSTTService

    model = provider.model_for(settings)
    # Only Nova-3 and later take key terms; before them the same words are called keywords.
    boost = "keywords" if model.startswith("nova-2") else "keyterm"
    return DeepgramSTTService(
        api_key=settings.key,
        **given(base_url=provider.address(settings)),
        settings=DeepgramSTTService.Settings(
            model=model,
            # Words are wanted as they come, to be shown, and to notice that a caller barges in.
            interim_results=True,
            # Formatting waits for more words before it writes a number: slower, and for readers.
            smart_format=False,
            # The project decides when a caller is done, and has the words finalised right then.
            endpointing=False,
            **given(
                language=provider.language_for(settings),
                **{boost: provider.keyterms_for(wish)},
            ),
        ),
    )


def deepgram_flux(provider: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService

    language = provider.language_for(settings)
    model = provider.model_for(settings)
    hints = [language] if language and model.endswith("multi") else None
    return DeepgramFluxSTTService(
        api_key=settings.key,
        **given(url=provider.address(settings)),
        settings=DeepgramFluxSTTService.Settings(
            model=model,
            # Flux gives final words at its own end of turn only. The project decides when a
            # caller is done, so Flux is to be as quick about its own as it can be.
            eot_threshold=0.5,
            eot_timeout_ms=500,
            **given(keyterm=provider.keyterms_for(wish), language_hints=hints),
        ),
    )


def assemblyai(provider: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    from pipecat.services.assemblyai.stt import AssemblyAISTTService, is_u3_pro_model

    model = provider.model_for(settings)
    language = provider.language_for(settings)
    # Formatting stays on: it is how Pipecat knows the final words from those before them.
    options = AssemblyAISTTService.Settings(
        model=model, **given(keyterms_prompt=provider.keyterms_for(wish))
    )
    if is_u3_pro_model(model):
        # Finals come sooner, for a little accuracy.
        options.mode = "min_latency"
        options.language_codes = [language] if language else None
    return connected_once(AssemblyAISTTService)(
        api_key=settings.key,
        **given(api_endpoint_base_url=provider.address(settings)),
        # The project decides when a caller is done, and forces the end of turn right then.
        vad_force_turn_endpoint=True,
        settings=options,
    )


def openai(provider: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    model = provider.model_for(settings)
    if "realtime" in model or "live" in model:
        return _openai_realtime(provider, settings)
    from pipecat.services.openai.stt import OpenAISTTService

    terms = provider.keyterms_for(wish)
    # Only gpt-transcribe has a place for key terms; the others take them as a prompt.
    boost: dict[str, Any] = (
        {"keywords": terms} if model == "gpt-transcribe" else {"prompt": ", ".join(terms)}
    )
    return opened_early(OpenAISTTService)(
        # A server of one's own needs no key, but the client insists on one.
        api_key=settings.key or "none",
        **given(base_url=provider.address(settings)),
        http_client=patient_client("openai"),
        settings=OpenAISTTService.Settings(
            model=model, **given(language=provider.language_for(settings), **boost)
        ),
    )


def _openai_realtime(provider: Provider, settings: ProviderSettings) -> STTService:
    from pipecat.services.openai.stt import OpenAIRealtimeSTTService

    base_url = settings.base_url
    return OpenAIRealtimeSTTService(
        api_key=settings.key,
        **given(base_url=base_url and f"{_OPENAI_REALTIME.address(base_url)}/realtime"),
        # The project decides when a caller is done, and commits the audio right then.
        turn_detection=False,
        settings=OpenAIRealtimeSTTService.Settings(
            model=provider.model_for(settings), **given(language=provider.language_for(settings))
        ),
    )


def aws(provider: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    from pipecat.services.aws.stt import AWSTranscribeSTTService

    return AWSTranscribeSTTService(
        api_key=settings.key,
        aws_access_key_id=in_clear(settings.access_key_id),
        aws_session_token=in_clear(settings.session_token) or None,
        region=settings.region or provider.region,
        settings=AWSTranscribeSTTService.Settings(
            # Words settle sooner, for a little accuracy.
            partial_results_stability="high",
            **given(language=provider.language_for(settings)),
        ),
    )


def whisper(provider: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    if settings.base_url:
        return openai(provider, settings, wish)
    from pipecat.services.whisper.stt import WhisperSTTService

    load_once("whisper.stt:WhisperModel")
    return WhisperSTTService(
        settings=WhisperSTTService.Settings(
            model=provider.model_for(settings),
            **given(
                language=provider.language_for(settings),
                hotwords=" ".join(provider.keyterms_for(wish)),
            ),
        )
    )


def moonshine(provider: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    from pipecat.services.moonshine.stt import MoonshineSTTService

    return MoonshineSTTService(
        settings=MoonshineSTTService.Settings(
            model=provider.model_for(settings), **given(language=provider.language_for(settings))
        )
    )


def pocketsphinx(_: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    from services.embedded.stt import PocketsphinxSTTService

    return PocketsphinxSTTService(
        sample_lines=_lines(wish),
        keyterms=wish.keyterms,
        telephone=wish.telephone,
        cache_dir=wish.cache_dir,
    )


def prepare_model(provider: Provider, settings: ProviderSettings, wish: Wish) -> None:
    """Load a self-hosted model, unless a server has it."""
    # The first one downloads its model; later ones find it on the disk.
    if not settings.base_url:
        provider.build(provider, settings, wish)


def prepare_pocketsphinx(_: Provider, settings: ProviderSettings, wish: Wish) -> None:
    """Build the recogniser of the bot's own lines."""
    from services.embedded.sphinx import Ear

    Ear.shared(_lines(wish), wish.keyterms, telephone=wish.telephone, cache_dir=wish.cache_dir)


def _lines(wish: Wish) -> tuple[str, ...]:
    return (*(line for topic in wish.topics for line in topic.says), *wish.sample_lines)
