# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an image of a face shows its skin, and where hair, a hand or an object covers it; without a model.

Skin is told by its colour, learned anew from patches all over every image's own face, so no tone is
favoured. Brows, eyes and lips differ from skin in colour and yet belong to the face: there, what surrounds
them decides.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..face.types import Floats, Pixels
from .channels import add_channels
from .crop import scale_points
from .face_features import feature_groups, feature_mask, feature_outline
from .mesh_raster import fill_polygons
from .mesh_topology import Topology
from .mouth_cover import hide_mouth
from .outline import convex_hull
from .skin_tolerance import inner_tolerance

_SKIN_DISTANCE, _COVER_DISTANCE = 2.0, 3.3
# Least and most spread of a skin's lightness, chroma, and difference in hue, in units of CIELAB.
_MIN_SPREAD = np.array([11.0, 4.0, 2.8], np.float32)
_MAX_SPREAD = np.array([16.0, 7.0, 3.5], np.float32)
_HIGHLIGHT_TOLERANCE = 2.2
# Patches all over the face: forehead, cheeks, nose, upper lip, chin, jaw. Whatever covers some, most are skin.
_PATCH_INDICES = np.array(
    [9, 151, 104, 333, 123, 352, 50, 280, 187, 411, 5, 206, 426, 199, 169, 394], np.int32
)
# Which features lie beside each patch, as indices into `feature_groups`: 0, 1 the brows, 2, 3 the eyes (left,
# right), 4 the lips, 5 the nose. A patch whose features can't be seen is likely covered like them.
# 6 stands for none.
_FEATURES_BESIDE = np.array([
    (0, 1, 6), (0, 1, 6), (0, 6, 6), (1, 6, 6), (2, 6, 6), (3, 6, 6), (2, 4, 5), (3, 4, 5), (4, 5, 6), (4, 5, 6),
    (2, 3, 5), (4, 5, 6), (4, 5, 6), (4, 6, 6), (4, 6, 6), (4, 6, 6),
])  # fmt: skip
_BESIDE_COUNTS = (_FEATURES_BESIDE < 6).sum(1).astype(np.float32)
_FLAT_SPREAD, _VIVID_SPREAD = 1.5, 5.0
_PLAIN_SPREAD, _BARELY_SHADED_SPREAD, _SHADED_SPREAD = 0.15, 0.22, 0.5
_PATCH_RADIUS = 0.045
_SIMILAR_COLOUR_DISTANCE = 5.5
# Lightness differs over a face far more than colour does.
_CHANNEL_WEIGHTS = np.array([0.3, 1.0, 1.0], np.float32)
# Skin of every tone is between pink and yellow under ordinary light: angles in the a, b plane of CIELAB.
_SKIN_HUES_DEGREES = (-10.0, 90.0)
_MIN_COVER_SIZE = 0.035


def skin_likeness(
    image: Pixels,
    points: Floats,
    sample_weight: Floats,
    topology: Topology,
    tolerance: float | Floats = 1.0,
    features: Pixels | None = None,
) -> Floats:
    """Tell how much each pixel looks like a face's skin.

    Structures thinner than 3.5 % of the face's width are not told apart.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The image, RGB; best at about 128 pixels.
    points : ndarray, shape (>=468, 2), float32
        The mesh, in its pixels.
    sample_weight : ndarray, shape (H, W), float32
        Which pixels may be learned from, 0 to 1.
    topology : Topology
        The mesh's parts.
    tolerance : float or ndarray, shape (H, W), float32
        Above 1 it takes stubble, make-up and deep shade for skin.
    features : ndarray, shape (H, W), uint8, optional
        The `feature_mask` of the image, where the caller has it.

    Returns
    -------
    ndarray, shape (H, W), float32
        1 for skin (and features within it), 0 for what covers it.
    """
    size = image.shape[1], image.shape[0]
    soft = cv2.GaussianBlur(image, (0, 0), max(0.006 * image.shape[0], 0.3))
    lab = np.asarray(cv2.cvtColor(soft.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    features = feature_mask(points, size, topology) if features is None else features
    skin = _learn_skin(
        lab, points, sample_weight * (features == 0), _feature_visibility(lab, points, topology)
    )
    if skin is None:
        return np.ones(image.shape[:2], np.float32)
    off = _skin_distance(lab, skin)
    far = (off / tolerance - _SKIN_DISTANCE) / (_COVER_DISTANCE - _SKIN_DISTANCE)
    raw = np.asarray(1 - np.clip(far, 0, 1), np.float32)
    width = max(float(np.ptp(points[:468, 0])), 8.0)
    likeness = _close_small_holes(raw * _shading_map(lab, width), width)
    around = _fill_features(likeness, (features == 0).astype(np.float32), width)
    return np.asarray(np.where(features > 0, around, likeness), np.float32)


def unoccluded_mask(
    image: Pixels, points: Floats, size: tuple[int, int], topology: Topology, *, is_lenient: bool = False
) -> Pixels:
    """Tell where nothing covers a face.

    The answer depends on the image and the points alone: another source or a softer mask changes nothing about it.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        An image, RGB, that shows what a larger one does.
    points : ndarray, shape (>=468, 2 or 3), float32
        The mesh, in the larger image's pixels.
    size : tuple of int
        Width and height of the larger image in pixels.
    topology : Topology
        The mesh's parts.
    is_lenient : bool
        Whether colours well within the face may differ more, see `inner_tolerance`.

    Returns
    -------
    ndarray, shape (H, W), uint8
        255 for bare skin, as large as `image`.
    """
    small = image.shape[1], image.shape[0]
    scaled = scale_points(points, size, small)
    valid = fill_polygons([convex_hull(scaled[topology.oval])], small).astype(np.float32) / 255
    tolerance = inner_tolerance(scaled, small, topology) if is_lenient else 1.0
    likeness = skin_likeness(image, scaled, valid, topology, tolerance)
    likeness = hide_mouth(likeness, image, scaled, topology) if is_lenient else likeness
    # Drawn in by a pixel: the edge of what covers the face is mixed with skin.
    soft = cv2.GaussianBlur(cv2.erode(likeness, np.ones((3, 3), np.uint8)), (0, 0), 1.0)
    return np.asarray(np.round(soft * 255), np.uint8)


@dataclass(frozen=True, eq=False)
class _SkinModel:
    """What was learned: the middle colour (3,) CIELAB, and colours (n, 3) of it with how far they count (n,)."""

    median: Floats
    colours: Floats
    weights: Floats


def _learn_skin(
    lab: Floats, points: Floats, sample_weight: Floats, feature_visibility: Floats
) -> _SkinModel | None:
    """Learn the skin from patches all over the face: those count that agree with most others.

    Nothing here jumps: a patch that slowly comes to differ slowly ceases to count, or the mask would flicker.
    """
    width = max(float(np.ptp(points[:468, 0])), 8.0)
    radius = max(round(_PATCH_RADIUS * width), 1)
    step = np.arange(-radius, radius + 1)
    centres = np.round(points[_PATCH_INDICES, :2]).astype(int)
    shape = (len(_PATCH_INDICES), len(step), len(step))
    rows = np.broadcast_to(centres[:, 1, None, None] + step[:, None], shape)
    columns = np.broadcast_to(centres[:, 0, None, None] + step[None, :], shape)
    inside = (rows >= 0) & (rows < lab.shape[0]) & (columns >= 0) & (columns < lab.shape[1])
    rows, columns = np.clip(rows, 0, lab.shape[0] - 1), np.clip(columns, 0, lab.shape[1] - 1)
    shares = (np.minimum(sample_weight[rows, columns] / 0.5, 1) * inside).reshape(len(_PATCH_INDICES), -1)
    colours = lab[rows, columns].reshape(len(_PATCH_INDICES), -1, 3)
    if float(shares.mean()) < 0.01:
        return None
    trust = shares.sum(1) / shares.shape[1] * _patch_visibility(feature_visibility)
    means = (colours * shares[..., None]).sum(1) / np.maximum(shares.sum(1, keepdims=True), 1e-6)
    hues = np.degrees(np.arctan2(means[:, 2], means[:, 1]))
    off_hue = np.maximum(np.maximum(_SKIN_HUES_DEGREES[0] - hues, hues - _SKIN_HUES_DEGREES[1]), 0)
    trust = trust * (0.02 + np.exp(-((off_hue / 15) ** 2))) * _patch_shading(colours)
    middle = _geometric_median(means, trust)
    apart = np.linalg.norm((means - middle) * _CHANNEL_WEIGHTS, axis=1)
    counts = trust * np.exp(-((apart / _SIMILAR_COLOUR_DISTANCE) ** 2) / 2) + 1e-9
    middle = (means * counts[:, None]).sum(0) / counts.sum()
    weights = (shares * counts[:, None]).ravel() + 1e-12
    return _SkinModel(
        middle.astype(np.float32), colours.reshape(-1, 3), (weights / weights.sum()).astype(np.float32)
    )


def _patch_visibility(feature_visibility: Floats) -> Floats:
    """Tell how well the features beside each patch can be seen, (n,): the square of their mean."""
    # A sum over each patch's own features takes ten times as long.
    beside = np.append(feature_visibility, np.float32(0))[_FEATURES_BESIDE]
    means = (beside[:, 0] + beside[:, 1] + beside[:, 2]) / _BESIDE_COUNTS
    return np.array([mean**2 for mean in means])


def _patch_shading(colours: Floats) -> Floats:
    """Tell how far each patch of (n, k, 3) CIELAB has shades, (n,) in .02..1: skin never is one plain colour."""
    spread = np.linalg.norm(colours.std(1), axis=1)
    return np.asarray(
        np.clip((spread - _PLAIN_SPREAD) / (_SHADED_SPREAD - _PLAIN_SPREAD), 0.02, 1), np.float32
    )


def _shading_map(lab: Floats, width: float) -> Floats:
    """Tell where (h, w, 3) CIELAB has any shades within a small distance: (h, w) in 0..1, 0 in one plain colour."""
    side = max(round(_PATCH_RADIUS * width), 1) * 2 + 1
    mean = cv2.blur(lab, (side, side))
    spread = np.sqrt(np.maximum(add_channels(cv2.blur(lab * lab, (side, side)) - mean * mean), 0))
    # A cover's plain inside is found; its edge, where a window sees skin too, is grown into.
    plain = 1 - np.clip((spread - _PLAIN_SPREAD) / (_BARELY_SHADED_SPREAD - _PLAIN_SPREAD), 0, 1)
    return np.asarray(1 - cv2.dilate(plain, np.ones((side, side), np.uint8)), np.float32)


def _geometric_median(colours: Floats, weights: Floats) -> Floats:
    """Return the geometric median (3,) of (n, 3) colours: half of them may be wrong. Source: Weiszfeld, 1937."""
    shares = weights[:, None] / weights.sum()
    middle = (colours * shares).sum(0)
    for _ in range(12):
        away = (colours - middle) * _CHANNEL_WEIGHTS
        near = shares / (np.sqrt(np.add.reduce(away * away, 1, keepdims=True)) + 1.0)
        middle = np.add.reduce(colours * near, 0) / np.add.reduce(near, None)
    return np.asarray(middle, np.float32)


def _skin_distance(lab: Floats, skin: _SkinModel) -> Floats:
    """Return how many spreads each colour of (h, w, 3) CIELAB is away from the skin."""
    middle = skin.median
    chroma = max(float(np.hypot(middle[1], middle[2])), 1e-3)
    along = middle[1:] / chroma
    across = np.array([-along[1], along[0]], np.float32)

    def colour_offsets(colours: Floats) -> tuple[Floats, Floats, Floats]:
        # Shade takes chroma away with lightness, by about its square root.
        shade = np.sqrt(np.clip(colours[..., 0] / max(float(middle[0]), 1.0), 0.3, 1.2))
        return (
            colours[..., 0] - middle[0],
            colours[..., 1:] @ along - chroma * shade,
            colours[..., 1:] @ across,
        )

    scatter = np.sqrt(skin.weights @ np.stack(colour_offsets(skin.colours), -1) ** 2)
    spreads = np.clip(scatter, _MIN_SPREAD, _MAX_SPREAD)
    # In planes: NumPy takes five times as long along an axis of three.
    light, vivid, hue = (off / spread for off, spread in zip(colour_offsets(lab), spreads, strict=True))
    # A highlight is lighter and paler than the middle, a blush more vivid: skin all the same.
    lighter = np.clip(light * 2, 0, 1)
    light /= 1 + (_HIGHLIGHT_TOLERANCE - 1) * lighter
    vivid /= 1 + (_HIGHLIGHT_TOLERANCE - 1) * np.maximum(lighter, vivid > 0)
    return np.asarray(np.sqrt(light * light + vivid * vivid + hue * hue), np.float32)


def _feature_visibility(lab: Floats, points: Floats, topology: Topology) -> Floats:
    """Tell how vivid each feature is, (6,) in .02..1: eyes, lips and brows differ from skin, a cover is plain."""
    vivid, lightness = [], np.ascontiguousarray(lab[..., 0])
    for group in feature_groups(topology):
        inside = fill_polygons([feature_outline(points[group])], (lab.shape[1], lab.shape[0]))
        spread = _standard_deviation(lightness[inside > 0])
        vivid.append(min(max((spread - _FLAT_SPREAD) / (_VIVID_SPREAD - _FLAT_SPREAD), 0.02), 1.0))
    return np.asarray(vivid, np.float32)


def _standard_deviation(values: Floats) -> float:
    """Return what `std` does of values (n,), which takes three times as long on so few; 0 of none."""
    if not len(values):
        return 0.0
    away = values - np.add.reduce(values) / np.float32(len(values))
    return float(np.sqrt(np.add.reduce(away * away) / np.float32(len(values))))


def _close_small_holes(likeness: Floats, width: float) -> Floats:
    """Close holes smaller than the smallest cover we believe in: moles, wrinkles, highlights."""
    side = max(int(_MIN_COVER_SIZE * width), 1) * 2 + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.morphologyEx(likeness, cv2.MORPH_CLOSE, kernel), np.float32)


def _fill_features(likeness: Floats, weight: Floats, width: float) -> Floats:
    """Spread what is known of the likeness into the features from their surroundings."""
    soft = max(0.05 * width, 1.0)
    total = cv2.GaussianBlur(weight, (0, 0), soft) + 1e-4
    near = (cv2.GaussianBlur(likeness * weight, (0, 0), soft) + 1e-4) / total
    return np.asarray(np.clip((near - 0.25) / 0.3, 0, 1), np.float32)
