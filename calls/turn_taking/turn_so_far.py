"""What is known of the caller's turn so far: the words, and the silence behind them."""

from collections.abc import Callable

from pipecat.frames.frames import InputAudioRawFrame, InterimTranscriptionFrame, TranscriptionFrame

from calls.turn_taking.lull import Lull
from calls.turn_taking.patience import Patience, patience
from calls.turn_taking.pause import Pause
from calls.turn_taking.pauses import Pauses
from calls.turn_taking.quiet import Quiet, Voice
from calls.turn_taking.words import Heard


class TurnSoFar:
    """Takes down what the caller does, and decides nothing. Times are on the loop's clock.

    Parameters:
        voice: The detector of the caller's voice.
        pauses: How this caller pauses.
        question: What the bot said last.

    Attributes:
        open: Whether the caller is in a turn.
        speaking: Whether the detector hears a voice.
        heard: The words.
        quiet: How quiet the caller is.
        pause: The silence since speech ended; None: there is none yet.
        lull: A silence that the detector is not yet sure of; None: there is none.
        before_pause: The lull that a pause has come of; None: there was none.
    """

    def __init__(self, voice: Voice | None, pauses: Pauses, question: Callable[[], str]) -> None:
        self.open = self.speaking = False
        self.heard = Heard()
        self.quiet = Quiet(voice)
        self.pause: Pause | None = None
        self.lull: Lull | None = None
        self.before_pause: Lull | None = None
        self._pauses = pauses
        self._question = question
        self._reopened_after: Pause | None = None
        self._last_pause: Pause | None = None

    @property
    def patience(self) -> Patience:
        """How long to wait for more, by what was said so far."""
        return patience(self.heard.text, self._question(), self._pauses)

    def has_all_words(self, now_s: float) -> bool:
        """Whether those that were said before the lull have come, as far as one can know."""
        lull, changed_at_s = self.lull, self.heard.changed_at_s
        return lull is None or self.quiet.has_all_words(lull, changed_at_s, now_s)

    def begins(self) -> None:
        """The caller's turn has begun."""
        self.open = True
        self._forget()

    def goes_on_with(self, carried: str) -> None:
        """The turn that has begun is the last one, and this was said in it."""
        self.heard = Heard(carried)
        self._reopened_after = self._last_pause

    def ends(self) -> None:
        """The caller's turn is over."""
        self.open = False
        if self.pause and not self.pause.unheard and self.heard.text:
            self.quiet.last_words_came(self.heard.changed_at_s)
        self._last_pause = self.pause
        self._forget()

    def hear(self, frame: InputAudioRawFrame, now_s: float) -> None:
        """The next audio of the caller."""
        self.quiet.hear(frame)
        if self.pause:
            self.pause.add(frame.num_frames / frame.sample_rate)
        elif self.speaking and (quiet_s := self.quiet.of_a_voice_s) > 0:
            self.lull = self.lull or Lull(now_s - quiet_s)
        else:
            self.lull = None

    def understand(
        self, frame: InterimTranscriptionFrame | TranscriptionFrame, now_s: float
    ) -> None:
        """The recogniser has words."""
        if isinstance(frame, TranscriptionFrame):
            self.heard.add_final(frame, now_s)
        else:
            self.heard.add_interim(frame, now_s)
        # Where somebody was understood whom the detector did not hear, words end the speech.
        if not self.speaking and (self.pause is None or self.pause.unheard):
            self.pause = Pause.unheard_speech(now_s)

    def voice_began(self, at_s: float) -> None:
        """The detector hears a voice."""
        if before := self.pause or self._reopened_after:
            self._pauses.add(before.lasted_s(at_s))
        self.speaking = True
        self.pause = self._reopened_after = None
        self.heard.goes_on()

    def voice_ended(self, quiet_s: float, now_s: float) -> Pause | None:
        """The detector has heard no voice for so long.

        Returns:
            The silence, if the caller is in a turn.
        """
        self.speaking = False
        if not self.open:
            return None
        pause = self.pause = Pause(now_s - quiet_s, quiet_s)
        lull, self.lull = self.lull, None
        self.quiet.began_at_s = lull.began_at_s if lull else pause.began_at_s
        self.before_pause = lull
        if lull:
            lull.judge(pause)
        return pause

    def _forget(self) -> None:
        self.heard = Heard()
        self.pause = None
