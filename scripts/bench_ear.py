"""Measures the embedded recogniser: word error rate and speed, per voice and kind of sentence.

    python scripts/bench_ear.py                 # espeak-ng voices, flite's too if installed
    python scripts/bench_ear.py --find-caller   # which espeak-ng voice is understood best
    python scripts/bench_ear.py --noise-dbfs none -80 -66 -60

Callers are synthetic, so compare rows with each other rather than with people.
"""

import argparse
import math
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
import soxr
from rich.console import Console
from rich.table import Table

from rehearsal import mulaw
from services.embedded.espeak import SAMPLE_RATE_HZ as ESPEAK_HZ
from services.embedded.espeak import VoiceSpec, synthesise
from services.embedded.sphinx import BYTES_PER_SECOND, SAMPLE_RATE_HZ, Ear, Utterance

SAMPLE_LINES = (
    "where is my order",
    "where is my package",
    "track my order",
    "my order number is four seven two nine one",
    "i want to change my delivery address",
    "twelve oak street",
    "i would like a refund",
    "i want my money back",
    "it arrived broken",
    "the item was damaged",
    "can i speak to a person",
    "i would like to book an appointment",
    "do you have anything on monday",
    "is there anything in the morning",
    "ten thirty please",
    "my name is john smith",
    "my date of birth is the third of march nineteen eighty five",
    "i need to cancel my appointment",
    "can i move my appointment to friday",
    "i have chest pain",
    "i can't breathe",
)
SENTENCES = {
    "in domain": (
        "where is my order",
        "my order number is four seven two nine one",
        "i want to change my delivery address",
        "twelve oak street",
        "i would like a refund",
        "it arrived broken",
        "can i speak to a person",
        "yes please",
        "no thank you",
        "goodbye",
        "i would like to book an appointment",
        "do you have anything on monday",
        "ten thirty please",
        "my name is john smith",
        "the third of march nineteen eighty five",
        "yes that is right",
        "i need to cancel my appointment",
        "can i move my appointment to friday",
        "i have chest pain",
        "thank you goodbye",
    ),
    "values": (
        "eight three six two five",
        "my order number is five eight oh three six",
        "one zero nine nine four seven three",
        "it's five five two one six",
        "six three",
        "double seven four nine",
        "my name is mary jones",
        "sarah miller",
        "yes",
        "no",
        "correct",
        "no thanks",
        "tomorrow at half past nine",
        "on thursday please",
        "nine a m please",
        "quarter to four",
        "march third two thousand one",
        "born on the twenty first of july nineteen seventy two",
        "september ninth nineteen ninety nine",
        "i was born on the second of december nineteen sixty eight",
        "forty two main street",
        "can you repeat that please",
        "two thirty",
        "wednesday afternoon",
    ),
    "outside": (
        "the weather has been very cold this winter",
        "my sister lives near the river with two dogs",
        "he told me that the meeting was moved to another building",
        "i bought a new car last year and it is already making noise",
        "please send the documents to my lawyer before the end of the month",
        "can you tell me how long the train takes to get there",
    ),
}
ESPEAK_VOICES = (
    VoiceSpec(variant="", rate_wpm=150),
    VoiceSpec(variant="klatt6", rate_wpm=160, pitch=55, pitch_range=50),
    VoiceSpec(variant="edward2", rate_wpm=150, pitch=55, pitch_range=50),
    VoiceSpec(variant="f2", rate_wpm=160, pitch=60, pitch_range=50),
    VoiceSpec(variant="m3", rate_wpm=150, pitch=40),
)
FLITE_VOICES = ("slt", "rms", "kal16", "awb")

FINAL_MS = ("final ms p50", "final ms max")
QUIET_LINE_DBFS = -75.0

_FRAME_BYTES = BYTES_PER_SECOND // 50

Speak = Callable[[str], np.ndarray]


@dataclass
class Score:
    """Word errors and cost over many sentences."""

    words: int = 0
    errors: int = 0
    audio_s: float = 0.0
    cpu_s: float = 0.0
    final_ms: list[float] = field(default_factory=list)

    @property
    def error_rate(self) -> float:
        """Share of wrong words, in percent."""
        return 100 * self.errors / max(1, self.words)


def word_errors(said: str, heard: str) -> int:
    """Words inserted, left out or replaced."""
    reference, hypothesis = said.split(), heard.split()
    row = list(range(len(hypothesis) + 1))
    for place, word in enumerate(reference, start=1):
        diagonal, row[0] = row[0], place
        for column, other in enumerate(hypothesis, start=1):
            best = min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
            diagonal, row[column] = row[column], best
    return row[-1]


def espeak_speaker(spec: VoiceSpec) -> Speak:
    """A caller with an espeak-ng voice."""

    def speak(text: str) -> np.ndarray:
        pcm = b"".join(chunk.pcm for chunk in synthesise(text, spec))
        return soxr.resample(np.frombuffer(pcm, np.int16), ESPEAK_HZ, SAMPLE_RATE_HZ)

    return speak


def flite_speaker(voice: str) -> Speak:
    """A caller with a voice of the `flite` command."""

    def speak(text: str) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/said.wav"
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", path], check=True)
            with wave.open(path) as file:
                rate_hz = file.getframerate()
                samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ)

    return speak


def as_call(samples: np.ndarray, *, telephone: bool, noise_dbfs: float) -> bytes:
    """The utterance with 0.5 s before and 0.2 s after it, over the telephone or not.

    `noise_dbfs` is the level of white noise on the line itself, so of 4 kHz on the telephone.
    """
    quiet = np.zeros(SAMPLE_RATE_HZ // 2), np.zeros(SAMPLE_RATE_HZ // 5)
    loudness = 10 ** (-20 / 20) * 32768 / max(1.0, float(np.sqrt(np.mean(samples**2.0))))
    call = np.concatenate([quiet[0], samples * min(loudness, 8.0), quiet[1]])
    rate_hz = SAMPLE_RATE_HZ
    if telephone:
        rate_hz = mulaw.SAMPLE_RATE_HZ
        call = soxr.resample(call, SAMPLE_RATE_HZ, rate_hz)
    level = 32768 * 10 ** (noise_dbfs / 20)
    call = call + np.random.default_rng(0).normal(0, level, len(call))
    line = call.clip(-32767, 32767).astype(np.int16)
    if telephone:
        line = mulaw.decode(mulaw.encode(line))
    return soxr.resample(line, rate_hz, SAMPLE_RATE_HZ).tobytes()


def measure(
    speak: Speak, ear: Ear, sentences: Sequence[str], *, noise_dbfs: float, show: bool
) -> Score:
    """Lets one caller say all sentences in one call."""
    score = Score()
    decoder = ear.decoder()
    for said in sentences:
        audio = as_call(speak(said), telephone=ear.telephone, noise_dbfs=noise_dbfs)
        before = time.process_time()
        utterance = Utterance(decoder, telephone=ear.telephone)
        for start in range(0, len(audio), _FRAME_BYTES):
            utterance.hear(audio[start : start + _FRAME_BYTES])
        speech_end = time.perf_counter()
        heard = utterance.finish()
        score.final_ms.append((time.perf_counter() - speech_end) * 1000)
        score.cpu_s += time.process_time() - before
        score.audio_s += len(audio) / BYTES_PER_SECOND
        score.words += len(said.split())
        errors = word_errors(said, heard)
        score.errors += errors
        if show and errors:
            print(f"{said!r} heard as {heard!r}")
    ear.give_back(decoder)
    return score


def speakers() -> Iterator[tuple[str, Speak]]:
    """Every synthetic caller this machine has."""
    for spec in ESPEAK_VOICES:
        yield f"espeak-ng {spec} p{spec.pitch}", espeak_speaker(spec)
    if shutil.which("flite"):
        for voice in FLITE_VOICES:
            yield f"flite {voice}", flite_speaker(voice)


def candidates() -> Iterator[tuple[str, Speak]]:
    """espeak-ng voices that might be understood best over the telephone."""
    variants = ("klatt3", "klatt6", "edward", "edward2", "Reed", "benjamin", "adam", "f2")
    for variant, rate_wpm in product(variants, (145, 160, 175)):
        spec = VoiceSpec(variant=variant, rate_wpm=rate_wpm, pitch=55, pitch_range=50)
        yield f"espeak-ng {spec} p{spec.pitch}", espeak_speaker(spec)


def cells(scores: dict[str, Score]) -> Iterator[str]:
    """What one row says: error rates, cost, and how long the final words took."""
    for kind in SENTENCES:
        yield f"{scores[kind].error_rate:.0f} %" if kind in scores else ""
    audio_s = sum(score.audio_s for score in scores.values())
    yield f"{sum(score.cpu_s for score in scores.values()) / audio_s:.3f}"
    finals = sorted(ms for score in scores.values() for ms in score.final_ms)
    yield f"{finals[len(finals) // 2]:.0f}"
    yield f"{finals[-1]:.0f}"


def report(
    callers: Callable[[], Iterator[tuple[str, Speak]]],
    bands: Sequence[bool],
    args: argparse.Namespace,
) -> None:
    """Prints one row per caller, line and level of noise."""
    console = Console()
    table = Table("caller", "line", "noise dBFS", *SENTENCES, "real-time factor", *FINAL_MS)
    kinds = ("in domain", "values") if args.find_caller else tuple(SENTENCES)
    for telephone in bands:
        ear = Ear.shared(SAMPLE_LINES, telephone=telephone, cache_dir=args.cache_dir)
        line = "8 kHz" if telephone else "16 kHz"
        for name, speak in callers():
            for noise_dbfs in args.noise_dbfs:
                scores = {
                    kind: measure(
                        speak, ear, SENTENCES[kind], noise_dbfs=noise_dbfs, show=args.show
                    )
                    for kind in kinds
                }
                table.add_row(name, line, f"{noise_dbfs:.0f}", *cells(scores))
    console.print(table)


def level(text: str) -> float:
    """A level in dBFS; `none` is minus infinity."""
    return -math.inf if text == "none" else float(text)


def main() -> None:
    """Reads the command line and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--find-caller", action="store_true", help="compare espeak-ng voices")
    parser.add_argument(
        "--noise-dbfs",
        nargs="+",
        type=level,
        default=[QUIET_LINE_DBFS],
        metavar="DBFS",
        help="white noise on the line, or none (default: %(default)s)",
    )
    parser.add_argument("--show", action="store_true", help="print every misheard sentence")
    parser.add_argument("--cache-dir", type=Path, help="keep built models here")
    args = parser.parse_args()
    if args.find_caller:
        report(candidates, (True,), args)
    else:
        report(speakers, (False, True), args)


if __name__ == "__main__":
    main()
