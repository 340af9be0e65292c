"""One stretch of the caller's speech, and who owes its words until when."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from pipecat.frames.frames import TranscriptionFrame, VADUserStoppedSpeakingFrame

from services.failover.incident import Failure
from services.failover.stt.candidate import Candidate
from services.failover.stt.hearing import Hearing

# Shorter sounds owe nobody a word.
_SPEECH_AT_LEAST_S = 0.25
# All of them together, from when the VAD says that the caller stopped: what is left of 3 s of
# silence belongs to the language model and the voice.
_ALL_WITHIN_S = 2.4
_EACH_AT_LEAST_S = 0.4
# A recogniser that gives interim words gives some every second while somebody speaks.
_STALLED_AFTER_S = 3.0
# A final that comes later than this, while the caller speaks again, is of the new words.
_PAUSE_ANSWERED_WITHIN_S = 1.0

# For at least so long after its end a detector still hears a voice; no word is as short.
_HEARD_ON_S = 0.05
# Two finals that are asked for shortly after one another come one after the other.
_SECOND_FINAL_WITHIN_S = 0.1

# What the recogniser that makes words of any noise must have heard to be believed alone: no
# cough or click, and nothing that is only just there. A word of one syllable lasts this long.
_NO_CLICK_S = 0.35
_NO_MURMUR_DBFS = -45.0
_GULLIBLE = "embedded"


@dataclass(frozen=True)
class Stretch:
    """A piece of speech between two pauses.

    Parameters:
        start: Where it begins in the caller's audio.
        began_at_s: When the VAD said so.
        heard_s: The call's audio until then.
        start_secs: How much of it the VAD had heard by then.
    """

    start: int
    began_at_s: float
    heard_s: float
    start_secs: float


class Utterance:
    """What the caller said, from the first word until it was answered with text.

    A caller who goes on before that goes on with the same utterance: whoever is asked for its
    words hears all of it, so that no answer can be taken for another's.

    Parameters:
        stretch: Its first piece.
        into_bot: Whether the bot spoke then, and has not let itself be interrupted.
    """

    def __init__(self, stretch: Stretch, *, into_bot: bool = False) -> None:
        self.into_bot = into_bot
        self.start = stretch.start
        self.stretch = stretch
        self.hearings: list[Hearing] = []
        self.probe: Hearing | None = None
        self.speaking = True
        self.answered = False
        self.answer: Hearing | None = None
        self.over = False
        self.speech_s = 0.0
        self.pauses = 0
        self.stopped_at_s = stretch.began_at_s
        self.end_of_speech_s = stretch.began_at_s
        self.finalised_early_at_s: float | None = None
        self._finals_asked_for = 0

    def resume(self, stretch: Stretch) -> None:
        """The caller goes on."""
        self.speaking = True
        self.pauses += 1
        self.stretch = stretch
        self.finalised_early_at_s = None

    def stop(self, frame: VADUserStoppedSpeakingFrame, now_s: float, heard_s: float) -> None:
        """The caller stopped, some time ago."""
        self.speaking = False
        self.stopped_at_s = now_s
        self.end_of_speech_s = now_s - frame.stop_secs
        lasted_s = heard_s - self.stretch.heard_s + self.stretch.start_secs - frame.stop_secs
        self.speech_s += max(0.0, lasted_s)

    def ask(self, candidate: Candidate, now_s: float) -> Hearing:
        hearing = Hearing(candidate, now_s, replayed=bool(self.hearings))
        self.hearings.append(hearing)
        return hearing

    def hearing_of(self, candidate: Candidate) -> Hearing | None:
        """What is the candidate's, asked or tried beside the others."""
        tried = [self.probe] if self.probe else []
        return next((h for h in (*self.hearings, *tried) if h.candidate is candidate), None)

    def has_only(self, hearing: Hearing) -> bool:
        """Whether what it says now is further words of the answer, or nobody else is left."""
        if self.answered:
            return hearing is self.answer
        return self.over and hearing.failure is not None

    @property
    def owes_words(self) -> bool:
        """Whether somebody is still expected to answer."""
        return not self.answered and not self.over

    @property
    def owed(self) -> bool:
        """Whether it was long enough to have words."""
        return self.speech_s >= _SPEECH_AT_LEAST_S

    def whole(self, now_s: float, loudest_dbfs: Callable[[int], float]) -> Hearing | None:
        """The first of those asked whose words are all there and can be believed.

        Args:
            now_s: The time.
            loudest_dbfs: The level of the loudest sound from a position on.
        """
        if self.speaking:
            return None
        return next(
            (
                hearing
                for hearing in self.hearings
                if self._whole_at_s(hearing) <= now_s and self.believable(hearing, loudest_dbfs)
            ),
            None,
        )

    @property
    def probe_due_at_s(self) -> float:
        """When the one that is tried beside the others has used up its time."""
        if not self.probe:
            return inf
        return self.stopped_at_s + self.probe.candidate.health.deadline_ms / 1000

    def best_so_far(self, loudest_dbfs: Callable[[int], float]) -> tuple[Hearing, str] | None:
        """Whose words are better than none; of what is still said, only what is sure."""
        texts = (
            (hearing, hearing.text_so_far(sure=self.speaking))
            for hearing in self.hearings
            if self.believable(hearing, loudest_dbfs)
        )
        return next((best for best in texts if best[1]), None)

    def forget_noise(self, loudest_dbfs: Callable[[int], float]) -> None:
        """Words that nobody believed are no words, whatever is said and heard after it."""
        for hearing in self.hearings:
            if not self.believable(hearing, loudest_dbfs):
                hearing.finals.clear()

    def is_of_before(self, hearing: Hearing, frame: TranscriptionFrame, now_s: float) -> bool:
        """Whether a final that comes now, while the caller goes on, ends what was said before.

        A recogniser that answers when the caller pauses answers for what it heard until then. One
        that also stands by words in between says which are the answer, or nothing can be told.
        """
        return (
            self.speaking
            and self.owed
            and not hearing.replayed
            and (frame.finalized or not hearing.candidate.finalises)
            and now_s < self.stopped_at_s + _PAUSE_ANSWERED_WITHIN_S
        )

    def may_finalise_early(self, candidate: Candidate, now_s: float) -> bool:
        """Whether there is something to finalise in mid-speech, and it is not taken for older."""
        hearing = self.hearing_of(candidate)
        answers_for_before = self.pauses and now_s < self.stopped_at_s + _PAUSE_ANSWERED_WITHIN_S
        waits = self.speaking and self.owes_words and not answers_for_before
        return bool(waits and hearing and hearing.interim)

    def finalises_early(self, candidate: Candidate, now_s: float) -> None:
        """The one that leads is told to finalise while the detector still hears speech."""
        hearing = self.hearing_of(candidate)
        given = len(hearing.finals) if hearing else 0
        self._finals_asked_for = max(self._finals_asked_for, given) + 1
        self.finalised_early_at_s = now_s

    @property
    def waits_since_s(self) -> float:
        """From when on something is expected of the one asked last."""
        last = self.hearings[-1]
        if self.speaking:
            return max(last.sign_at_s, last.asked_at_s, self.stretch.began_at_s)
        return max(self.stopped_at_s, last.asked_at_s)

    def due_at_s(self, remaining: int) -> float:
        """When the one asked last has used up its time.

        Args:
            remaining: How many could be asked after it.
        """
        last = self.hearings[-1]
        if self.speaking:
            if not last.candidate.gives_interims or not remaining:
                return inf
            return self.waits_since_s + _STALLED_AFTER_S
        asked_at_s = self.waits_since_s
        if last.empty and last.sign_at_s >= self.end_of_speech_s:
            return asked_at_s
        allowed_s = last.candidate.health.deadline_ms / 1000
        if last.replayed and remaining:
            left_s = self.stopped_at_s + _ALL_WITHIN_S - asked_at_s
            allowed_s = min(allowed_s, max(_EACH_AT_LEAST_S, left_s / (1 + remaining)))
        return asked_at_s + allowed_s

    def settles_at_s(self) -> list[float]:
        """When words that are there may turn out to be all."""
        with_words = [each for each in self.hearings if each.has_words and not each.failure]
        confirmed_s = [self.end_of_speech_s + each.candidate.finals_within_s for each in with_words]
        return [*map(self._whole_at_s, with_words), *confirmed_s]

    def _whole_at_s(self, hearing: Hearing) -> float:
        whole_at_s = hearing.whole_at_s(self.end_of_speech_s, self.pauses)
        if whole_at_s is None:
            return inf
        if self._lacks_finals(hearing):
            late_s = hearing.candidate.finals_within_s + _SECOND_FINAL_WITHIN_S
            return max(whole_at_s, self.end_of_speech_s + late_s)
        return whole_at_s

    def _lacks_finals(self, hearing: Hearing) -> bool:
        """Whether its words may be those before the last ones, which come in another final."""
        if self.finalised_early_at_s is None:
            return False
        too_early = self.finalised_early_at_s < self.end_of_speech_s - _HEARD_ON_S
        return len(hearing.finals) < self._finals_asked_for + too_early

    def judge(self, hearing: Hearing) -> tuple[Failure, bool]:
        """How it failed that is past its time, and whether that is certain.

        It may be right to say nothing, for noise has no words; or merely late.
        """
        if not hearing.candidate.is_up:
            return Failure.SILENT, True
        if hearing.empty:
            return Failure.EMPTY, False
        if self.speaking or hearing.interim or hearing.has_words:
            return Failure.STALLED, False
        return Failure.SILENT, False

    def believable(self, hearing: Hearing, loudest_dbfs: Callable[[int], float]) -> bool:
        """Whether its words may speak against the silence of those asked before.

        One recogniser hears words in every noise. Alone it is believed when another is known to
        have failed or to have heard words, or when the sound was neither short nor faint. What is
        heard while the bot speaks is its echo as often as a word.
        """
        if hearing.candidate.name != _GULLIBLE or not hearing.replayed:
            return True
        others = [each for each in self.hearings if each is not hearing]
        if any(each.failure or each.interim or each.has_words for each in others):
            return True
        if self.into_bot:
            return False
        return self.speech_s >= _NO_CLICK_S and loudest_dbfs(self.start) >= _NO_MURMUR_DBFS
