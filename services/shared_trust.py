"""The trusted certificates are read once a process, not once a client.

Every HTTP client reads them into a context of its own: 35 ms of the event loop that all calls
share, and some memory, for each provider of each call. httpx lets a context be shared, by whoever
makes the client; here the providers' SDKs do.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from ssl import SSLContext

Create = Callable[..., SSLContext]

# The SDKs of OpenAI and of others are built on different ones.
_CLIENTS = ("httpx", "httpx2")
_CREATE = "create_ssl_context"


@cache
def share_trusted_certificates() -> None:
    """Have clients that are made from here on share one, unless they ask for another."""
    for client in filter(find_spec, _CLIENTS):
        transports = import_module(f"{client}._transports.default")
        setattr(transports, _CREATE, _shared(getattr(transports, _CREATE)))


def _shared(create: Create) -> Create:
    usual = cache(lambda trust_env: create(verify=True, cert=None, trust_env=trust_env))

    def create_ssl_context(
        verify: object = True, cert: object = None, trust_env: bool = True
    ) -> SSLContext:
        if verify is True and cert is None:
            return usual(trust_env)
        return create(verify=verify, cert=cert, trust_env=trust_env)

    return create_ssl_context
