from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from calls.web_audio.in_order import InOrder


def packet(number: int) -> RtpPacket:
    return RtpPacket(sequence_number=number % 65536)


def taken(numbers: list[int]) -> list[int]:
    in_order = InOrder()
    return [due.sequence_number for n in numbers for due in in_order.take(packet(n))]


def test_packets_in_order_are_due_at_once():
    in_order = InOrder()
    for number in (65534, 65535, 0, 1):
        assert [due.sequence_number for due in in_order.take(packet(number))] == [number]


def test_a_packet_that_comes_late_is_waited_for():
    assert taken([1, 3, 2, 4]) == [1, 2, 3, 4]


def test_a_packet_that_is_lost_holds_up_those_behind_it_for_three():
    in_order = InOrder()
    due = [[p.sequence_number for p in in_order.take(packet(n))] for n in (1, 3, 4, 5, 6)]
    assert due == [[1], [], [], [3, 4, 5], [6]]


def test_a_packet_that_comes_after_it_was_given_up_is_left_out():
    assert taken([1, 3, 4, 5, 2, 6]) == [1, 3, 4, 5, 6]


def test_a_packet_that_comes_twice_is_heard_once():
    assert taken([1, 2, 2, 1, 3]) == [1, 2, 3]


def test_two_lost_in_a_row_are_given_up_together():
    assert taken([1, 4, 5, 6, 7]) == [1, 4, 5, 6, 7]


def test_a_sender_that_begins_anew_is_heard():
    assert taken([40_000, 40_001, 300, 301]) == [40_000, 40_001, 300, 301]
    assert taken([5000, 5001, 4000, 4001]) == [5000, 5001, 4000, 4001]


@given(
    first=st.integers(0, 65535),
    kept=st.lists(st.booleans(), min_size=1, max_size=200),
    later=st.lists(st.integers(0, 2), min_size=200, max_size=200),
)
def test_packets_that_are_late_by_two_or_lost_come_out_once_and_in_order(
    first: int, kept: list[bool], later: list[int]
):
    sent = [n for n, arrives in enumerate(kept) if arrives]
    arriving = sorted(sent, key=lambda n: (n + later[n], n))
    in_order, due = InOrder(), []
    for place, n in enumerate(arriving):
        due += [(p.sequence_number - first) % 65536 for p in in_order.take(packet(first + n))]
        assert len([early for early in arriving[: place + 1] if early > due[-1]]) < 3
    assert due == sorted(set(due))
    assert set(due) <= set(sent)
    if all(kept):
        # Of the last two, what follows a late one may still be waiting for it; and what was sent
        # before the first that came is not waited for.
        assert due == list(range(due[0], due[-1] + 1))
        assert due[-1] >= len(kept) - 3
