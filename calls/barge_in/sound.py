"""One sound of the caller while the bot speaks, and what is known of it so far."""

from dataclasses import dataclass, field
from enum import StrEnum

from pipecat.frames.frames import InterimTranscriptionFrame, TranscriptionFrame

from calls.barge_in.meaning import Meaning
from calls.barge_in.sensitivity import BargeIn

# A backchannel is over when it is quiet, or when no word follows for so long.
_QUIET_S = 0.12
_NOTHING_FOLLOWS_S = 0.35
# Whoever says no more than a backchannel has said it by then.
_GOES_ON_S = 1.0
# By then a recogniser has heard enough of a word; a backchannel is over.
_FIRST_GUESS_S = 0.5
# So many words any two sentences may share.
_IN_COMMON_BY_CHANCE = 2
# A voice that the detector was not sure of, and that comes back within this, was one: a soft first
# sound, or the gap behind it.
_COMES_BACK_S = 0.1
# Words of a sound come so soon after it, or it had none; whether it was a word or not, the bot
# goes on by then, and stops once more should they come later.
_WORDS_WITHIN_S = 0.2
_LATE_WORDS_WITHIN_S = 2.5


class Verdict(StrEnum):
    """What a sound was."""

    OPEN = "open"
    BACKCHANNEL = "backchannel"
    ECHO = "echo"
    NOISE = "noise"
    BARGE_IN = "barge-in"


@dataclass
class Sound:
    """All moments are seconds of the caller's audio.

    Attributes:
        began_s: When it began, or went on.
        voiced: Whether the caller's voice is still heard.
        confirmed: Whether the detector stands by its being a voice.
        ended_s: When it was not any more.
        echoing: Whether it sounds like the bot.
        surely_echo: Whether it never sounded like anything else: its words are the bot's, however
            they were understood.
        verdict: What it is taken for by now.
        meaning: Of the words so far.
        held_s: By how much the bot's audio is later for it.
        finished: Whether everybody was told what it was.
    """

    began_s: float
    voiced: bool = True
    confirmed: bool = False
    ended_s: float = 0.0
    echoing: bool = False
    surely_echo: bool = False
    verdict: Verdict = Verdict.OPEN
    meaning: Meaning = Meaning.UNKNOWN
    held_s: float = 0.0
    finished: bool = False
    words_changed_s: float = 0.0
    _before_s: float = 0.0
    _finals: list[str] = field(default_factory=list)
    _interim: str = ""

    @property
    def text(self) -> str:
        """Everything that was understood."""
        return " ".join(part for part in (*self._finals, self._interim) if part)

    def add(self, frame: TranscriptionFrame | InterimTranscriptionFrame, now_s: float) -> None:
        """Words of it came."""
        before, text = self.text, frame.text.strip()
        if isinstance(frame, TranscriptionFrame):
            self._finals.append(text)
            text = ""
        self._interim = text
        if self.text != before:
            self.words_changed_s = now_s

    def ended(self, now_s: float, *, quiet_s: float = 0.0) -> None:
        """The caller is silent, and has been for a while."""
        if self.voiced:
            self._before_s += max(0.0, now_s - quiet_s - self.began_s)
            self.voiced, self.ended_s = False, now_s

    def goes_on(self, since_s: float) -> None:
        """The caller is heard again."""
        self.voiced, self.confirmed, self.began_s = True, False, since_s

    @property
    def may_come_back(self) -> bool:
        """Whether it was heard so shortly that the detector has not been sure of it."""
        return not (self.voiced or self.confirmed or self.finished)

    def lasts_s(self, now_s: float) -> float:
        """How much of a voice there was in it."""
        return self._before_s + (now_s - self.began_s if self.voiced else 0.0)

    def may_have_words(self, now_s: float) -> bool:
        """Whether words that come now can be of it."""
        return self.voiced or now_s - self.ended_s <= _LATE_WORDS_WITHIN_S

    def look(
        self, now_s: float, *, quiet_s: float, bot_paused: bool, early_words: bool, how: BargeIn
    ) -> Verdict:
        """What it is by now.

        Args:
            now_s: The time.
            quiet_s: How long the caller has been quiet.
            bot_paused: Whether the bot is silent for it.
            early_words: Whether the recogniser tells words while the caller speaks.
            how: The bot's sensitivity.
        """
        if self.meaning is Meaning.SPEECH and not self.surely_echo:
            # The bot is silent: there is time to see whether the first word stays what it is.
            may_wait = bot_paused and not self._settled(now_s, quiet_s)
            return self.verdict if may_wait else Verdict.BARGE_IN
        goes_on = self.voiced and quiet_s < _QUIET_S
        if self.meaning is Meaning.BACKCHANNEL:
            return self._look_at_backchannel(now_s) if goes_on else Verdict.BACKCHANNEL
        if self.echoing:
            return Verdict.ECHO
        if self.meaning is Meaning.ECHO:
            # Whoever speaks on while the bot is silent only began with a word that it said too.
            few = len(self.text.split()) <= _IN_COMMON_BY_CHANCE
            if not (few and goes_on and bot_paused):
                return Verdict.ECHO
        if not self.voiced:
            may_be_more_s = _WORDS_WITHIN_S if self.confirmed else _COMES_BACK_S
            over = now_s - self.ended_s >= may_be_more_s
            return Verdict.NOISE if over else self.verdict
        long_s = how.wordless_s if early_words else how.voiced_s
        return Verdict.BARGE_IN if self.lasts_s(now_s - quiet_s) >= long_s else self.verdict

    def _settled(self, now_s: float, quiet_s: float) -> bool:
        """Whether what was understood is more than a recogniser's first guess."""
        if self._finals or len(self.text.split()) > 1:
            return True
        if not self.voiced:
            return now_s - self.ended_s >= _WORDS_WITHIN_S
        return self.lasts_s(now_s - quiet_s) >= _FIRST_GUESS_S

    def _look_at_backchannel(self, now_s: float) -> Verdict:
        since_words_s = now_s - self.words_changed_s
        if since_words_s >= _GOES_ON_S:
            return Verdict.BARGE_IN
        return Verdict.BACKCHANNEL if since_words_s >= _NOTHING_FOLLOWS_S else self.verdict
