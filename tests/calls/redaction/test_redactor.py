"""What is kept of words, one by one and over a talk."""

from datetime import date

import pytest

from calls.redaction import DEFAULT_POLICY, Redactor, Silence, SpokenWord, policy_of

TODAY = date(2026, 11, 21)
CARD = "four one one one one one one one one one one one one one one one"


def redactor(policy: str = "redacted") -> Redactor:
    return Redactor(policy_of(policy), today=lambda: TODAY)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("my card is 4111 1111 1111 1111 thanks", "my card is [card] thanks"),
        (f"it is {CARD}", "it is [card]"),
        (
            "it is four one double one triple one uh one one one one one one one one one",
            "it is [card]",
        ),
        ("forty one eleven eleven eleven eleven eleven eleven eleven", "[card]"),
        ("card4111111111111111", "[card]"),
        ("4111*1111*1111*1111", "[card]"),
        ("٤١١١ ١١١١ ١١١١ ١١١١", "[card]"),
        ("⁴¹¹¹ ¹¹¹¹ ¹¹¹¹ ¹¹¹¹", "[card]"),
        ("④①①① ①①①① ①①①① ①①①①", "[card]"),
        ("jane\u200b@example。com", "[email]"),
        ("jane period doe at example period com", "[email]"),
        ("415 x 555 x 2671", "[phone]"),
        ("write to john.smith+x@mail.example.co.uk, please", "write to [email], please"),
        ("a dot b at c dot com", "[email]"),
        ("j o h n at g mail dot com", "[email]"),
        ("john [at] example [dot] com", "[email]"),
        ("call me at +1 (415) 555-2671", "call me at [phone]"),
        ("four one five, double five five, twenty six seventy one", "[phone]"),
        ("020 7946 0958", "[phone]"),
        ("i was born on the third of May nineteen eighty one", "i was born on the [date of birth]"),
        ("the third of may, eighty one", "the [date of birth]"),
        ("1981-05-03", "[date of birth]"),
        ("5/3/81", "[date of birth]"),
        ("03.05.1981", "[date of birth]"),
        ("born 5/3/24", "born [date of birth]"),
        ("my ssn is 078-05-1120", "my ssn is [id]"),
        ("12345678Z", "[id]"),
        ("GB82 WEST 1234 5698 7654 32", "[id]"),
        ("AB 12 34 56 C", "[id]"),
        ("four seven two nine one", "[digits]"),
    ],
)
def test_mask_says_what_was_there(said: str, kept: str) -> None:
    assert redactor().text("caller", said) == kept


def test_number_given_piece_by_piece_shows_two_digits_at_most() -> None:
    call = redactor()
    pieces = ["four", "one", "one", "one", "one one", "one one one"]
    kept = [call.text("caller", piece) for piece in pieces]
    assert kept == ["four", "one", "[digits]", "[digits]", "[digits]", "[digits]"]


def test_number_that_was_asked_for_shows_no_digit() -> None:
    call = redactor()
    call.text("bot", "What is your card number?")
    assert call.text("caller", "four") == "[digits]"


def test_part_of_a_number_that_looks_like_a_date_or_an_exclamation_is_masked() -> None:
    call = redactor()
    assert call.text("caller", "6011") == "[digits]"
    assert call.text("caller", "06-28-25") == "[digits]"
    assert [call.text("caller", "o") for _ in range(4)] == ["[digits]"] * 4


@pytest.mark.parametrize(
    "said",
    [
        "c zero one x zero zero t four seven",
        "charlie zero one zulu zero zero tango four seven",
        "quebec quebec one two three four five six charlie",
    ],
)
def test_letters_of_an_id_are_masked_with_its_digits_however_they_are_said(said: str) -> None:
    call = redactor()
    call.text("bot", "What is your passport number?")
    assert call.text("caller", f"it's {said}") == "it's [id]"


def test_bot_that_repeats_the_pieces_is_masked_too() -> None:
    call = redactor()
    call.text("caller", "four one one one")
    assert call.text("bot", "four one one one, go on") == "[digits], go on"
    assert call.text("bot", "one one") == "[digits]"


def test_birth_given_over_two_turns_is_masked_with_the_first() -> None:
    call = redactor()
    talk = [
        ("bot", "And what is your date of birth?"),
        ("caller", "the third of may"),
        ("bot", "And the year?"),
        ("caller", "eighty one"),
        ("bot", "At what time would you like to come?"),
        ("caller", "at ten on the third of may"),
    ]
    assert [
        call.text(who, text) for who, text in talk if who == "caller" or call.text(who, text)
    ] == [
        "And what is your date of birth?",
        "the [date of birth]",
        "And the year?",
        "[date of birth]",
        "At what time would you like to come?",
        "at ten on the third of may",
    ]


def test_email_given_over_two_turns_is_masked_with_the_first() -> None:
    call = redactor()
    assert call.text("caller", "john dot smith") == "[email]"
    assert call.text("caller", "at gmail dot com") == "[email]"


@pytest.mark.parametrize("said", ["it's k hyphen sky", "it's k dash sky"])
def test_half_of_an_address_is_told_by_how_its_words_are_joined(said: str) -> None:
    assert redactor().text("caller", said) == "it's [email]"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("m u e", "[email]"),
        ("double l e r", "[email]"),
        ("p as in peter a as in apple t as in tom", "[email]"),
        ("no john with an h, j o h n", "no john with an [email]"),
        ("it is patrick, p a t r i c k, number two, at hotmail", "it is [email]"),
    ],
)
def test_address_that_is_spelled_letter_by_letter_is_masked(said: str, kept: str) -> None:
    call = redactor()
    call.text("bot", "What is your e-mail address?")
    call.text("caller", "john at gmail dot com")
    call.text("bot", "Could you spell that for me?")
    assert call.text("caller", said) == kept


def test_bot_that_spells_an_address_is_masked_too() -> None:
    call = redactor()
    call.text("caller", "it's patrick at gmail dot com")
    assert call.text("bot", "I have p, a, t, r, i, c, k.") == "I have [email]."


def test_number_that_is_read_with_dashes_is_no_address() -> None:
    kept = redactor().text("caller", "fifty six seven seventy two dash ninety three forty five")
    assert kept == "[phone]"


def test_address_that_is_cut_short_behind_its_sign_is_masked() -> None:
    assert redactor().text("caller", "send it to sky-o7 @") == "send it to [email]"
    assert redactor().text("caller", 'it said "write to sky@"') == 'it said "write to [email]"'


@pytest.mark.parametrize("said", ["with a dash of milk", "a 7 hyphen 4", "dash"])
def test_what_is_joined_otherwise_is_no_half_of_an_address(said: str) -> None:
    assert redactor().text("caller", said) == said


def test_everything_is_everything_and_metadata_holds_no_word() -> None:
    assert redactor("everything").text("caller", CARD) == CARD
    assert redactor("metadata only").text("caller", "hello") == ""


def test_bot_that_says_nothing_of_it_is_redacted() -> None:
    assert DEFAULT_POLICY == "redacted"


def test_unknown_policy_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="everything, redacted, metadata only"):
        policy_of("all")


def test_words_of_a_number_are_silenced_from_its_first_to_its_last() -> None:
    words = [SpokenWord(word, at, at + 0.5) for at, word in enumerate(f"it is {CARD} ok".split())]
    assert redactor().spans("caller", words) == [Silence("caller", 2, 18, 2, 17.5, "[card]")]


def test_turn_without_word_times_is_silenced_as_a_whole() -> None:
    turn = [SpokenWord(f"my card is {CARD}", 3.0, 9.0)]
    assert redactor().spans("caller", turn) == [Silence("caller", 0, 1, 3.0, 9.0, "[card]")]
    assert redactor("metadata only").spans("bot", turn)[0].mask == "[words]"
    assert redactor("everything").spans("caller", turn) == []


@pytest.mark.parametrize("filling", ["a-", "a@", " ", "4111 ", "A1", "[at", "1."])
def test_long_text_is_searched_to_its_end(filling: str) -> None:
    # A search that goes back over the text at every character would take minutes.
    kept = redactor().text("caller", f"{filling * 8000} john@example.com")
    assert "example" not in kept


def test_address_that_the_bot_was_cut_short_in_is_masked() -> None:
    redactor = Redactor("redacted")
    redactor.text("caller", "send it to jones.sky-neil@example.com")
    assert redactor.text("bot", "I noted: jones.sky-n—") == "I noted: [email]—"


def test_measurement_in_the_log_is_no_birthday() -> None:
    redactor = Redactor("redacted")
    redactor.text("bot", "And what is your date of birth?")
    assert redactor.log_text("call over after 12.4 s") == "call over after 12.4 s"
    assert redactor.log_text("refused: 12.4.1967") == "refused: [date of birth]"
