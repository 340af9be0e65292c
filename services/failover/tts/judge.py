"""Whether the audio that a provider gave can be the text that it was given."""

from pipecat.frames.frames import TTSAudioRawFrame

from services.failover.incident import Failure
from services.failover.tts.pitch import Pitch
from services.failover.tts.sound import USUAL_PACE, duration_s, is_audible, shortest_s
from services.failover.tts.speech import Speech
from services.failover.tts.words import Reached

# A voice varies from one sentence to the next by a fifth; another rate is another voice.
_LOWEST_PART, _HIGHEST_PART = 0.55, 1.8
_LOWEST_SURE_PART, _HIGHEST_SURE_PART = 0.75, 1.35
# Nobody leaves a longer silence inside of a speech.
_LONGEST_PAUSE_S = 1.5
# A word of which this much was heard may be all of it.
_MOST_OF_A_WORD = 0.75
_SLOWEST_PACE = 3.0
_PACE_VARIES = 2.0
# Between the times of the words and the length of the audio.
_TIMES_VARY = 1.25
_STARTS_VARY = 1.1
_LONGEST_LAST_WORD_S = 1.5


class Judge:
    """Weighs the audio of one provider against the words it was asked for.

    Parameters:
        speech: The speech.
        reached: How far the provider's audio reaches in it.
        pace: Letters a second at which the provider speaks, None if nobody knows yet.
        pitch_hz: The pitch of the provider's voice, None if nobody knows yet.

    Attributes:
        pitch: The pitch of what has come.
    """

    def __init__(
        self,
        speech: Speech,
        reached: Reached,
        *,
        pace: float | None,
        pitch_hz: float | None = None,
    ) -> None:
        self.pitch = Pitch()
        self._usual_hz = pitch_hz
        self._speech = speech
        self._reached = reached
        self._pace = pace or USUAL_PACE
        self._measured_pace = pace
        self._sounded_s = 0.0
        self._silent_s = 0.0

    @property
    def sounded_s(self) -> float:
        """Seconds from the first audible sample to the last, roughly."""
        return self._sounded_s

    def audio(self, frame: TTSAudioRawFrame) -> None:
        """Audio came."""
        self._silent_s += duration_s(frame)
        if not is_audible(frame):
            return
        if not self._usual_voice():
            self.pitch.hear(frame.audio, frame.sample_rate)
        self._sounded_s += self._silent_s
        self._silent_s = 0.0

    def first_sentence_owed(self) -> int | None:
        """The first sentence of which there is surely more to come, or None."""
        reached = max(self._reached.out(), self._reached.likely(_MOST_OF_A_WORD))
        for number, end in enumerate(self._speech.ends):
            if end > max(reached, self._reached.first):
                return number
        return None

    def between_sentences(self) -> bool:
        """Whether the provider may well have nothing to give but the begin of a sentence."""
        reached = self._reached
        return reached.between_sentences or reached.known in self._speech.ends

    def of_flow(self) -> Failure | None:
        """What is wrong with what has come so far, if anything surely is."""
        if self._silent_s > _LONGEST_PAUSE_S and self.first_sentence_owed() is not None:
            return Failure.STALLED
        return Failure.NONSENSE if self._too_slow() or self._another_voice() else None

    def of_part(self) -> Failure:
        """What is wrong with audio that is too short for a part of the text."""
        return Failure.CUT if self._sounded_s else Failure.EMPTY

    def of_whole(self) -> Failure | None:
        """What is wrong with audio that the provider takes for all of the text."""
        if not self._sounded_s:
            return Failure.EMPTY if self._speech.length(self._reached.first) else None
        if self._too_slow() or self._too_fast() or self._another_voice():
            return Failure.NONSENSE
        return Failure.CUT if self._too_short() else None

    def _another_voice(self) -> bool:
        """Whether it is played at another rate than it was made for."""
        return self._part is not None and not _LOWEST_PART < self._part < _HIGHEST_PART

    def _usual_voice(self) -> bool:
        """Whether it surely is not."""
        return self._part is not None and _LOWEST_SURE_PART < self._part < _HIGHEST_SURE_PART

    @property
    def _part(self) -> float | None:
        """The pitch, as a part of the usual one; None until both are known."""
        pitch_hz = self.pitch.hz
        return pitch_hz / self._usual_hz if pitch_hz and self._usual_hz else None

    def _too_slow(self) -> bool:
        words = self._speech.words
        given = self._speech.length(self._reached.first)
        slowest = max(_SLOWEST_PACE, (self._measured_pace or 0.0) / _PACE_VARIES)
        if self._sounded_s > given / slowest + _LONGEST_LAST_WORD_S:
            return True
        if self._reached.known < len(words) or not self._reached.last_start_s:
            return False
        said_by_s = self._reached.last_start_s + words[-1].length / self._pace
        return self._sounded_s > said_by_s * _TIMES_VARY + _LONGEST_LAST_WORD_S

    def _too_fast(self) -> bool:
        """Whether the words take longer than the audio, as at a rate taken for another."""
        words, heard_s = self._speech.words, self._reached.heard_s
        if self._reached.known < len(words) or heard_s <= 0:
            return False
        begins_s = self._reached.last_start_s
        ends_s = begins_s + words[-1].length / self._pace
        return begins_s > heard_s * _STARTS_VARY or ends_s > heard_s * _TIMES_VARY

    def _too_short(self) -> bool:
        reached = self._reached
        if reached.known > reached.first:
            left, audio_s = self._speech.length(reached.known - 1), reached.since_sure_s
        else:
            left, audio_s = self._speech.length(reached.first), self._sounded_s
        return audio_s < shortest_s(left, self._measured_pace)
