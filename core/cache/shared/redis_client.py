# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis server that never makes a render wait, whatever it answers: no reply is more than data.

What it sends is parsed by a library, which raises what it likes over replies that no honest server gives.
`RedisServer.execute` is the border: behind it a question has an answer, or there is a `RedisServerError`.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote, unquote, urlsplit

from ...errors import CacheError
from .redis_socket import CallBounds, bounded_connection_class

if TYPE_CHECKING:
    import redis

REPLY_TIMEOUT_SECONDS = 0.5
"""How long a question may take, connecting included."""
MAX_REPLY_BYTES = 1 << 26
"""How large an answer may be: over 1 Gbit/s more could not come within REPLY_TIMEOUT_SECONDS."""
_UNKNOWN_ADDRESS = "the address given"
_PORT = re.compile(r"(?://|@)[^/?#:@]*:(\d{1,20})(?=[/?#]|\Z)")
_MAX_PORT = 65535
_T = TypeVar("_T")


class RedisServerError(Exception):
    """A server did not answer as it should have. Its text is the kind of fault alone, no word of the server's."""


class RedisServer:
    """A Redis server. Safe to use from several threads."""

    def __init__(self, url: str, reply_timeout_seconds: float = REPLY_TIMEOUT_SECONDS) -> None:
        """Take the server at a `redis://`, `rediss://` or `unix://` address; it is connected to when first asked.

        Raises CacheError where the client is not installed or the address can't be understood.
        """
        self.address = address(url)
        self._timeout_seconds = reply_timeout_seconds
        self._bounds = CallBounds()
        self._client = _client(url, self._bounds, reply_timeout_seconds)

    def execute(
        self,
        command: "Callable[[redis.Redis], object]",
        parse: Callable[[object], _T],
        *,
        timeout_seconds: float | None = None,
        max_bytes: int = MAX_REPLY_BYTES,
    ) -> _T:
        """Ask the server something.

        Parameters
        ----------
        command : callable
            Asks the client, and returns its reply.
        parse : callable
            Returns what the reply says; raises TypeError or ValueError for a wrong one.
        timeout_seconds : float, optional
            How long the reply may take, connecting included.
        max_bytes : int
            How large it may be.

        Returns
        -------
        object
            What `parse` returns.

        Raises
        ------
        RedisServerError
            The server fails, takes longer or sends more.
        """
        import redis

        self._bounds.begin(self._timeout_seconds if timeout_seconds is None else timeout_seconds, max_bytes)
        try:
            return parse(command(self._client))
        except redis.ResponseError as error:  # it said no, in due form
            raise RedisServerError(type(error).__name__) from error
        except Exception as error:  # the border: a library that is fed by whoever is at the other end
            # What comes next on this connection could be the rest of this reply.
            self.disconnect()
            raise RedisServerError(type(error).__name__) from error

    def set_timeout(self, seconds: float) -> None:
        """Let questions take no longer than this from now on."""
        self._timeout_seconds = seconds

    def disconnect(self) -> None:
        """Close the connections that no thread is using; they are opened anew when needed."""
        with suppress(Exception):
            self._client.connection_pool.disconnect(inuse_connections=False)


def _client(url: str, bounds: CallBounds, timeout_seconds: float) -> "redis.Redis":
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.connection import Connection, parse_url
        from redis.retry import Retry
    except ImportError as error:
        raise CacheError(
            "a shared cache on Redis needs the extra: pip install 'understudy[redis]'"
        ) from error
    try:
        parse = cast("Callable[[str], dict[str, Any]]", parse_url)  # it has no types of its own
        kind = parse(url).get("connection_class", Connection)
        return redis.Redis.from_url(
            url,
            connection_class=bounded_connection_class(kind, bounds, timeout_seconds),
            socket_connect_timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            # Once, at once: what a restarted server needs, since the old connection is dead by then.
            retry=Retry(NoBackoff(), 1),
            # The older protocol: in the newer one a server may speak unasked, and send clients elsewhere.
            protocol=2,
            decode_responses=False,
        )
    except (ValueError, redis.RedisError) as error:
        port = _PORT.search(url)
        if port and int(port[1]) > _MAX_PORT:
            # The number is not said: where the host was left out it may be the password.
            raise CacheError(
                f"the port in the Redis address is none: give 1 to {_MAX_PORT} in redis://HOST:PORT/0"
            ) from error
        raise CacheError(f"{address(url)} is no Redis address: write redis://HOST:PORT/0") from error


def address(url: str) -> str:
    """Return where a URL points to, without the user and password it may carry."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return _UNKNOWN_ADDRESS
    # Without a scheme, what looks like a path may hold the password.
    place = parts.path if parts.scheme == "unix" else parts.hostname
    return f"{place}:{port}" if port else place or _UNKNOWN_ADDRESS


def split_password(url: str) -> tuple[str, str]:
    """Return an address without the password that it carries, and that password, as it is meant."""
    head, at, place = url.rpartition("@")
    scheme, mark, login = head.rpartition("://")
    user, colon, password = login.partition(":")
    if not at or not colon:
        return url, ""
    return f"{scheme}{mark}{user}{'@' if user else ''}{place}", unquote(password)


def with_password(url: str, password: str) -> str:
    """Return an address with a password in it; the address alone where either is empty."""
    if not url or not password:
        return url
    scheme, mark, rest = url.rpartition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}{mark}{user if at else ''}:{quote(password, safe='')}@{place}"
