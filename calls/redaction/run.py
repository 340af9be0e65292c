"""Groups of digits that are read one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calls.redaction.group import Group
from calls.redaction.token import Token
from services.embedded.spoken_numbers import HESITATIONS, HOMOPHONES

# Said between the digits of one number by somebody who reads it out.
_PAUSES = HESITATIONS | frozenset(
    "dash hyphen minus comma space slash stroke underscore star hash pause".split()
)
_GLUE = (
    _PAUSES
    | frozenset(HOMOPHONES)
    | frozenset(
        "a after again and are by dot first followed for here hold i in is it it's last let me next"
        " no now of ok okay on plus point please right second see so sorry that that's the then"
        " these third fourth third group four are wait yeah yes you digit digits number".split()
    )
)
_LONGEST_GLUE = 4
# As many digits as a short telephone number: pieces that add up to it are one number.
_A_NUMBER = 7


@dataclass(frozen=True, slots=True)
class Run:
    """Digits without another word in between.

    Attributes:
        first: Index of its first token.
        last: Index after its last token.
        groups: What it is made of.
    """

    first: int
    last: int
    groups: tuple[Group, ...]

    @property
    def digits(self) -> str:
        return "".join(group.digits for group in self.groups)


def runs_of(tokens: Sequence[Token], groups: Sequence[Group]) -> list[Run]:
    """The runs of a text, each as long as it can be."""
    tight = _joined([Run(g.first, g.last, (g,)) for g in groups], tokens, _is_pause)
    chains = _joined(tight, tokens, _is_glue)
    runs: list[Run] = []
    for chain in chains:
        if len(chain.digits) >= _A_NUMBER:
            runs.append(chain)
        else:
            runs += [run for run in tight if chain.first <= run.first and run.last <= chain.last]
    return runs


def _joined(
    runs: Sequence[Run], tokens: Sequence[Token], joins: Callable[[Sequence[Token]], bool]
) -> list[Run]:
    whole: list[Run] = []
    for run in runs:
        if whole and joins(tokens[whole[-1].last : run.first]):
            whole[-1] = Run(whole[-1].first, run.last, (*whole[-1].groups, *run.groups))
        else:
            whole.append(run)
    return whole


def _is_pause(between: Sequence[Token]) -> bool:
    letters = [token for token in between if token.text not in _PAUSES]
    # "C zero one X zero": letters of one id.
    return len(letters) <= 1 and all(len(token.text) == 1 for token in letters)


def _is_glue(between: Sequence[Token]) -> bool:
    return len(between) <= _LONGEST_GLUE and all(token.text in _GLUE for token in between)
