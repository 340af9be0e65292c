"""The line of callers who wait for a person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from tools.person_queue import PersonQueue


def take(queue: PersonQueue) -> int:
    return queue.take_number(reason="refund", channel="web", caller="")


def test_numbers_are_handed_out_in_turn_and_go_on_after_a_restart(tmp_path):
    assert [take(PersonQueue(tmp_path)) for _ in range(3)] == [1, 2, 3]


def test_every_day_begins_with_one(tmp_path):
    monday, tuesday = datetime(2026, 11, 23, 17), datetime(2026, 11, 24, 9)
    assert [take(PersonQueue(tmp_path, now=lambda: monday)) for _ in range(2)] == [1, 2]
    assert take(PersonQueue(tmp_path, now=lambda: tuesday)) == 1


def test_callers_who_ask_at_once_get_different_numbers(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        numbers = [*pool.map(lambda _: take(PersonQueue(tmp_path)), range(16))]
    assert sorted(numbers) == [*range(1, 17)]
