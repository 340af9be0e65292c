"""How the order tools word their results."""

from datetime import date
from typing import Any

from tools.order_book import REFUND_DAYS, Order, Stage
from tools.spoken import spoken_day, spoken_digits, spoken_money, spoken_number

NUMBER_DIGITS = 5

Answer = dict[str, Any]


def not_found(digits: str) -> Answer:
    """Ask for the number again, and tell where it is found. `digits`: the digits heard."""
    # Nothing here depends on which numbers exist, so that a caller cannot feel their way to one.
    where = "You find it at the top of your confirmation e-mail."
    if len(digits) != NUMBER_DIGITS:
        length = spoken_number(NUMBER_DIGITS)
        say = f"An order number has {length} digits. {where} Can you say it digit by digit?"
    else:
        say = (
            f"I cannot find an order {spoken_digits(digits)}. {where} "
            "Can you say the number again, digit by digit?"
        )
    return {"say": say, "found": False, "needs": "order_number"}


def found(order: Order, today: date) -> Answer:
    """Word where the order is; the facts tell what can be done about it."""
    return {
        "say": _whereabouts(order, today),
        "order_number": order.number,
        "status": order.stage(today).value,
        "address_can_change": order.stage(today) is Stage.PACKING,
        "refund_possible": order.can_be_refunded(today),
    }


def _whereabouts(order: Order, today: date) -> str:
    what = f"Your {_name(order)}, {order.item},"
    arrives = spoken_day(order.arrives_on, today)
    match order.stage(today):
        case Stage.CANCELLED:
            assert order.cancelled_on
            return f"{what} was cancelled on {spoken_day(order.cancelled_on, today)}."
        case Stage.PACKING:
            return (
                f"{what} is still being packed. It leaves us on "
                f"{spoken_day(order.ships_on, today)} and should arrive on {arrives}."
            )
        case Stage.SHIPPED:
            return f"{what} has been shipped and should arrive on {arrives}."
        case Stage.DELIVERED if order.refund_requested_on:
            return f"{what} was delivered on {arrives}. A refund request for it is open."
        case Stage.DELIVERED:
            return f"{what} was delivered on {arrives}."


def whole_address_please(order: Order) -> Answer:
    """Ask for a whole address."""
    return {
        "say": "What is the new address, with street, house number, town and zip code?",
        "order_number": order.number,
        "changed": False,
        "needs": "new_address",
    }


def address_read_back(order: Order, address: str) -> Answer:
    """Repeat the new address and ask for a yes."""
    return {
        "say": f"So {_name(order)} should go to {address}. Is that right?",
        "order_number": order.number,
        "new_address": address,
        "changed": False,
        "needs": "confirmed",
    }


def address_changed(order: Order, address: str) -> Answer:
    """Confirm the new address."""
    return {
        "say": f"Done. {_name(order).capitalize()} now goes to {address}.",
        "order_number": order.number,
        "changed": True,
    }


def address_stays(order: Order, today: date) -> Answer:
    """Word why the address cannot be changed."""
    match order.stage(today):
        case Stage.CANCELLED:
            why = "was cancelled, so there is nothing to send"
        case Stage.DELIVERED:
            why = f"was already delivered on {spoken_day(order.arrives_on, today)}"
        case _:
            why = "is already on its way"
    say = f"I am sorry, the address cannot be changed any more, because {_name(order)} {why}."
    return {"say": say, "order_number": order.number, "changed": False}


def refund_read_back(order: Order, reason: str) -> Answer:
    """Repeat the refund and ask for a yes."""
    money = spoken_money(order.price_cents)
    return {
        "say": f"So you would like {money} back for {_name(order)}. Shall I open the request?",
        "order_number": order.number,
        "reason": reason,
        "refund_open": False,
        "needs": "confirmed",
    }


def refund_opened(order: Order) -> Answer:
    """Confirm the refund request and tell what happens next."""
    money = spoken_money(order.price_cents)
    return {
        "say": (
            f"Your refund request for {_name(order)} is open. "
            f"You get an e-mail with a return label, and {money} once the parcel is back."
        ),
        "order_number": order.number,
        "refund_open": True,
    }


def no_refund(order: Order, today: date) -> Answer:
    """Word why no refund request can be opened, or that there is one."""
    say = f"I am sorry, {_refusal(order, today)}"
    if order.refund_requested_on:
        day = spoken_day(order.refund_requested_on, today)
        say = (
            f"A refund request for {_name(order)} is already open, since {day}. "
            "You need not do anything more."
        )
    return {
        "say": say,
        "order_number": order.number,
        "refund_open": order.refund_requested_on is not None,
    }


def _refusal(order: Order, today: date) -> str:
    days = spoken_number(REFUND_DAYS)
    match order.stage(today):
        case Stage.CANCELLED:
            return f"{_name(order)} was cancelled, so there is no refund to ask for."
        case Stage.PACKING:
            return (
                f"I cannot open a refund for {_name(order)}, because it has not been sent yet. "
                "A colleague can cancel it for you. Shall I get you a person?"
            )
        case Stage.SHIPPED:
            return (
                f"I cannot open a refund for {_name(order)} yet, because it is still on its way. "
                f"Once it has arrived, you have {days} days to ask for one."
            )
        case Stage.DELIVERED:
            return (
                f"a refund for {_name(order)} is no longer possible. It was delivered on "
                f"{spoken_day(order.arrives_on, today)}, and refunds end after {days} days."
            )


def _name(order: Order) -> str:
    return f"order {spoken_digits(order.number)}"
