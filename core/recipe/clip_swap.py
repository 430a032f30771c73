# SPDX-License-Identifier: GPL-3.0-or-later
"""Who replaces whom in the frames of a clip, where that is not the same in all of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from .request import SwapRequest


@dataclass(frozen=True)
class RequestRange:
    """What is asked for in some frames of a clip.

    Attributes
    ----------
    request : SwapRequest
        What is asked for there.
    first : int
        The first of the frames, counted from 0.
    last : int or None
        The last of them, itself included; None for the clip's last.
    """

    request: SwapRequest
    first: int = 0
    last: int | None = None

    def __contains__(self, number: int) -> bool:
        return self.first <= number and (self.last is None or number <= self.last)


@dataclass(frozen=True)
class ClipSwap:
    """One person who replaces another in a clip.

    Attributes
    ----------
    span : RequestRange
        The frames in which the person is replaced, and what is asked for where no range says otherwise.
    ranges : tuple of RequestRange
        Frames in which something else is asked for; no frame is in two of them.
    """

    span: RequestRange
    ranges: tuple[RequestRange, ...] = ()

    @property
    def requests(self) -> tuple[SwapRequest, ...]:
        """All that is asked for in any frame, that of most frames first."""
        return (self.span.request, *(part.request for part in self.ranges))

    def with_requests(self, change: Callable[[SwapRequest], SwapRequest]) -> "ClipSwap":
        """Return the same frames with what `change` makes of each request."""
        span, *ranges = (replace(part, request=change(part.request)) for part in (self.span, *self.ranges))
        return ClipSwap(span, tuple(ranges))

    def request_at(self, number: int) -> SwapRequest | None:
        """Return what is asked for in a frame.

        Parameters
        ----------
        number : int
            The frame, counted from 0.

        Returns
        -------
        SwapRequest or None
            What is asked for; None where the person is not replaced.
        """
        if number not in self.span:
            return None
        return next((part.request for part in self.ranges if number in part), self.span.request)


def swap_everywhere(request: SwapRequest) -> ClipSwap:
    """Return a swap that asks for the same in every frame of a clip."""
    return ClipSwap(RequestRange(request))


def requests_at(swaps: Iterable[ClipSwap], number: int) -> tuple[SwapRequest, ...]:
    """Return what several swaps ask for in a frame, in their order: the later one is laid over the earlier.

    Parameters
    ----------
    swaps : iterable of ClipSwap
        The swaps of the clip.
    number : int
        The frame, counted from 0.

    Returns
    -------
    tuple of SwapRequest
        What they ask for there.
    """
    requests = (swap.request_at(number) for swap in swaps)
    return tuple(request for request in requests if request is not None)
