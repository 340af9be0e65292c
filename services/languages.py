"""Which languages each provider hears or speaks, by base code, as their documentation has it.

Pipecat passes on what it does not know, and the provider refuses it when a call comes in; with
these lists a wrong setting stops the start.
"""

from pipecat.transcriptions.language import Language

Codes = frozenset[str]

ENGLISH: Codes = frozenset({"en"})

NOVA_3: Codes = frozenset(
    "ar be bg bn bs ca cs da de el en es et fa fi fr he hi hr hu id it ja kn ko lt lv mk mr ms nl "
    "no pl pt ro ru sk sl sr sv ta te th tl tr uk ur vi zh".split()
)
FLUX_MULTI: Codes = frozenset("de en es fr hi it ja nl pt ru".split())
UNIVERSAL_PRO: Codes = frozenset(
    "af ar ca da de en es et fa fi fr gl he hi it ja ko mr nl nn no pt ro ru sv tr ur vi xh yue "
    "zh zu".split()
)
WHISPER: Codes = frozenset(
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko "
    "lt lv mi mk mr ms ne nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh".split()
)
TRANSCRIBE: Codes = frozenset(
    "af am ar be bg bn bs ca ckb cs cy da de el en es et eu fa fi fr gl gu he hi hr ht hu hy id is "
    "it ja jv ka kab kk km kn ko lg lt lv mk ml mr ms my nb ne nl no or pa pl ps pt ro ru si sk sl "
    "so sq sr su sv sw ta te th tl tr uk uz vi yue zh zu".split()
)
MOONSHINE: Codes = frozenset("ar de en es fil ja ko tl uk vi zh".split())

SONIC: Codes = frozenset(
    "ar bg bn cs da de el en es fi fil fr gu he hi hr hu id it ja ka kn ko ml mr ms nb nl no or pa "
    "pl pt ro ru sk sv ta te th tl tr uk ur vi zh".split()
)
ELEVEN_FLASH: Codes = frozenset(
    "ar bg cs da de el en es fi fil fr hi hr hu id it ja ko ms nl no pl pt ro ru sk sv ta tr uk vi "
    "zh".split()
)
RIME: Codes = frozenset("ar de en es fr hi it ja pt".split())
KOKORO: Codes = frozenset("cmn en es fr hi it ja pt yue zh".split())


def language_of(code: str) -> Language | None:
    """Pipecat's language of a code as settings have it (`en`, `es-MX`). None: it knows none."""
    try:
        return Language(code)
    except ValueError:
        return None


def flux(model: str) -> Codes:
    """What a model of Deepgram Flux hears."""
    return FLUX_MULTI if model.endswith("multi") else ENGLISH


def assemblyai(model: str) -> Codes:
    """What a model of AssemblyAI hears and can be told to expect."""
    return ENGLISH if model.startswith("universal-streaming") else UNIVERSAL_PRO


def whisper(model: str) -> Codes:
    """What a model of Whisper hears."""
    return ENGLISH if model.endswith(".en") else WHISPER
