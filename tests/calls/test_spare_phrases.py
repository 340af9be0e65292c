"""The phrases for when nothing else speaks, made by the embedded voice."""

from dataclasses import replace

import numpy as np
import pytest

from calls.silence import in_own_voice
from calls.spare_phrases import ENGLISH, SparePhrases
from processors.silence.phrases import SparePhrase, Step
from processors.silence.playout import AUDIBLE_LEVEL
from services.embedded import espeak

FEW = replace(ENGLISH, listening=(), moment=("One moment.", "Just a second."), goodbye=())


def first_audible_ms(phrase: SparePhrase) -> float:
    samples = np.abs(np.frombuffer(phrase.audio, np.int16).astype(np.int32))
    return 1000 * int(np.flatnonzero(samples >= AUDIBLE_LEVEL)[0]) / phrase.sample_rate_hz


def seconds(phrase: SparePhrase) -> float:
    return len(phrase.audio) / 2 / phrase.sample_rate_hz


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
async def test_every_phrase_is_there_at_the_rate_of_the_channel_and_starts_at_once(
    rate_hz: int,
) -> None:
    phrases = SparePhrases()
    await phrases.make(ENGLISH, rate_hz)

    made = phrases.of(ENGLISH, rate_hz)

    assert {phrase.step for phrase in made} == set(Step)
    assert [p.text for p in made] == [t for texts in ENGLISH.by_step().values() for t in texts]
    assert {phrase.sample_rate_hz for phrase in made} == {rate_hz}
    assert max(map(first_audible_ms, made)) < 60
    assert all(0.5 < seconds(phrase) < 8 for phrase in made)


async def test_a_phrase_lasts_as_long_on_the_phone_as_on_the_web() -> None:
    phrases = SparePhrases()
    await phrases.make(FEW, 8_000)
    await phrases.make(FEW, 24_000)

    phone, web = phrases.of(FEW, 8_000), phrases.of(FEW, 24_000)

    assert [seconds(p) for p in phone] == pytest.approx([seconds(p) for p in web], abs=0.03)


async def test_calls_share_what_was_made_before(monkeypatch: pytest.MonkeyPatch) -> None:
    phrases = SparePhrases()
    await phrases.make(FEW, 8_000)
    monkeypatch.setattr(espeak, "speak", lambda *_: pytest.fail("spoken again"))

    await phrases.make(FEW, 8_000)

    assert len(phrases.of(FEW, 8_000)) == 5


async def test_nothing_is_there_for_a_rate_that_was_not_made() -> None:
    phrases = SparePhrases()
    await phrases.make(FEW, 8_000)

    assert phrases.of(FEW, 24_000) == []


async def test_a_bot_has_its_own_greeting_and_its_own_words() -> None:
    words = replace(FEW, ask_again=("Wie bitte?",), voice="de").greeting_with("Guten Tag.")
    phrases = SparePhrases()
    await phrases.make(words, 8_000)

    texts = {phrase.step: phrase.text for phrase in phrases.of(words, 8_000)}

    assert texts[Step.WELCOME] == "Guten Tag."
    assert texts[Step.ASK_AGAIN] == "Wie bitte?"


def test_a_bot_without_a_greeting_keeps_the_plain_one() -> None:
    assert ENGLISH.greeting_with(" ").welcome == ENGLISH.welcome


async def test_another_voice_takes_the_place_of_the_embedded_one() -> None:
    phrases = SparePhrases()
    phrases.put("One moment.", 8_000, b"\x00\x20" * 800, voice=FEW.voice)
    await phrases.make(FEW, 8_000)

    audio = {phrase.text: phrase.audio for phrase in phrases.of(FEW, 8_000)}

    assert audio["One moment."] == b"\x00\x20" * 800
    assert len(audio["Just a second."]) > 8_000


async def test_without_the_engine_there_are_no_phrases_and_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> bytes:
        raise espeak.EspeakError("The library is missing.")

    monkeypatch.setattr(espeak, "speak", missing)
    phrases = SparePhrases()

    await phrases.make(ENGLISH, 8_000)

    assert phrases.of(ENGLISH, 8_000) == []


async def test_a_phrase_that_the_bots_own_voice_has_said_is_not_said_in_another() -> None:
    phrases = SparePhrases()
    await phrases.make(FEW, 8_000)
    own = {"One moment.": b"own"}

    made = in_own_voice(phrases.of(FEW, 8_000), own.get)

    assert [p.text for p in made if p.audio == b"own"] == ["One moment."]
    assert [replace(p, audio=b"") for p in made] == [
        replace(p, audio=b"") for p in phrases.of(FEW, 8_000)
    ]
