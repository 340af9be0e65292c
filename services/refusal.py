"""Why a session with a provider failed, in a sentence that says what to look at."""

from collections.abc import Iterator

from pipecat.utils.errors import ErrorCategory, classify_http_exception, extract_http_status_code
from websockets.exceptions import ConnectionClosed

from services.choice import Choice

# Close codes with which a WebSocket that was opened is taken back for want of a right.
_NOT_AUTHORIZED = {1008, 4001, 4003, 4401, 4403}
_LONGEST = 200


def in_a_sentence(choice: Choice, error: str, exception: BaseException | None) -> str:
    """The sentence. No secret of the provider is in it."""
    chain = [*_chain(exception)]
    status = next((s for e in chain if (s := extract_http_status_code(e)) is not None), None)
    told = f" (HTTP {status})" if status is not None else ""
    if status in (401, 403) or any(_was_taken_back(e) for e in chain):
        names = [choice.provider.variable(name) for name in choice.provider.needs or ("api_key",)]
        return f"refused the key{told}: check {' and '.join(names)}"
    if status is None and any(_is_unreachable(e) for e in chain):
        where = choice.provider.address(choice.settings) or "its own address"
        return f"is unreachable at {where}"
    return f"refused{told}: {_short(_without_secrets(choice, error))}"


def _chain(exception: BaseException | None) -> Iterator[BaseException]:
    """The exception and what caused it."""
    while exception is not None:
        yield exception
        exception = exception.__cause__ or exception.__context__


def _was_taken_back(exception: BaseException) -> bool:
    if not isinstance(exception, ConnectionClosed):
        return False
    return exception.rcvd is not None and exception.rcvd.code in _NOT_AUTHORIZED


def _is_unreachable(exception: BaseException) -> bool:
    # The HTTP libraries of the SDKs wrap it in errors of their own, which are no OSError.
    return (
        isinstance(exception, OSError)
        or classify_http_exception(exception) is ErrorCategory.CONNECTIVITY
    )


def _without_secrets(choice: Choice, text: str) -> str:
    for secret in choice.settings.secrets:
        text = text.replace(secret, "***")
    return text


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
