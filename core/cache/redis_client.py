# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to Redis that never makes a render wait: short time limits, and no repeated tries."""

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from ..errors import CacheError

if TYPE_CHECKING:
    import redis

CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 0.5
_UNCLEAR = "the address given"


def connected(url: str, *, connect_seconds: float, answer_seconds: float) -> "redis.Redis":
    """Return a client for a `redis://`, `rediss://` or `unix://` address; it connects when first used.

    Raises CacheError where the client is not installed or the address can't be understood.
    """
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise CacheError(
            "a shared cache on Redis needs the extra: pip install 'understudy[redis]'"
        ) from error
    try:
        return redis.Redis.from_url(
            url,
            socket_connect_timeout=connect_seconds,
            socket_timeout=answer_seconds,
            # Once, at once: what a restarted server needs, since the old connection is dead by then.
            retry=Retry(NoBackoff(), 1),
            decode_responses=False,
        )
    except (ValueError, redis.RedisError) as error:
        raise CacheError(f"{address(url)} is no Redis address: write redis://HOST:PORT/0") from error


def address(url: str) -> str:
    """Return where a URL points to, without the user and password it may carry."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return _UNCLEAR
    # Without a scheme, what looks like a path may hold the password.
    place = parts.path if parts.scheme == "unix" else parts.hostname
    return f"{place}:{port}" if port else place or _UNCLEAR


def without_password(url: str) -> tuple[str, str]:
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
