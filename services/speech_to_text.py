"""Speech-to-text providers, in order of preference."""

from pipecat.services.stt_service import STTService

from services.provider import Provider, Wish, given
from settings import ProviderSettings


def _deepgram(_: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    from pipecat.services.deepgram.stt import DeepgramSTTService

    return DeepgramSTTService(
        api_key=settings.key,
        **given(base_url=settings.base_url),
        # smart_format waits for more words before it writes a number: slower, and for readers.
        settings=DeepgramSTTService.Settings(
            smart_format=False,
            **given(model=settings.model, keyterm=list(wish.keyterms)),
        ),
    )


def _pocketsphinx(_: Provider, settings: ProviderSettings, wish: Wish) -> STTService:
    from services.embedded.stt import PocketsphinxSTTService

    return PocketsphinxSTTService(
        sample_lines=_lines(wish),
        keyterms=wish.keyterms,
        telephone=wish.telephone,
        cache_dir=wish.cache_dir,
    )


def _prepare_pocketsphinx(wish: Wish) -> None:
    from services.embedded.sphinx import Ear

    Ear.shared(_lines(wish), wish.keyterms, telephone=wish.telephone, cache_dir=wish.cache_dir)


def _lines(wish: Wish) -> tuple[str, ...]:
    return (*(line for topic in wish.topics for line in topic.says), *wish.sample_lines)


PROVIDERS = (
    Provider(
        name="deepgram",
        stage="stt",
        tier="cloud",
        title="Deepgram Nova-3",
        modules=("deepgram",),
        install='pip install "pipecat-ai[deepgram]"',
        build=_deepgram,
    ),
    Provider(
        name="embedded",
        stage="stt",
        tier="embedded",
        title="pocketsphinx",
        modules=("pocketsphinx",),
        install='pip install "switchboard[embedded]"',
        build=_pocketsphinx,
        prepare=_prepare_pocketsphinx,
    ),
)
