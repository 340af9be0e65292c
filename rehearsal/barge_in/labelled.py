"""The labelled set: what is let hear, by whom, how loud and when; the same for the same seed."""

import random
from dataclasses import dataclass
from itertools import cycle

from rehearsal.turns.script import Intrusion

VOICES = (
    "espeak:en-us+f3@165",
    "espeak:en-us+m3@150",
    "espeak:en-gb+m1@170",
    "espeak:en-us+f2@185",
    "espeak:en-gb+f4@155",
)
BACKCHANNELS = (
    "uh huh", "okay", "right", "yeah", "i see", "mm hmm", "got it", "oh okay", "yeah okay", "sure",
)  # fmt: skip
INTERRUPTIONS = (
    "hold on how much does it cost",
    "stop",
    "no that is not what i asked",
    "wait a moment please",
    "can you repeat that",
    "excuse me i have another question",
    "okay but what if i am away",
    "i want to talk to a person",
    "what about sundays",
    "sorry i did not get that",
)
ANSWERS = ("yes", "okay", "yes please", "right")
NOISES = ("cough", "keys")
"""Words of noises are their names."""

# From the first sound of the answer; all of it lasts about ten seconds.
_INTO_S = (1.2, 6.0)
# The question is being asked, or has just been.
_QUESTION_S = (1.3, 2.2)
_LOUDNESS_DB = (0.0, -6.0, 3.0)
_ECHO_DB = (-12.0, -22.0)
_ECHO_LATE_S = (0.08, 0.3)


@dataclass(frozen=True)
class Labelled:
    """One sound.

    Attributes:
        number: Its place in the set.
        label: What it is; only a "barge-in" is to stop the bot.
        words: What is said, or the name of a noise; "" for an echo.
        after_s: How long after the first sound of the bot's answer.
        gain_db: How loud; of an echo, by how much it is softer than the bot.
        late_s: How late an echo is.
        seed: Of a noise.
        answers: Whether it answers a question of the bot.
    """

    number: int
    label: Intrusion
    words: str
    voice: str
    after_s: float
    gain_db: float
    late_s: float = 0.0
    seed: int = 0
    answers: bool = False

    @property
    def key(self) -> str:
        """Names the sound."""
        return f"{self.number}"


def labelled(size: int, seed: int) -> list[Labelled]:
    """A set of that size: half of it interruptions, and of the rest most are backchannels."""
    rng = random.Random(seed)
    kinds = cycle(("barge-in", "backchannel", "barge-in", "noise", "answer", "backchannel",
                   "barge-in", "backchannel", "answer", "echo"))  # fmt: skip
    return [_one(number, next(kinds), rng) for number in range(size)]


def _one(number: int, kind: str, rng: random.Random) -> Labelled:
    voice, gain_db = rng.choice(VOICES), rng.choice(_LOUDNESS_DB)
    after_s, noise_seed = rng.uniform(*_INTO_S), rng.randrange(1000)
    match kind:
        case "answer":
            after_s = rng.uniform(*_QUESTION_S)
            words = rng.choice(ANSWERS)
            return Labelled(number, "barge-in", words, voice, after_s, gain_db, answers=True)
        case "barge-in":
            words = rng.choice(INTERRUPTIONS)
            return Labelled(number, "barge-in", words, voice, after_s, gain_db)
        case "backchannel":
            words = rng.choice(BACKCHANNELS)
            return Labelled(number, "backchannel", words, voice, after_s, gain_db)
        case "noise":
            noise = rng.choice(NOISES)
            return Labelled(number, "noise", noise, "", after_s, gain_db, seed=noise_seed)
        case _:
            gain_db, late_s = rng.uniform(*_ECHO_DB), rng.uniform(*_ECHO_LATE_S)
            return Labelled(number, "echo", "", "", after_s, gain_db, late_s=late_s)
