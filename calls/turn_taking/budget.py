"""How often the model may be asked in vain."""

from dataclasses import dataclass

_CAP = 2.0
_AMPLE = 1.5


@dataclass
class Budget:
    """Bounds the answers that are asked for ahead of a turn's end and then thrown away.

    Of `n` turns no more than `2 + per_turn * n` are wasted, whatever the caller does.

    Parameters:
        per_turn: What each turn of the caller adds.
    """

    per_turn: float = 0.5
    credit: float = _CAP

    @property
    def allows(self) -> bool:
        """Whether one more may be wasted."""
        return self.credit >= 1.0

    @property
    def ample(self) -> bool:
        """Whether what was wasted has nearly been made up for."""
        return self.credit >= _AMPLE

    def asked(self) -> None:
        """An answer was asked for, perhaps in vain."""
        self.credit -= 1.0

    def kept(self) -> None:
        """It was not in vain."""
        self.credit += 1.0

    def turn_over(self) -> None:
        """The caller's turn has ended."""
        self.credit = min(_CAP, self.credit + self.per_turn)
