"""Whether the bot says that it cannot help.

Few phrases, and plain ones: what a bot cannot do for a caller is counted too rarely rather than
too often. A tool that knows better says so itself (`Call.could_not_help`).
"""

import re

_PHRASES = re.compile(
    "|".join(
        (
            r"\bi (?:can|could) only (?:help|assist)\b",
            r"\bi(?:'m| am)? (?:sorry,? )?(?:but )?(?:i )?"
            r"(?:can(?:no|')t|am not able to|am unable to|'m not able to|'m unable to) "
            r"(?:help|assist)(?: you)?(?: with (?:that|this|it)\b|[.,!]|$)",
            r"\b(?:that|this) is (?:not something|nothing) (?:that )?i can (?:help|do|assist)\b",
            r"\b(?:that|this) is something (?:that )?i can(?:no|')t (?:help|do|assist)\b",
            r"\bi(?:'m| am) (?:not able|unable) to (?:help|assist)(?: you)?"
            r"(?: with (?:that|this|it)\b|[.,!]|$)",
            r"\bi don't know how to (?:help|do) (?:with )?(?:that|this)\b",
            r"\bi(?:'m| am) not able to do (?:that|this)\b",
        )
    )
)


def says_it_cannot_help(text: str) -> bool:
    """Whether these words of the bot turn a request down because it is none of its own."""
    return bool(_PHRASES.search(" ".join(text.lower().replace("’", "'").split())))
