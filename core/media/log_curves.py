# SPDX-License-Identifier: GPL-3.0-or-later
"""Logarithmic transfer curves: from codes to light and back."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class PowerFoot:
    """What a curve is below its limit where that is no line: scale * (light + shift) ** power, and 0 below -shift."""

    scale: float
    shift: float
    power: float


@dataclass(frozen=True)
class LogCurve:
    """A logarithmic curve: slope * log(scale * light + shift) / log(base) + offset, and below a limit something else.

    Attributes
    ----------
    slope, offset, base, scale, shift : float
        As in the formula.
    limit : float
        The least light that the logarithm is for.
    line : float or None
        The slope of the line below that. None where there is none: what is darker is as dark as the limit.
    foot : PowerFoot or None
        What there is below the limit in place of a line.
    centre : float or None
        The code of no light, where what is below it mirrors what is above: the codes of light and of its negative are
        as far from it.
    """

    slope: float
    offset: float
    base: float = 2.0
    scale: float = 1.0
    shift: float = 0.0
    limit: float = 2.0**-30
    line: float | None = None
    foot: PowerFoot | None = None
    centre: float | None = None

    @cached_property
    def split(self) -> float:
        """The code of the limit."""
        logarithm = math.log(self.scale * self.limit + self.shift) / math.log(self.base)
        return self.slope * logarithm + self.offset

    def to_light(self, codes: _Array) -> _Array:
        """Return the light of codes.

        Parameters
        ----------
        codes : ndarray, any shape, floating
            1 for the largest.

        Returns
        -------
        ndarray, the same shape
            Linear light.
        """
        if self.centre is None:
            return self._to_light(codes)
        light = self._to_light(self.centre + np.abs(codes - self.centre))
        return np.asarray(np.copysign(light, codes - self.centre))

    def from_light(self, light: _Array) -> _Array:
        """Undo `to_light`."""
        if self.centre is None:
            return self._from_light(light)
        distance = self._from_light(np.abs(light)) - self.centre
        return np.asarray(self.centre + np.copysign(distance, light))

    def _to_light(self, codes: _Array) -> _Array:
        with np.errstate(over="ignore"):
            light = (self.base ** ((codes - self.offset) / self.slope) - self.shift) / self.scale
        if self.foot is not None:
            foot = (np.maximum(codes, 0) / self.foot.scale) ** (1 / self.foot.power) - self.foot.shift
            below = np.minimum(foot, self.limit)  # published curves do not always meet there
        elif self.line is not None:
            below = (codes - self.split) / self.line + self.limit
        else:
            return np.asarray(np.maximum(light, self.limit))
        return np.asarray(np.where(codes > self.split, light, below))

    def _from_light(self, light: _Array) -> _Array:
        above = np.maximum(light, self.limit)
        codes = self.slope / math.log(self.base) * np.log(self.scale * above + self.shift) + self.offset
        if self.foot is not None:
            foot = self.foot.scale * np.maximum(light + self.foot.shift, 0) ** self.foot.power
            below = np.minimum(foot, self.split)
        elif self.line is not None:
            below = (light - self.limit) * self.line + self.split
        else:
            return np.asarray(codes)
        return np.asarray(np.where(light > self.limit, codes, below))


def tangent_curve(
    slope: float, offset: float, base: float, scale: float, shift: float, limit: float
) -> LogCurve:
    """Return a curve whose line is the tangent at its limit."""
    line = slope * scale / ((scale * limit + shift) * math.log(base))
    return LogCurve(slope, offset, base, scale, shift, limit, line)


def allocation(low: float, high: float) -> LogCurve:
    """Return the curve that OpenColorIO calls an allocation: powers of two from `low` to `high`."""
    return LogCurve(1 / (high - low), -low / (high - low))
