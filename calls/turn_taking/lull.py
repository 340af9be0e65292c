"""A silence that the detector of voices does not yet call one."""

from dataclasses import dataclass

from calls.turn_taking.pause import Pause

# So sure the model of turns will not be any surer after more silence.
_SURELY_DONE = 0.6


@dataclass
class Lull:
    """A silence in which the model of turns may be asked before the detector is sure of it.

    Attributes:
        began_at_s: On the loop's clock.
        probability: How sure the model of turns is that the caller is done; None: not known yet.
        pending: Whether the model looks at it now.
        unanswered: Whether it did not look when asked: it was at work for somebody else.
        failed: Whether there is no use in asking it again.
        ordered: The words that the recogniser was told to make final; "" none.
    """

    began_at_s: float
    probability: float | None = None
    pending: bool = False
    unanswered: bool = False
    failed: bool = False
    ordered: str = ""

    @property
    def unweighed(self) -> bool:
        """Whether the model neither has looked at it nor does now, and may be asked."""
        return self.probability is None and not self.pending and not self.failed

    def judge(self, pause: Pause) -> None:
        """Where the model was sure of it, it need not be asked again about the pause it became."""
        if (self.probability or 0.0) >= _SURELY_DONE:
            pause.probability = self.probability
            pause.judged = pause.complete = True
