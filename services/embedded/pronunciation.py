"""How words sound: the recogniser's dictionary, and a guess by spelling for what it lacks."""

from __future__ import annotations

from pathlib import Path

import pocketsphinx

_SOUNDS = (
    *(("tion", "SH AH N"), ("sion", "ZH AH N"), ("igh", "AY"), ("tch", "CH"), ("dge", "JH")),
    *(("ough", "OW"), ("ch", "CH"), ("sh", "SH"), ("th", "TH"), ("ph", "F"), ("wh", "W")),
    *(("ck", "K"), ("ng", "NG"), ("qu", "K W"), ("kn", "N"), ("wr", "R"), ("oo", "UW")),
    *(("ee", "IY"), ("ea", "IY"), ("ai", "EY"), ("ay", "EY"), ("oa", "OW"), ("ow", "OW")),
    *(("ou", "AW"), ("oi", "OY"), ("oy", "OY"), ("au", "AO"), ("aw", "AO"), ("er", "ER")),
    *(("ir", "ER"), ("ur", "ER"), ("ar", "AA R"), ("or", "AO R"), ("ce", "S"), ("ci", "S IH")),
    *(("ge", "JH"), ("bb", "B"), ("dd", "D"), ("ff", "F"), ("gg", "G"), ("ll", "L")),
    *(("mm", "M"), ("nn", "N"), ("pp", "P"), ("rr", "R"), ("ss", "S"), ("tt", "T")),
    *(("a", "AE"), ("b", "B"), ("c", "K"), ("d", "D"), ("e", "EH"), ("f", "F"), ("g", "G")),
    *(("h", "HH"), ("i", "IH"), ("j", "JH"), ("k", "K"), ("l", "L"), ("m", "M"), ("n", "N")),
    *(("o", "AA"), ("p", "P"), ("q", "K"), ("r", "R"), ("s", "S"), ("t", "T"), ("u", "AH")),
    *(("v", "V"), ("w", "W"), ("x", "K S"), ("y", "IY"), ("z", "Z")),
)


def pronunciation_by_spelling(word: str) -> str:
    """A plausible pronunciation for a word the dictionary lacks, "" when it has no letters."""
    silent_e = len(word) > 3 and word.endswith("e") and not word.endswith(("ee", "ce", "ge"))
    rest, sounds = word[:-1] if silent_e else word, []
    while rest:
        spelling, sound = next(
            (pair for pair in _SOUNDS if rest.startswith(pair[0])), (rest[0], "")
        )
        if sound:
            sounds.append(sound)
        rest = rest[len(spelling) :]
    return " ".join(sounds)


def pronunciations() -> dict[str, list[str]]:
    """Every word of the dictionary with its pronunciations, the usual one first."""
    sounds: dict[str, list[str]] = {}
    path = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, phones = line.partition(" ")
        sounds.setdefault(word.partition("(")[0], []).append(phones.strip())
    return sounds
