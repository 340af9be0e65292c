"""What is kept of a call's words."""

from typing import Literal, get_args

Policy = Literal["everything", "redacted", "metadata only"]

POLICIES: tuple[Policy, ...] = get_args(Policy)

# An operator who sets nothing can still read every call, and holds nobody's card or birthday.
DEFAULT_POLICY: Policy = "redacted"


def policy_of(name: str) -> Policy:
    """The policy of that name.

    Raises:
        ValueError: There is none; says which there are.
    """
    for policy in POLICIES:
        if policy == name:
            return policy
    raise ValueError(f"keeps={name!r} is no policy; it is one of {', '.join(POLICIES)}.")
