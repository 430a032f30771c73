# SPDX-License-Identifier: GPL-3.0-or-later
"""The sets of landmarks other than FaceMesh's: which of their points are the eyes, the chin, the outline.

Sources: iBUG 300-W's 68 points, WFLW's 98, InsightFace's 106 and LivePortrait's 203, as their vendors number them.
Left and right are the image's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Indices = tuple[int, ...]


@dataclass(frozen=True)
class LandmarkSet:
    """Where to find what in a set. A place is the mean of its points."""

    left_eye: Indices
    right_eye: Indices
    nose: Indices
    mouth_left: Indices
    mouth_right: Indices
    chin: int
    jaw: Indices
    """From ear to ear, in any order."""

    def alignment_points(
        self, points: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"
    ) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        """Return the five points that faces are aligned by.

        Parameters
        ----------
        points : ndarray, shape (k, 2 or 3), float32
            Landmarks of this set, in frame pixels.

        Returns
        -------
        ndarray, shape (5, 2), float32
            The eye on the image's left, the one on its right, the nose, the mouth's left and right corner.
        """
        places = (self.left_eye, self.right_eye, self.nose, self.mouth_left, self.mouth_right)
        return np.asarray([points[list(place), :2].mean(0) for place in places], np.float32)


def _index_range(first: int, last: int) -> Indices:
    return tuple(range(first, last + 1))


LANDMARK_SETS: Mapping[int, LandmarkSet] = {
    68: LandmarkSet(_index_range(36, 41), _index_range(42, 47), (30,), (48,), (54,), 8, _index_range(0, 16)),
    98: LandmarkSet(_index_range(60, 67), _index_range(68, 75), (54,), (76,), (82,), 16, _index_range(0, 32)),
    106: LandmarkSet(_index_range(33, 42), _index_range(87, 96), (86,), (52,), (61,), 0, _index_range(0, 32)),
    203: LandmarkSet(
        _index_range(0, 23), _index_range(24, 47), (201,), (48,), (66,), 126, _index_range(108, 144)
    ),
}
"""By the number of their points."""
