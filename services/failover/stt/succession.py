"""Who hears the caller, whose words count, and who is next."""

from collections.abc import Sequence
from math import inf
from typing import Protocol

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.utils.time import time_now_iso8601

from services.failover.health import Clock
from services.failover.incident import Failure, Incident, Report
from services.failover.lateness import lateness
from services.failover.stt.caller_audio import CallerAudio
from services.failover.stt.candidate import Candidate, by_trust
from services.failover.stt.guess import Guess, Words
from services.failover.stt.hearing import Hearing
from services.failover.stt.utterance import Stretch, Utterance

# So much speech has words; when nobody heard any so many times in a row, nobody hears.
_SURELY_WORDS_S = 1.0
_WORDLESS_AT_MOST = 2
# Nobody leaves a longer gap between two words without the detector's noticing.
_NO_MORE_WORDS_S = 0.7


class Outlet(Protocol):
    """Where the outcome goes."""

    async def push_frame(self, frame: Frame) -> None: ...

    async def push_error(self, error_msg: str) -> None: ...

    async def lead_changed(self) -> None: ...


class Succession:
    """The recognisers of a call, one of which leads.

    Not to be used from two tasks at once: nothing may get between the words of an answer.

    Parameters:
        candidates: In the order of preference.
        audio: What the caller said last.
        outlet: Gets the words.
        report: Told of every failure.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        audio: CallerAudio,
        outlet: Outlet,
        *,
        report: Report,
        clock: Clock,
    ) -> None:
        self._candidates = candidates
        self._audio = audio
        self._outlet = outlet
        self._report = report
        self._clock = clock
        self._utterance: Utterance | None = None
        self._guess: Guess | None = None
        self._checked_at_s = -inf
        self._finalise_at_s = inf
        self._wordless = 0
        self.lead = candidates[0]
        self.may_be_interrupted = False
        """Whether the bot speaks: then the first word of the caller counts."""

    def choose(self) -> None:
        """The call begins: who is not known to fail leads."""
        self.lead = by_trust(self._candidates)[0]

    async def hear(self) -> None:
        """Let those hear what was added whose turn it is."""
        for candidate in self._candidates:
            if candidate.branch.broken and not candidate.failed_here:
                await self.refused(candidate)
        await self._let_hear()

    async def _let_hear(self) -> None:
        utterance = self._utterance
        owed = utterance if utterance and utterance.owes_words else None
        hearing = {id(self.lead): self.lead}
        if owed:
            asked = [each.candidate for each in owed.hearings if not each.failure]
            hearing |= {id(each): each for each in asked}
        if utterance and utterance.probe:
            hearing[id(utterance.probe.candidate)] = utterance.probe.candidate
        alone = not owed and len(hearing) == 1
        idle = alone and self._finalise_at_s == inf and not self.may_be_interrupted
        for candidate in hearing.values():
            await candidate.hear(self._audio, owed.start if owed else None, idle=idle)

    async def began(self, stretch: Stretch) -> None:
        """The caller begins to speak, or goes on."""
        self._finalise_at_s = inf
        if self._utterance and self._utterance.owes_words:
            self._utterance.resume(stretch)
            return
        await self._lead_with(by_trust(self._candidates)[0])
        self._new_utterance(stretch)

    def ended(self, frame: VADUserStoppedSpeakingFrame) -> None:
        """The caller paused, or is done."""
        if self._utterance and self._utterance.speaking:
            self._utterance.stop(frame, self._clock(), self._audio.heard_s)

    def turn_began(self) -> None:
        """The caller has the floor."""
        if self._utterance:
            self._utterance.into_bot = False

    async def finalise_early(self) -> None:
        """The caller seems to be done, and the detector does not say so yet."""
        utterance = self._utterance
        now_s = self._clock()
        if utterance and utterance.may_finalise_early(self.lead, now_s) and self.lead.finalises:
            utterance.finalises_early(self.lead, now_s)
            await self.lead.finalise()

    async def said(self, candidate: Candidate, frame: Words) -> None:
        utterance = self._utterance
        hearing = utterance.hearing_of(candidate) if utterance else None
        guess = self._guess
        if guess and guess.hearing.candidate is candidate and frame.text.strip():
            if hearing is None or hearing is guess.hearing:
                await self._said_late(guess, frame)
                return
            if utterance and not self._is_new(guess, frame, utterance):
                return
        if hearing and not hearing.failure:
            hearing.add(frame, self._clock())
        if candidate is self.lead and frame.text.strip():
            self._expect_final(utterance, frame)
            if utterance is None or hearing is None or utterance.has_only(hearing):
                await self._outlet.push_frame(frame)
            elif not utterance.answered:
                await self._said_by_lead(utterance, hearing, frame)
        await self.check()

    async def _said_late(self, guess: Guess, frame: Words) -> None:
        """Its guess was passed on: only what its final words add to that is."""
        if guess.hearing.candidate is self.lead:
            self._expect_final(self._utterance, frame)
        if isinstance(frame, TranscriptionFrame) and (
            added := guess.added_by(frame, self._clock())
        ):
            frame.text = added
            await self._outlet.push_frame(frame)

    def _is_new(self, guess: Guess, frame: Words, utterance: Utterance) -> bool:
        """Whether it says more than was guessed before the caller spoke again; cut down to that."""
        now_s = self._clock()
        if isinstance(frame, InterimTranscriptionFrame) and not guess.begins(frame, now_s):
            # It is past those words. Should it be the same again, they were said again.
            self._guess = None
        elif added := guess.added_by(frame, now_s):
            frame.text = added
        else:
            return not utterance.speaking
        return True

    def _expect_final(self, utterance: Utterance | None, frame: Words) -> None:
        """Nobody else asks for the final words of what the detector took for silence."""
        if isinstance(frame, TranscriptionFrame):
            self._finalise_at_s = inf
        elif not (utterance and (utterance.speaking or utterance.owes_words)):
            # The detector may merely be late: as long as words come, somebody speaks.
            self._finalise_at_s = self._clock() + _NO_MORE_WORDS_S

    async def _said_by_lead(self, utterance: Utterance, hearing: Hearing, frame: Words) -> None:
        if isinstance(frame, InterimTranscriptionFrame):
            await self._outlet.push_frame(frame)
        elif utterance.is_of_before(hearing, frame, self._clock()):
            # What was said until the pause has its answer; what is being said is owed still.
            self._new_utterance(utterance.stretch)
            await self._answered(utterance, hearing)
        elif utterance.speaking:
            await self._outlet.push_frame(_as_interim(frame))

    async def refused(self, candidate: Candidate) -> None:
        utterance = self._utterance
        hearing = utterance.hearing_of(candidate) if utterance else None
        if utterance and hearing and hearing is utterance.probe:
            candidate.probe_failed(Failure.REFUSED)
            utterance.probe = None
        elif utterance and hearing and utterance.owes_words:
            if hearing.failure:
                return
            await self._failed(utterance, hearing, Failure.REFUSED)
            await self.check()
        elif not candidate.failed_here:
            await self._failed_idle(candidate, Failure.REFUSED)

    async def _failed_idle(self, candidate: Candidate, how: Failure) -> None:
        """It broke while nothing was owed."""
        candidate.failed(how)
        best = by_trust(self._candidates)[0]
        went_to = best.name if candidate is self.lead and best is not candidate else ""
        self._report(Incident("stt", candidate.name, how, 0.0, went_to))
        if candidate is self.lead:
            await self._lead_with(best)

    def next_check_at_s(self) -> float:
        """When something will be due; inf: not before something happens."""
        utterance = self._utterance
        times_s = [self._finalise_at_s]
        if utterance and utterance.owes_words:
            times_s.append(self._due_at_s(utterance))
            times_s += [] if utterance.speaking else utterance.settles_at_s()
        if utterance and utterance.probe and not utterance.speaking:
            times_s.append(_probe_due_at_s(utterance))
        # What fell due since then has not been looked at, however late this is asked.
        return min((at_s for at_s in times_s if at_s > self._checked_at_s), default=inf)

    async def check(self) -> None:
        utterance, now_s = self._utterance, self._clock()
        self._checked_at_s = now_s
        if now_s >= self._finalise_at_s:
            self._finalise_at_s = inf
            await self.lead.finalise()
        if utterance is None:
            return
        whole = utterance.whole(now_s, self._audio.loudest_dbfs)
        if whole and not utterance.answered:
            await self._answered(utterance, whole)
        elif not utterance.answered and not utterance.over:
            await self._see_to(utterance, now_s)
        if utterance.over and not utterance.answered:
            utterance.forget_noise(self._audio.loudest_dbfs)
        self._judge_probe(utterance)

    async def _see_to(self, utterance: Utterance, now_s: float) -> None:
        """Ask another when the one asked last has had its time."""
        last = utterance.hearings[-1]
        others = self._others(utterance)
        if not last.failure and now_s < self._due_at_s(utterance):
            return
        if not utterance.speaking and not utterance.owed:
            utterance.over = True
            return
        how, certain = utterance.judge(last)
        last.given_up_at_s = now_s
        if certain and not last.failure:
            await self._failed(utterance, last, how)
            return
        last.doubt = how
        await self._ask(utterance, others)

    def _due_at_s(self, utterance: Utterance) -> float:
        due_at_s = utterance.due_at_s(len(self._others(utterance)))
        return lateness().judged_at_s(utterance.waits_since_s, due_at_s)

    async def _failed(self, utterance: Utterance, hearing: Hearing, how: Failure) -> None:
        """It is known to have failed with this utterance: another leads from here on."""
        # Who is next is settled first: the same provider on a fresh connection is as good.
        others = self._others(utterance)
        hearing.failure, hearing.given_up_at_s = how, self._clock()
        hearings = [each for each in utterance.hearings if not each.failure and not each.doubt]
        asked = [each.candidate for each in hearings]
        following = (asked or others or [None])[0]
        self._blame(utterance, hearing, how, following)
        if following and hearing.candidate is self.lead:
            await self._lead_with(following)
        if not asked:
            await self._ask(utterance, others)

    async def _ask(self, utterance: Utterance, others: Sequence[Candidate]) -> None:
        if not others:
            await self._nobody_left(utterance)
            return
        if utterance.probe and utterance.probe.candidate is others[0]:
            utterance.probe.candidate.health.probe_ended()
            utterance.hearings.append(utterance.probe)
            utterance.probe = None
        else:
            utterance.ask(others[0], self._clock())
        await self._let_hear()

    def _others(self, utterance: Utterance) -> list[Candidate]:
        """Who was not asked yet, those first that may know."""
        asked = [each.candidate for each in utterance.hearings]
        others = [each for each in by_trust(self._candidates) if each not in asked]
        return sorted(others, key=lambda each: not each.is_up)

    async def _answered(self, utterance: Utterance, hearing: Hearing) -> None:
        """All words are there: they are passed on, and speak against those asked before."""
        utterance.answered, utterance.answer = True, hearing
        self._wordless = 0
        for earlier in utterance.hearings[: utterance.hearings.index(hearing)]:
            if not earlier.failure:
                earlier.failure = earlier.doubt or Failure.SILENT
                self._blame(utterance, earlier, earlier.failure, hearing.candidate)
        owed_since_s = max(utterance.stopped_at_s, hearing.asked_at_s)
        hearing.candidate.answered(lateness().measured_ms(owed_since_s, hearing.final_at_s))
        if hearing.replayed:
            hearing.finals[-1].finalized = True
            await self._lead_with(hearing.candidate)
        for frame in hearing.finals[:-1]:
            frame.finalized = False
        if utterance.finalised_early_at_s is not None:
            # What told it so were the words before.
            hearing.finals[-1].finalized = True
        for frame in hearing.finals:
            await self._outlet.push_frame(frame)

    async def say_what_is_known(self) -> None:
        """Pass on what anybody made of the utterance so far, where nobody answered for it."""
        utterance = self._utterance
        if utterance is None or utterance.answered:
            return
        if best := utterance.best_so_far(self._audio.loudest_dbfs):
            hearing, text = best
            utterance.answered = True
            self._guess = Guess(hearing, self._clock())
            await self._outlet.push_frame(
                TranscriptionFrame(text, "", time_now_iso8601(), finalized=True)
            )

    async def _nobody_left(self, utterance: Utterance) -> None:
        """Nobody gave all the words: half of them are better than none, and noise has none."""
        utterance.over = True
        for hearing in utterance.hearings:
            if hearing.interim and hearing.doubt and not hearing.failure:
                hearing.failure = hearing.doubt
                self._blame(utterance, hearing, hearing.failure, None)
        await self.say_what_is_known()
        if utterance.answered:
            return
        if not utterance.into_bot:
            self._wordless += utterance.speech_s >= _SURELY_WORDS_S
        if self._wordless >= _WORDLESS_AT_MOST or any(h.failure for h in utterance.hearings):
            self._wordless = 0
            await self._outlet.push_error("No recogniser gave words for what the caller said.")

    def _blame(
        self, utterance: Utterance, hearing: Hearing, how: Failure, following: Candidate | None
    ) -> None:
        given_up_at_s = hearing.given_up_at_s or self._clock()
        owed_since_s = max(utterance.stopped_at_s, hearing.asked_at_s)
        cost_ms = 1000 * max(0.0, given_up_at_s - owed_since_s)
        hearing.candidate.failed(how)
        went_to = following.name if following else ""
        self._report(Incident("stt", hearing.candidate.name, how, cost_ms, went_to))

    def _judge_probe(self, utterance: Utterance) -> None:
        probe = utterance.probe
        if probe is None or utterance.speaking:
            return
        if probe.has_words and probe.final_at_s >= utterance.end_of_speech_s:
            after_ms = lateness().measured_ms(utterance.stopped_at_s, probe.final_at_s)
            probe.candidate.answered(after_ms)
        elif self._clock() < _probe_due_at_s(utterance) or not (
            utterance.answered or utterance.over
        ):
            return
        elif utterance.answered:
            probe.candidate.probe_failed(Failure.SILENT)
        else:
            # Nobody heard words: there were none, perhaps.
            probe.candidate.health.probe_ended()
        utterance.probe = None

    async def _lead_with(self, candidate: Candidate) -> None:
        if candidate is self.lead:
            return
        logger.info(f"{candidate.name} hears the caller now, not {self.lead.name}")
        self.lead = candidate
        await self._outlet.lead_changed()

    def _new_utterance(self, stretch: Stretch) -> None:
        self._end_probe()
        self._utterance = Utterance(stretch, into_bot=self.may_be_interrupted)
        self._utterance.ask(self.lead, stretch.began_at_s)
        self._utterance.probe = self._probe_beside()

    def _probe_beside(self) -> Hearing | None:
        """Let one that is preferred and rests hear the utterance too."""
        preferred = self._candidates[: self._candidates.index(self.lead)]
        resting = next((each for each in preferred if each.may_probe()), None)
        return resting and Hearing(resting, self._clock(), replayed=True)

    def leave(self) -> None:
        """The call is over: nothing is owed any more."""
        self._end_probe()
        self._utterance = None

    def _end_probe(self) -> None:
        if self._utterance and self._utterance.probe:
            self._utterance.probe.candidate.health.probe_ended()
            self._utterance.probe = None


def _probe_due_at_s(utterance: Utterance) -> float:
    return lateness().judged_at_s(utterance.stopped_at_s, utterance.probe_due_at_s)


def _as_interim(frame: TranscriptionFrame) -> InterimTranscriptionFrame:
    return InterimTranscriptionFrame(
        frame.text, frame.user_id, frame.timestamp, frame.language, frame.result
    )
