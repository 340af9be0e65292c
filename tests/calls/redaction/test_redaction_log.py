"""What the log holds of a call."""

import sys
from collections.abc import Iterator

import pytest
from logged import logged_by
from loguru import logger

from calls.redaction import Policy, Redactor
from calls.redaction.log import redact_log

CARD = "4111 1111 1111 1111"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    written: list[str] = []
    logger.remove()
    logger.configure(patcher=redact_log)
    logger.add(written.append, level=0, format="{message} {extra}", backtrace=False, diagnose=False)
    yield written
    logger.remove()
    logger.configure(patcher=lambda _: None)
    logger.add(sys.__stderr__)  # type: ignore[arg-type]


def of_call(policy: Policy = "redacted"):
    return logger.contextualize(call="a-call", redactor=Redactor(policy))


def log(level: str, message: str, module: str = "pipecat.services.tts_service") -> None:
    logged_by(module, level, message)


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            "CartesiaTTSService#0: Generating TTS [hello]",
            "CartesiaTTSService#0: Generating TTS […]",
        ),
        (
            "LLM#0: Generating chat from context [{'a': 1}]",
            "LLM#0: Generating chat from context […]",
        ),
        ("Transcription: hello", "Transcription[…]"),
        ("TTS request: 3f2a - hello", "TTS request[…]"),
        ("LLM#0 TTFB: 0.2333118438720703s", "LLM#0 TTFB: 0.2333118438720703s"),
        ("Linking A#0 -> B#1", "Linking A#0 -> B#1"),
    ],
)
def test_what_pipecat_does_is_logged_without_the_words(
    message: str, kept: str, lines: list[str]
) -> None:
    with of_call():
        log("DEBUG", message)
    assert lines == [f"{kept} {{'call': 'a-call'}}\n"]


def test_warning_keeps_its_words_but_for_what_is_redacted(lines: list[str]) -> None:
    with of_call():
        log("WARNING", f"Failed to parse function call arguments: {CARD} of john@example.com")
    assert lines[0].startswith("Failed to parse function call arguments: [card] of [email] ")


def test_half_a_birthday_that_somebody_quotes_is_redacted(lines: list[str]) -> None:
    with of_call():
        log("ERROR", 'Invalid prompt: "my date of birth is February the second"')
    assert "February" not in lines[0]


@pytest.mark.parametrize(
    "piece", ["is February the second.", "February the second", "on the 2nd of Feb", "feb 2"]
)
def test_half_a_birthday_without_the_words_that_say_so_is_redacted(
    piece: str, lines: list[str]
) -> None:
    """A voice is asked for a sentence in pieces, and its error quotes one of them."""
    with of_call():
        log("ERROR", f"Invalid transcript: {piece}")
    assert "eb" not in lines[0]


@pytest.mark.parametrize(
    ("given", "piece", "kept"),
    [
        ("send it to sky at maple dot com", "to sky at", "to [email]"),
        ("send it to sky at maple dot com", "maple dot", "[email]"),
        ("my number is (478) 521 9169", "is (478)", "is ([phone])"),
        ("i was born on May the fifth sixty nine", "sixty nine. Go", "[date of birth]. Go"),
        ("send it to sky at maple dot com", "the maple in the sky", "the maple in the sky"),
    ],
)
def test_piece_of_what_was_redacted_is_redacted_wherever_it_is_quoted(
    given: str, piece: str, kept: str, lines: list[str]
) -> None:
    redactor = Redactor("redacted")
    with logger.contextualize(redactor=redactor):
        log("ERROR", f"Refused: {piece}")
        redactor.text("caller", given)
        log("ERROR", f"Refused: {piece}")
    assert lines == [f"Refused: {piece} {{}}\n", f"Refused: {kept} {{}}\n"]


def test_exception_is_logged_without_what_it_quotes(lines: list[str]) -> None:
    card, address = f"no such card: {CARD}", "john@example.com"
    with of_call():
        try:
            try:
                raise ValueError(card)
            except ValueError as error:
                raise RuntimeError(address) from error
        except RuntimeError:
            logger.exception("It failed")
    assert CARD not in "".join(lines)
    assert address not in "".join(lines)
    assert "ValueError: no such card: [card]" in lines[0]
    assert "RuntimeError: [email]" in lines[0]
    assert 'File "' in lines[0]


def test_exception_that_quotes_nothing_is_logged_as_ever(lines: list[str]) -> None:
    with of_call():
        try:
            raise ValueError("nothing to see")
        except ValueError:
            logger.exception("It failed")
    assert lines[0].rstrip().endswith("ValueError: nothing to see")


def test_bot_that_keeps_everything_logs_everything(lines: list[str]) -> None:
    with of_call("everything"):
        log("DEBUG", f"Transcription: {CARD}")
    assert CARD in lines[0]


def test_metadata_only_logs_no_words(lines: list[str]) -> None:
    with of_call("metadata only"):
        log("ERROR", "LLM#0: it failed on 'hello there'")
        logger.warning("nothing for BoundReached(text='one moment')")
        try:
            raise ValueError("hello there")
        except ValueError:
            logger.exception("It failed")
    text = "".join(lines)
    assert "hello" not in text.replace('ValueError("hello there")', "")
    assert "one moment" not in text
    assert "LLM#0: it failed on […]" in text


def test_line_of_the_server_is_left_alone(lines: list[str]) -> None:
    log("INFO", "listening on http://127.0.0.1:7860, pid 4711", "server.serve")
    assert lines == ["listening on http://127.0.0.1:7860, pid 4711 {}\n"]


def test_library_outside_of_a_call_is_redacted(lines: list[str]) -> None:
    log("WARNING", f"refused: {CARD}", "websockets")
    assert lines == ["refused: [card] {}\n"]


def test_conversation_in_a_warning_is_cut_short(lines: list[str]) -> None:
    with of_call():
        log("WARNING", "words " * 2000)
    assert len(lines[0]) < 2100
    assert "[and 10000 characters]" in lines[0]


def test_address_of_the_process_is_no_telephone_number(lines: list[str]) -> None:
    error = "[Errno 98] error while attempting to bind on address ('127.0.0.1', 7860)"
    log("ERROR", error, "uvicorn.error")
    assert lines == [f"{error} {{}}\n"]
