"""No secret is found in what is kept of a call, however it is given."""

import random
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from byte_search import Content, is_found
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from logged import logged_by
from loguru import logger
from secrets_said import ASKED, GO_ON, Secret, secret
from spellings import births, emails, numbers

from calls.redaction import Redactor, SpokenWord
from calls.redaction.log import redact_log

TODAY = date(2026, 11, 21)
PIPECAT = "pipecat.services.llm_service"
KINDS = ("card", "phone", "email", "born")
SMALL_TALK = ("where is my order", "hello there", "one moment please", "i have a question")


@pytest.fixture(autouse=True, scope="module")
def log() -> Iterator[list[str]]:
    """The lines that reach the log."""
    lines: list[str] = []
    logger.remove()
    logger.configure(patcher=redact_log)
    logger.add(lines.append, level=0, format="{message}", backtrace=False, diagnose=False)
    yield lines
    logger.remove()
    logger.configure(patcher=lambda _: None)
    logger.add(sys.__stderr__)  # type: ignore[arg-type]


def kept_of(one: Secret, rng: random.Random, log: list[str]) -> dict[str, list[Any]]:
    """A call in which the caller gives the secret, by where it is kept."""
    redactor = Redactor("redacted", today=lambda: TODAY)
    kept: dict[str, list[Any]] = defaultdict(list)
    log.clear()

    def bot(text: str) -> None:
        kept["heard"].append(redactor.facts("heard", {"who": "bot", "text": text}))

    with logger.contextualize(call="a-call", redactor=redactor):
        if rng.random() < 0.3:
            kept["heard"].append(redactor.text("caller", rng.choice(SMALL_TALK)))
        if rng.random() < 0.5:
            bot(ASKED[one.kind])
        for turn in one.turns:
            logged_by(PIPECAT, "DEBUG", f"Transcription: {turn}")
            kept["ahead"].append(redactor.facts("asked_ahead", {"words": turn}))
            kept["heard"].append(redactor.facts("heard", {"who": "caller", "text": turn}))
            kept["sound"].append(redactor.facts("sound", {"text": turn, "held_s": 0.25}))
            kept["turn"].append(redactor.facts("turn", {"turn": 1, "said": turn}))
            kept["tool"].append(
                redactor.facts(
                    "tool",
                    {"name": "note", "arguments": {"value": turn}, "result": [{"say": turn}]},
                )
            )
            context = [{"role": "user", "content": turn}]
            logged_by(PIPECAT, "DEBUG", f"LLM#0: Generating chat from context {context}")
            bot(rng.choice(GO_ON) if rng.random() < 0.7 else turn)
        whole = " ".join(one.turns)
        kept["whole"].append(redactor.facts("unheard", {"text": f"So it is {whole}, right?"}))
        logger.error(f"no note of {whole}")
        logged_by(PIPECAT, "ERROR", f"tool failed: {whole!r}")
        try:
            raise ValueError(f"cannot use {whole}")
        except ValueError:
            logger.exception("A tool failed")
    kept["log"] = [*log]
    return kept


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=250, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**9))
def test_secret_is_not_found_in_what_is_kept(kind: str, seed: int, log: list[str]) -> None:
    one = secret(seed, kind, TODAY)
    kept = kept_of(one, random.Random(seed), log)
    for where, each in kept.items():
        assert not is_found(one, each, in_parts=where != "log"), (where, one, each)
    assert not is_found(one, [*kept.values()], in_parts=False)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**9), data=st.data())
def test_piece_of_a_secret_that_a_voice_refuses_is_not_found_in_the_log(
    kind: str, seed: int, data: st.DataObject, log: list[str]
) -> None:
    """A voice is asked for a sentence piece by piece, wherever it is cut."""
    one, redactor = secret(seed, kind, TODAY), Redactor("redacted", today=lambda: TODAY)
    # Of a number that is given in several turns the first two digits may be seen.
    assume(len(one.turns) == 1 or kind in ("email", "born"))
    log.clear()
    for turn in one.turns:
        redactor.text("caller", turn)
        words = f"So it is {turn}, right?".split()
        cut = data.draw(st.integers(1, len(words) - 1))
        with logger.contextualize(redactor=redactor):
            for piece in (words[:cut], words[cut:]):
                logged_by(PIPECAT, "ERROR", f"Invalid transcript: {' '.join(piece)}.")
    assert not [line for line in log if Content.of(line.encode()).hold(one)]


@pytest.mark.parametrize("kind", KINDS)
def test_search_finds_what_is_not_redacted(kind: str) -> None:
    """The search itself is not blind."""
    found = [
        is_found(one, [Redactor("everything").text("caller", turn) for turn in one.turns])
        for one in (secret(seed, kind, TODAY) for seed in range(200))
    ]
    assert sum(found) >= 199


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**9))
def test_words_of_a_secret_are_silenced_in_the_recording(kind: str, seed: int) -> None:
    one = secret(seed, kind, TODAY)
    redactor = Redactor("redacted", today=lambda: TODAY)
    audible = []
    for turn in one.turns:
        words = [SpokenWord(word, at, at + 1) for at, word in enumerate(turn.split())]
        silent = {
            at for span in redactor.spans("caller", words) for at in range(span.first, span.last)
        }
        audible.append(" ".join(word.text for at, word in enumerate(words) if at not in silent))
    assert not is_found(one, audible), audible


@pytest.mark.parametrize(
    ("kind", "secrets"),
    [
        ("card", numbers("card")),
        ("phone", numbers("phone")),
        ("email", emails()),
        ("born", births()),
    ],
)
@settings(max_examples=250, deadline=None, derandomize=True)
@given(data=st.data())
def test_secret_is_not_found_however_it_is_spelled(
    kind: str, secrets: st.SearchStrategy[Secret], data: st.DataObject
) -> None:
    one, redactor = data.draw(secrets), Redactor("redacted", today=lambda: TODAY)
    if data.draw(st.booleans()):
        redactor.text("bot", ASKED[kind])
    kept = [redactor.text("caller", turn) for turn in one.turns]
    assert not is_found(one, kept), kept
    assert not is_found(one, map(_in_ascii, kept)), kept
    # The search is not blind.
    assert is_found(one, map(_in_ascii, one.turns))


def _in_ascii(text: str) -> str:
    digits = (str(unicodedata.digit(each, each)) for each in text)
    return unicodedata.normalize("NFKC", "".join(digits))
