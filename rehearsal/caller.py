"""The synthetic caller's voices: text in, what a telephone would send of it out."""

import asyncio
import shutil
import tempfile
import wave
from pathlib import Path

import numpy as np
import soxr

from rehearsal.mulaw import SAMPLE_RATE_HZ, Pcm
from services.embedded import espeak

# Of the espeak-ng voices tried, the one the embedded recogniser understands best at 8 kHz.
DEFAULT_VOICE = "espeak:en-us+klatt6@160"
LEVEL_DBFS = -20.0
_PEAK_DBFS = -1.0
_FRAME = SAMPLE_RATE_HZ // 50


class VoiceError(ValueError):
    """There is no such voice here; the message says what can be had."""


async def speak(text: str, voice: str = DEFAULT_VOICE) -> Pcm:
    """`text` as 16-bit samples of shape (n,) at 8 kHz, at the level of a person on the phone.

    `voice`: "espeak:en-us+klatt6@160" (espeak-ng's voice, variant, words per minute), or
    "flite:slt" (flite's slt, rms, kal16, awb, kal) where flite is installed.

    Raises:
        VoiceError: the voice is not known or its program is not installed.
    """
    engine, _, name = voice.partition(":")
    match engine:
        case "espeak":
            pcm, rate_hz = await _espeak(text, name or DEFAULT_VOICE.partition(":")[2])
        case "flite":
            pcm, rate_hz = await _flite(text, name or "slt")
        case _:
            raise VoiceError(
                f'No voice "{voice}": write "espeak:en-us+klatt6@160" or "flite:slt" '
                "(engine, colon, that engine's name for it)."
            )
    return as_on_the_phone(pcm, rate_hz)


def as_on_the_phone(pcm: Pcm, rate_hz: int) -> Pcm:
    """Any speech of shape (n,) resampled to 8 kHz and brought to -20 dBFS RMS while speaking."""
    speech = soxr.resample(pcm.astype(np.float32) / 32768, rate_hz, SAMPLE_RATE_HZ)
    return (_levelled(speech) * 32767).astype(np.int16)


def read_wav(path: Path) -> Pcm:
    """A 16-bit WAV of any rate as phone audio; of several channels the first.

    Raises ValueError for WAVs of another sample width.
    """
    return as_on_the_phone(*_wav(path))


async def _espeak(text: str, name: str) -> tuple[Pcm, int]:
    try:
        spoken = await asyncio.to_thread(espeak.speak, text, espeak.VoiceSpec.parse(name))
    except (ValueError, espeak.EspeakError) as error:
        raise VoiceError(str(error)) from error
    return np.frombuffer(spoken, dtype=np.int16), espeak.SAMPLE_RATE_HZ


async def _flite(text: str, name: str) -> tuple[Pcm, int]:
    program = shutil.which("flite")
    if program is None:
        raise VoiceError(
            "flite is not installed (Debian: apt install flite); espeak voices need nothing."
        )
    # flite takes its own default for a voice it does not know, without a word.
    _, listed = await _run(program, "-lv")
    voices = listed.decode(errors="replace").partition(":")[2].split()
    if name not in voices:
        raise VoiceError(f'flite has no voice "{name}"; it has {", ".join(voices)}.')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        code, output = await _run(program, "-voice", name, "-t", text, "-o", str(path))
        if code or not path.exists():
            raise VoiceError(f"flite failed: {output.decode(errors='replace').strip()}")
        return _wav(path)


async def _run(*command: str) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output


def _wav(path: Path) -> tuple[Pcm, int]:
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path} is not a 16-bit WAV.")
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return samples.reshape(-1, file.getnchannels())[:, 0].copy(), file.getframerate()


def _levelled(speech: np.ndarray) -> np.ndarray:
    frames = speech[: speech.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = (frames**2).mean(axis=1)
    power = power[power > power.max(initial=0.0) / 1000]  # the pauses have no say in the level
    if not power.size:
        return speech
    gain = 10 ** (LEVEL_DBFS / 20) / np.sqrt(power.mean())
    # A few peaky consonants are bent rather than the whole line made quieter.
    ceiling = 10 ** (_PEAK_DBFS / 20)
    return np.clip(speech * gain, -ceiling, ceiling)
