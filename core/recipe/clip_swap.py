# SPDX-License-Identifier: GPL-3.0-or-later
"""Who replaces whom in the frames of a clip, where that is not the same in all of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

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


def swaps_of_frames(requests: Mapping[int, Sequence[SwapRequest]]) -> tuple[ClipSwap, ...]:
    """Return the swaps that ask for given requests in the frames of a clip.

    Parameters
    ----------
    requests : mapping of int to sequence of SwapRequest
        What is asked for in each frame, counted from 0. A frame that is not there, between others, asks for what the
        one before it does.

    Returns
    -------
    tuple of ClipSwap
        Each with its first frame and its last, so that `requests_at` returns what was given. A modifier has one swap,
        and another after each frame in which other modifiers are there.
    """
    shown = sorted(requests)
    ends = [*(number - 1 for number in shown[1:]), *shown[-1:]]
    frames = zip(shown, ends, strict=True)
    swaps: list[ClipSwap] = []
    for modifiers, group in groupby(frames, lambda span: _modifiers(requests[span[0]])):
        spans = list(group)
        swaps += (
            _join([RequestRange(requests[first][place], first, last) for first, last in spans])
            for place in range(len(modifiers))
        )
    return tuple(swaps)


def _modifiers(requests: Sequence[SwapRequest]) -> tuple[str, ...]:
    return tuple(request.modifier for request in requests)


def _join(parts: Sequence[RequestRange]) -> ClipSwap:
    """Return a swap of ranges that follow each other."""
    runs = [list(run) for _, run in groupby(parts, lambda part: part.request)]
    joined = [RequestRange(run[0].request, run[0].first, run[-1].last) for run in runs]
    first, *others = joined
    ranges = tuple(part for part in others if part.request != first.request)
    return ClipSwap(RequestRange(first.request, first.first, joined[-1].last), ranges)
