# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the rims of a face's glasses, without a model.

Rims are lines, darker or lighter than the skin on both sides of them. Lids, brows and folds give such lines too, but
none that goes on below the eyes and across the root of the nose as well: that tells whether there are glasses.

Thin rims are sharp enough for one image to tell. Thick frames are as broad and as dark as the shades of a face, so that
only several images of a person tell: `measure_rims` measures one, `has_thick_frames` judges them all.
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np

from ..face.types import Floats, Pixels
from .mesh_raster import fill_polygons
from .mesh_topology import Topology
from .outline import convex_hull, grow_outline
from .smoothstep import smoothstep

FRAMES_VERSION = 1
"""Of how thick frames are drawn."""
BAND_SIZE = 256, 128
"""Width and height of the band of a face that is looked at, in its own pixels."""
_EYE_CORNERS = 33, 263
_CORNER_DISTANCE, _EYE_ROW = 140.0, 54.0
_LINE_PIXELS = 9
_LOCAL_PIXELS = 41
_DARK_OFFSET_LEVELS = 8.0
_FAINT, _CLEAR = 0.045, 0.11
"""Of the lightness around: lines that differ less or more from what is beside them count not at all or wholly."""
_NOISE_PIXELS, _NOISE_FACTOR = 5, 6.0
_LID_MARGIN, _BELOW_ROWS, _BELOW_COLUMNS = 13, 38, 26
_RUN_PIXELS = 7
_INNER_CORNERS = 133, 362
_BRIDGE_ROWS, _BRIDGE_SHARE, _LEAST_BRIDGE = 26, 0.35, 6
"""How far above and below the eyes' corners a bridge is, and how much of what lies between them, on either side."""
_FEW_BELOW, _MOST_BELOW = 0.45, 0.6
_FEW_ACROSS, _MOST_ACROSS = 0.82, 0.94
"""Shares of the columns in which there is a line, below the eyes and across the nose. In the footage and its portraits
faces that laugh have up to .88 and .79, calm ones up to .66 and .45, those with thin rims from .68 and .95."""
_EYE_GROWTH, _BROW_GROWTH = 1.5, 1.1
_NOSE_ROW, _NOSE_HALF_WIDTH = 76, 26
_LAST_ROW = 98
_GROWTH_SIGMA, _GROWTH_FACTOR = 0.8, 1.3
_SOFT_SIGMA = 2.0
_FRAME_SIGMA = 1.5
_FRAME_NOISE_PIXELS, _FRAME_NOISE_FACTOR = 9, 5.0
_PROOF_PIXELS, _PROOF_FAINT, _PROOF_CLEAR = 21, 0.03, 0.08
_FRAME_PIXELS, _FRAME_FAINT, _FRAME_CLEAR = 31, 0.02, 0.06
"""Of thick frames, which are darker than the skin: how broad they are at most, and how much darker. What proves them is
looked for more strictly than what they cover once they are known."""
_PROOF_PERCENTILE, _FRAME_SHARE, _THIN_SHARE = 70, 0.68, 0.5
"""In the footage two people with thick frames have .83 and 1.0, all others up to .5, single portraits up to .57."""
RimShares: TypeAlias = tuple[float, float]
"""What `measure_rims` says of an image."""
_FRAME_EYE_GROWTH = 1.15
_FRAME_NOSE_ROW, _FRAME_NOSE_HALF_WIDTH = 86, 20
_FRAME_FIRST_ROW = 22
_FRAME_GROWTH_SIGMA, _FRAME_GROWTH_FACTOR = 1.2, 1.2


def band_matrix(points: Floats) -> Floats:
    """Return how a frame's pixels come into the band around the eyes.

    Parameters
    ----------
    points : ndarray, shape (>=468, 2 or 3)
        The mesh in frame pixels.

    Returns
    -------
    ndarray, shape (2, 3), float32
        A similarity, from frame pixels to those of the band.
    """
    first, second = (points[index, :2].astype(np.float64) for index in _EYE_CORNERS)
    across = second - first
    length = max(float(np.hypot(*across)), 1e-3)
    cosine, sine = across / length * (_CORNER_DISTANCE / length)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    shift = (BAND_SIZE[0] / 2, _EYE_ROW) - turn @ ((first + second) / 2)
    return np.asarray(np.hstack([turn, shift[:, None]]), np.float32)


def find_rims(image: Pixels, points: Floats, topology: Topology, *, thick: bool = False) -> Pixels:
    """Draw the rims of a face's glasses.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB.
    points : ndarray, shape (>=468, 2 or 3)
        The mesh in its pixels.
    topology : Topology
        The mesh's parts.
    thick : bool
        Whether it is known that the face has glasses with a thick frame.

    Returns
    -------
    ndarray, shape (128, 256), uint8
        255 on rims, in the band of `band_matrix`; zeros where the face has no glasses.
    """
    band, places = _band_and_places(image, points)
    if thick:
        lines = _find_frames(band, _FRAME_PIXELS, _FRAME_FAINT, _FRAME_CLEAR)
        return _draw_rims(
            lines * (1 - _soften(_beside_frames(places, topology))), _FRAME_GROWTH_SIGMA, _FRAME_GROWTH_FACTOR
        )
    lines = _find_lines(band)
    worn = _glasses_share(lines, places, topology)
    if worn == 0:
        return np.zeros(BAND_SIZE[::-1], np.uint8)
    rims = lines * (1 - _soften(_beside_rims(places, topology)))
    return _draw_rims(rims, _GROWTH_SIGMA, _GROWTH_FACTOR, worn)


def measure_rims(image: Pixels, points: Floats, topology: Topology) -> RimShares:
    """Tell how much in an image of a face looks like glasses.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB.
    points : ndarray, shape (>=468, 2 or 3)
        The mesh in its pixels.
    topology : Topology
        The mesh's parts.

    Returns
    -------
    thin : float
        How surely they have thin rims, 0 to 1.
    thick : float
        How far there is a broad dark line both below the eyes and across the root of the nose, 0 to 1.
    """
    band, places = _band_and_places(image, points)
    frames = _find_frames(band, _PROOF_PIXELS, _PROOF_FAINT, _PROOF_CLEAR)
    return _glasses_share(_find_lines(band), places, topology), min(_line_shares(frames, places, topology))


def has_thick_frames(shares: Sequence[RimShares]) -> bool:
    """Tell whether a person wears glasses with a thick frame, by what `measure_rims` says of images of them.

    Where most of them show thin rims, these are what is to be drawn.
    """
    if not shares:
        return False
    thin, thick = np.array(shares, np.float64).T
    return bool(np.median(thin) < _THIN_SHARE and np.percentile(thick, _PROOF_PERCENTILE) >= _FRAME_SHARE)


def _band_and_places(image: Pixels, points: Floats) -> tuple[Floats, Floats]:
    """Return the lightness of a face's band, and its mesh (468, 2) there."""
    matrix = band_matrix(points)
    return _cut_band(image, matrix), np.asarray(points[:468, :2] @ matrix[:, :2].T + matrix[:, 2], np.float32)


def _beside_rims(places: Floats, topology: Topology) -> Floats:
    """Tell where lines are no thin rims: (h, w) float32, 1 there."""
    features = [
        grow_outline(convex_hull(places[part]), growth)
        for part, growth in (
            (topology.left_eye_ring, _EYE_GROWTH),
            (topology.right_eye_ring, _EYE_GROWTH),
            (topology.left_brow, _BROW_GROWTH),
            (topology.right_brow, _BROW_GROWTH),
        )
    ]
    return _mask_features(features, places, _NOSE_ROW, _NOSE_HALF_WIDTH)


def _beside_frames(places: Floats, topology: Topology) -> Floats:
    """Tell where broad dark lines are no frame: (h, w) float32, 1 there. A frame may hide brows."""
    eyes = [
        grow_outline(convex_hull(places[ring]), _FRAME_EYE_GROWTH)
        for ring in (topology.left_eye_ring, topology.right_eye_ring)
    ]
    left_out = _mask_features(eyes, places, _FRAME_NOSE_ROW, _FRAME_NOSE_HALF_WIDTH)
    left_out[:_FRAME_FIRST_ROW] = 1
    return left_out


def _mask_features(features: Sequence[Floats], places: Floats, nose_row: int, nose_half_width: int) -> Floats:
    """Draw features, the nose and what is below: (h, w) float32, 1 there."""
    left_out = fill_polygons(features, BAND_SIZE).astype(np.float32) / 255
    left_out[_LAST_ROW:] = 1
    middle = round(float(places[list(_INNER_CORNERS), 0].mean()))
    left_out[nose_row:, max(middle - nose_half_width, 0) : middle + nose_half_width] = 1
    return left_out


def _soften(mask: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), _SOFT_SIGMA), np.float32)


def _draw_rims(rims: Floats, sigma: float, factor: float, worn: float = 1.0) -> Pixels:
    """Draw lines (h, w) a little broader, and nothing at the border: (h, w) uint8."""
    grown = cv2.GaussianBlur(rims, (0, 0), sigma) * np.float32(factor)
    drawn = np.asarray(np.round(255 * worn * np.clip(grown, 0, 1)), np.uint8)
    drawn[[0, -1]], drawn[:, [0, -1]] = 0, 0
    return drawn


def _cut_band(image: Pixels, matrix: Floats) -> Floats:
    """Return the lightness of the band, in levels: (h, w) float32."""
    step = max(int(1 / float(np.hypot(matrix[0, 0], matrix[0, 1]))), 1)
    back = cv2.invertAffineTransform(matrix.astype(np.float64))
    ends = np.array([(0, 0), (BAND_SIZE[0], 0), (0, BAND_SIZE[1]), BAND_SIZE]) @ back[:, :2].T + back[:, 2]
    limit = np.array((image.shape[1], image.shape[0]))
    low = np.clip(np.floor(ends.min(0)).astype(int), 0, limit - 1)
    high = np.clip(np.ceil(ends.max(0)).astype(int) + 1, low + 1, limit)
    grey = cv2.cvtColor(np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]]), cv2.COLOR_RGB2GRAY)
    size = max(grey.shape[1] // step, 1), max(grey.shape[0] // step, 1)
    scale = np.array((grey.shape[1] / size[0], grey.shape[0] / size[1]))
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    # Pixel p of the smaller image is at p * scale + (scale - 1) / 2 + low of the frame.
    moved = np.array(matrix, np.float64)
    moved[:, 2] += matrix[:, :2] @ ((scale - 1) / 2 + low)
    moved[:, :2] *= scale
    band = cv2.warpAffine(grey, moved, BAND_SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(band, np.float32)


def _find_lines(band: Floats) -> Floats:
    """Tell where a band (h, w) has thin lines: (h, w) float32, 0 to 1."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_LINE_PIXELS, _LINE_PIXELS))
    dark = cv2.morphologyEx(band, cv2.MORPH_CLOSE, kernel) - band
    light = band - cv2.morphologyEx(band, cv2.MORPH_OPEN, kernel)
    around = cv2.blur(band, (_LOCAL_PIXELS, _LOCAL_PIXELS)) + _DARK_OFFSET_LEVELS
    noise = float(np.median(np.abs(band - cv2.blur(band, (_NOISE_PIXELS, _NOISE_PIXELS)))))
    faint = np.maximum(_FAINT, _NOISE_FACTOR * noise / around)
    return smoothstep(np.asarray((np.maximum(dark, light) / around - faint) / (_CLEAR - _FAINT), np.float32))


def _find_frames(band: Floats, broadest: int, faint: float, clear: float) -> Floats:
    """Tell where a band (h, w) has dark lines up to `broadest` pixels broad: (h, w) float32, 0 to 1."""
    smooth = cv2.GaussianBlur(band, (0, 0), _FRAME_SIGMA)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (broadest, broadest))
    dark = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, kernel) - smooth
    around = cv2.blur(smooth, (_LOCAL_PIXELS, _LOCAL_PIXELS)) + _DARK_OFFSET_LEVELS
    noise = float(np.median(np.abs(smooth - cv2.blur(smooth, (_FRAME_NOISE_PIXELS, _FRAME_NOISE_PIXELS)))))
    least = np.maximum(faint, _FRAME_NOISE_FACTOR * noise / around)
    return smoothstep(np.asarray((dark / around - least) / (clear - faint), np.float32))


def _glasses_share(lines: Floats, places: Floats, topology: Topology) -> float:
    """Tell how surely a face wears glasses, 0 to 1, by lines below its eyes and one across the root of the nose."""
    few, most = np.array([_FEW_BELOW, _FEW_ACROSS]), np.array([_MOST_BELOW, _MOST_ACROSS])
    shares = np.array(_line_shares(lines, places, topology))
    sure = smoothstep(np.asarray((shares - few) / (most - few), np.float32))
    return float(sure[0] * sure[1])


def _line_shares(lines: Floats, places: Floats, topology: Topology) -> tuple[float, float]:
    """Return in what share of the columns below the eyes, and across the root of the nose, there is a line."""
    # Runs of a line: specks of noise are none.
    runs = np.asarray(cv2.blur(lines, (_RUN_PIXELS, 1)), np.float32)
    shares, widths = [], []
    for ring in (topology.left_eye_ring, topology.right_eye_ring):
        eye = places[ring]
        middle, lid = round(float(eye[:, 0].mean())), round(float(eye[:, 1].max()))
        first_row = lid + _LID_MARGIN
        shares.append(
            _line_share(
                runs, first_row, first_row + _BELOW_ROWS, middle - _BELOW_COLUMNS, middle + _BELOW_COLUMNS
            )
        )
        widths.append(float(np.ptp(eye[:, 0])))
    below = float(np.dot(shares, widths)) / max(sum(widths), 1e-3)
    left, right = places[list(_INNER_CORNERS)]
    middle, row = round(float(left[0] + right[0]) / 2), round(float(left[1] + right[1]) / 2)
    half = max(round(_BRIDGE_SHARE * float(right[0] - left[0])), _LEAST_BRIDGE)
    across = _line_share(runs, row - _BRIDGE_ROWS, row + _BRIDGE_ROWS, middle - half, middle + half)
    return below, across


def _line_share(runs: Floats, top: int, bottom: int, left: int, right: int) -> float:
    """Return in what share of the columns of a part of the band there is a line."""
    part = runs[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    return float(part.max(0).mean()) if part.size else 0.0
