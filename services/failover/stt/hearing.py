"""What one recogniser made of one utterance."""

from dataclasses import dataclass, field

from pipecat.frames.frames import InterimTranscriptionFrame, TranscriptionFrame

from services.failover.incident import Failure
from services.failover.stt.candidate import Candidate

# A recogniser that hears everything at once gives its words in one go, a piece after the other.
_PIECES_WITHIN_S = 0.3


@dataclass(eq=False)
class Hearing:
    """One recogniser's words for one utterance, until they are passed on.

    Parameters:
        candidate: Who hears.
        asked_at_s: From when on.
        replayed: Whether it was given the beginning of the utterance afterwards.
        finals: The words that it stands by.
        interim: What it made of the rest so far.
        doubt: How it seems to have failed. Noise has no words either: another must tell.
        failure: How it did fail.
        given_up_at_s: When another was asked.
    """

    candidate: Candidate
    asked_at_s: float
    replayed: bool = False
    finals: list[TranscriptionFrame] = field(default_factory=list)
    interim: InterimTranscriptionFrame | None = None
    doubt: Failure | None = None
    failure: Failure | None = None
    given_up_at_s: float | None = None
    empty: bool = False
    """Whether its last word was that there were none."""
    final_at_s: float = 0.0
    sign_at_s: float = 0.0

    def add(self, frame: TranscriptionFrame | InterimTranscriptionFrame, now_s: float) -> None:
        """It said something."""
        self.sign_at_s = now_s
        if isinstance(frame, InterimTranscriptionFrame):
            self.candidate.gives_interims = True
            self.interim = frame if frame.text.strip() else None
            return
        words = frame.text.strip()
        if words:
            self.finals.append(frame)
        self.empty = not self.finals
        if self.finals:
            # A blank one after words says that there were no others.
            self.interim = None
            self.final_at_s = now_s

    @property
    def has_words(self) -> bool:
        return bool(self.finals)

    def whole_at_s(self, end_of_speech_s: float, pauses: int) -> float | None:
        """When its words are all there, if nothing more comes. None: words are missing.

        Args:
            end_of_speech_s: When the caller had said the last word.
            pauses: How often the caller paused before that. Who hears it all at once may
                answer for each piece.
        """
        if not self.finals or self.interim or self.failure:
            return None
        if self.final_at_s < end_of_speech_s:
            # Words that came before the last one was said do not hold it.
            settled_s = end_of_speech_s + self.candidate.finals_within_s
            return settled_s if self.candidate.confirmed else None
        if self._may_go_on(pauses):
            return self.final_at_s + _PIECES_WITHIN_S
        return self.final_at_s

    def _may_go_on(self, pauses: int) -> bool:
        if self.finals[-1].finalized:
            return self.replayed and len(self.finals) <= pauses
        return self.replayed or self.candidate.owes_confirmation

    def text_so_far(self, *, sure: bool) -> str:
        """All it made of the utterance, or only what it stands by."""
        pieces: list[TranscriptionFrame | InterimTranscriptionFrame] = [*self.finals]
        if self.interim and not sure:
            pieces.append(self.interim)
        return " ".join(piece.text.strip() for piece in pieces)
