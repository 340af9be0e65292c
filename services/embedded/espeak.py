"""Speech from espeak-ng, loaded from the `espeakng-loader` wheel: no account, no download.

espeak-ng keeps its whole state in one set of globals. Everything that speaks in this process
therefore shares one library and at most one worker thread, which exists only while there is
something to say. Texts take turns piece by piece, so a long text holds up nobody for longer
than one piece takes (about 20 ms).
"""

import asyncio
import atexit
import queue
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import replace

from services.embedded.espeak_library import EspeakError
from services.embedded.espeak_sound import SAMPLE_RATE_HZ
from services.embedded.espeak_text import is_speakable
from services.embedded.espeak_voice import VoiceSpec
from services.embedded.espeak_words import Word
from services.embedded.espeak_worker import Chunk, Rendering, Worker

__all__ = [
    "SAMPLE_RATE_HZ",
    "Chunk",
    "EspeakError",
    "VoiceSpec",
    "Word",
    "check_voice",
    "is_speakable",
    "speak",
    "stream",
    "synthesise",
    "variants",
    "voices",
]

_worker = Worker()
atexit.register(_worker.close)


def voices() -> tuple[str, ...]:
    """List the language codes espeak-ng speaks.

    Raises:
        EspeakError: The library is missing or cannot start.
    """
    return tuple(_worker.library.installed().voices)


def variants() -> tuple[str, ...]:
    """List the timbres any voice can be spoken in.

    Raises:
        EspeakError: The library is missing or cannot start.
    """
    return _worker.library.installed().variants


def check_voice(spec: VoiceSpec) -> VoiceSpec:
    """Return `spec` with its names spelled as espeak-ng spells them.

    Raises:
        ValueError: espeak-ng has no such voice or variant; the message lists those it has.
        EspeakError: The library is missing or cannot start.
    """
    return replace(
        spec,
        voice=_known("voice", spec.voice, voices()),
        variant=_known("variant", spec.variant, variants()) if spec.variant else "",
    )


def synthesise(text: str, spec: VoiceSpec | None = None) -> Generator[Chunk, None, None]:
    """Speak `text`, chunk by chunk, blocking the calling thread. Closing it aborts the engine.

    Raises:
        ValueError: Unknown voice or variant.
        EspeakError: The library is missing, cannot start, or refused the text.
    """
    parcels: queue.SimpleQueue[Chunk | Exception | None] = queue.SimpleQueue()
    rendering = Rendering(text, check_voice(spec or VoiceSpec()), parcels.put)
    try:
        _worker.submit(rendering)
        while (parcel := parcels.get()) is not None:
            if isinstance(parcel, Exception):
                raise parcel
            yield parcel
    finally:
        rendering.abort()


async def stream(text: str, spec: VoiceSpec | None = None) -> AsyncGenerator[Chunk, None]:
    """Speak `text`, chunk by chunk, without blocking the event loop. Closing it aborts the engine.

    Raises:
        ValueError: Unknown voice or variant.
        EspeakError: The library is missing, cannot start, or refused the text.
    """
    loop = asyncio.get_running_loop()
    parcels: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue()

    def deliver(parcel: Chunk | Exception | None) -> None:
        try:
            loop.call_soon_threadsafe(parcels.put_nowait, parcel)
        except RuntimeError:  # the loop is closed: nobody listens any more
            rendering.abort()

    rendering = Rendering(text, check_voice(spec or VoiceSpec()), deliver)
    try:
        _worker.submit(rendering)
        while (parcel := await parcels.get()) is not None:
            if isinstance(parcel, Exception):
                raise parcel
            yield parcel
    finally:
        rendering.abort()


def speak(text: str, spec: VoiceSpec | None = None) -> bytes:
    """Return `text` as one block of 16-bit mono PCM at `SAMPLE_RATE_HZ`.

    Raises:
        ValueError: Unknown voice or variant.
        EspeakError: The library is missing, cannot start, or refused the text.
    """
    return b"".join(chunk.pcm for chunk in synthesise(text, spec))


def _known(kind: str, name: str, available: Sequence[str]) -> str:
    found = {known.lower(): known for known in available}.get(name.lower())
    if found is None:
        raise ValueError(f'espeak-ng has no {kind} "{name}". Available: {", ".join(available)}.')
    return found
