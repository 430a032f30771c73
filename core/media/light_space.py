# SPDX-License-Identifier: GPL-3.0-or-later
"""What the numbers of linear, logarithmic and HDR footage stand for: their colour spaces, by name."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..errors import ClipError
from ..face.types import Floats
from ..geometry.levels import as_floats
from .clip import FramePixels
from .colour_spaces import (
    CODED_SPACES,
    HDR_MATRIX,
    HLG,
    LINEAR_SPACES,
    MOVIE_WHITE,
    PQ,
    SRGB,
    layer_space,
)
from .exr import decode_srgb, srgb_curve
from .log_spaces import LOG_SPACES
from .primaries import Matrix
from .source import LIGHT_READING, TAGGED_READING
from .transfer import (
    WHITE,
    hlg_to_scene,
    light_to_pq,
    pq_to_light,
    scene_to_hlg,
    scene_to_screen,
    screen_to_scene,
)

_MAX_HALF = 65504.0
_MAX_LIGHT = 1e12
"""Larger numbers are damage. A matrix, and the exposure of a view, make no infinite ones of those below."""
_CODE_STEP = np.uint16(257)
"""Of codes of 8 bits, in 16."""


@dataclass(frozen=True)
class LightSpace:
    """A colour space whose numbers stand for light: as they are, or by a transfer curve.

    Attributes
    ----------
    name : str
        As Blender calls it.
    is_tagged : bool
        Whether a movie's own tags say so, and Blender shows its codes as they are.
    unit : float
        The light that the number 1 of a linear space stands for.
    """

    name: str
    is_tagged: bool = False
    unit: float = 1.0

    def layer_space(self, *, is_movie: bool) -> "LightSpace":
        """Return the space of layers over clips of this one, movies or images, see `colour_spaces.layer_space`."""
        if self.is_tagged or self.is_linear:
            return self
        is_scaled = is_movie and self.name in (PQ, HLG)
        return LightSpace(layer_space(self.name), unit=MOVIE_WHITE / WHITE if is_scaled else 1.0)

    @property
    def is_linear(self) -> bool:
        """Whether the numbers are light, and not codes."""
        return self.name in LINEAR_SPACES

    def to_light(self, pixels: FramePixels) -> Floats:
        """Return linear light with Rec.709 primaries.

        Parameters
        ----------
        pixels : ndarray, shape (h, w, 3), float32, uint16 or uint8
            As stored; those that are no floats are codes, 1 for 65535 or 255.

        Returns
        -------
        ndarray, shape (h, w, 3), float32
            What is no number is 0; what is infinite, or so large that it could become so, is the largest half float. It
            may be `pixels` itself.
        """
        if pixels.dtype != np.float32:
            codes = np.asarray(pixels, np.uint16)
            light = _code_table(self.name).take(codes if pixels.dtype == np.uint16 else codes * _CODE_STEP)
        else:
            light = np.asarray(pixels, np.float32)
            # To look for them first takes a thirtieth of the time.
            if light.size and not (light.min() >= -_MAX_LIGHT and light.max() <= _MAX_LIGHT):
                light = _limit_light(light)
            light = _decode(self.name, light)
        if self.name == HLG:
            light = as_floats(scene_to_screen(light) / np.float32(WHITE))
        light = self._transform(light, inverse=False)
        return light if self.unit == 1 else light * np.float32(self.unit)

    def from_light(self, light: Floats) -> Floats:
        """Undo `to_light`: codes as floats, 1 for the largest."""
        own = self._transform(light if self.unit == 1 else light / np.float32(self.unit), inverse=True)
        if self.name == HLG:
            own = as_floats(screen_to_scene(own * np.float32(WHITE)))
        return _encode(self.name, own)

    def _transform(self, pixels: Floats, *, inverse: bool) -> Floats:
        matrix = _matrix(self.name, inverse=inverse)
        if matrix is None or not pixels.size:
            return pixels
        return np.asarray(cv2.transform(np.ascontiguousarray(pixels), matrix), np.float32)


@lru_cache
def _matrix(name: str, *, inverse: bool) -> Floats | None:
    """Return the (3, 3) matrix of a space's light to linear Rec.709, or back; None where there is nothing to do."""
    rows = _matrix_rows(name)
    if rows is None:
        return None
    matrix = np.array(rows, np.float64)
    return np.asarray(np.linalg.inv(matrix) if inverse else matrix, np.float32)


def _matrix_rows(name: str) -> Matrix | None:
    if name in LOG_SPACES:
        return LOG_SPACES[name][1]
    return HDR_MATRIX if name in CODED_SPACES else LINEAR_SPACES.get(name)


@lru_cache(2)
def _code_table(name: str) -> Floats:
    """Return what each code of 16 bits stands for, see `_decode`."""
    return _decode(name, np.arange(1 << 16, dtype=np.float32) / np.float32((1 << 16) - 1))


def _decode(name: str, codes: Floats) -> Floats:
    """Return what codes stand for, each by itself: light with the space's own primaries, of HLG the scene's."""
    if name == PQ:
        return as_floats(pq_to_light(np.clip(codes, 0, 1).astype(np.float64)) / WHITE)
    if name == HLG:
        return as_floats(hlg_to_scene(np.clip(codes, 0, 1)))
    if name in LOG_SPACES:
        return as_floats(np.clip(LOG_SPACES[name][0].to_light(codes), -_MAX_HALF, _MAX_HALF))
    return as_floats(decode_srgb(codes)) if name == SRGB else codes


def _limit_light(light: Floats) -> Floats:
    is_large = np.abs(light) > _MAX_LIGHT
    return np.nan_to_num(np.where(is_large, np.copysign(np.float32(_MAX_HALF), light), light), nan=0.0)


def _encode(name: str, light: Floats) -> Floats:
    """Undo `_decode`."""
    if name == PQ:
        return as_floats(light_to_pq(light * np.float32(WHITE)))
    if name == HLG:
        return as_floats(scene_to_hlg(light))
    if name in LOG_SPACES:
        return as_floats(LOG_SPACES[name][0].from_light(light))
    return as_floats(srgb_curve(light)) if name == SRGB else light


def light_space(reading: str) -> LightSpace | None:
    """Return the space of a clip by its `ClipSource.reading`; None for clips that are coded for a display.

    Raises ClipError for a space that is not known.
    """
    kind, _, name = reading.partition(" ")
    if kind not in (LIGHT_READING, TAGGED_READING):
        return None
    if name not in LINEAR_SPACES and name not in CODED_SPACES and name != SRGB:
        raise ClipError(
            f"images in the color space {name} can't be read as light: choose another one for the strip, "
            "such as Linear Rec.709 or ACEScg"
        )
    return LightSpace(name, is_tagged=kind == TAGGED_READING)
