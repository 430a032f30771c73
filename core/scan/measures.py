# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of a face in a frame, and from which value on that is a problem."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_MAD_TO_SIGMA = 1.4826
"""How many median absolute deviations of a normal distribution are its standard deviation, inverted."""
_SIGMA_COUNT = 6.0
_MIN_VALUE_COUNT = 8
"""A shot with fewer values has no statistics of its own."""


@dataclass(frozen=True)
class Measure:
    """One number that is known of a face in a frame.

    Attributes
    ----------
    name : str
        Its name in reports.
    label : str
        What people read.
    unit : str
        What it is counted in.
    never : float
        A value on the good side of this is no problem, however unusual it is in its shot.
    always : float
        A value on the bad side of this is a problem, however usual. Where it is below `never`, low values are bad. What
        lies between is a problem where it is far from the shot's median.
    digits : int
        How many decimal places are shown.
    is_change : bool
        Whether it is how far a frame is from the middle between its neighbors: then these are far from theirs as well,
        half as far.
    is_cover : bool
        Whether it tells that something is before the face: where a mask drawn by hand covers that, it is no problem.
    """

    name: str
    label: str
    unit: str
    never: float
    always: float
    digits: int = 1
    is_change: bool = False
    is_cover: bool = False

    @property
    def is_low_bad(self) -> bool:
        """Whether low values are the bad ones."""
        return self.always < self.never

    def limit(self, values: npt.NDArray[np.float32]) -> float:
        """Return from which value on this is a problem in a shot.

        Parameters
        ----------
        values : ndarray, shape (n,), float32
            All that was measured of one person in the shot; NaN where nothing was.

        Returns
        -------
        float
            The median and six standard deviations, as the median absolute deviation estimates them, kept between
            `never` and `always`; `always` where the shot has too few values to tell.
        """
        known = values[np.isfinite(values)]
        if len(known) < _MIN_VALUE_COUNT:
            return self.always
        median = float(np.median(known))
        reach = _SIGMA_COUNT * _MAD_TO_SIGMA * float(np.median(np.abs(known - median)))
        if self.is_low_bad:
            return min(max(median - reach, self.always), self.never)
        return max(min(median + reach, self.always), self.never)

    def is_beyond(self, values: npt.NDArray[np.float32], limit: float) -> npt.NDArray[np.bool_]:
        """Tell of each value whether it is on the bad side of a limit; of NaN it is not."""
        return values < limit if self.is_low_bad else values > limit


# Tuned on the reference footage, with the frames that were called clean and bad by eye before.
FACE_MEASURES = (
    Measure("detection", "Detection score", "", 0.72, 0.53, 2),
    Measure("landmarks", "Landmark score", "", 0.95, 0.80, 2),
    Measure("likeness", "Likeness to the person", "", 0.80, 0.45, 2),
    Measure("jump", "Jump of the points", "% of the face's height", 2.0, 12.0, is_change=True),
    Measure("size", "Jump of the size", "%", 5.0, 20.0, is_change=True),
    Measure("turn", "Jump of the pose", "°", 6.0, 20.0, is_change=True),
    Measure("yaw", "Turned to the side", "°", 50.0, 50.0, 0),
    Measure("pitch", "Turned up or down", "°", 40.0, 40.0, 0),
    Measure("roll", "Tipped", "°", 75.0, 75.0, 0),
    Measure("border", "Outside the frame", "% of its points", 15.0, 15.0, 0),
    Measure("area", "Jump of the area", "%", 10.0, 25.0, is_change=True, is_cover=True),
    Measure("light", "Jump of light and color", "", 2.5, 6.0, is_change=True),
    Measure("swap", "Jump of the new face", "levels", 6.0, 16.0, is_change=True),
    Measure("sharpness", "Sharpness", "", 0.5, 0.22, 2),
    Measure("cover", "Covered", "% of the face", 32.0, 45.0, 0, is_cover=True),
    Measure("height", "Height", "px", 48.0, 32.0, 0),
)
"""What is measured of each face, in the order of a row."""

MISSING = Measure("missing", "Not found", "frames", 0.0, 0.0, 0)
"""A person who is seen before and after: how many frames they are not found for."""
GAINED = Measure("gained", "Seen for a moment", "frames", 3.0, 3.0, 0)
"""A face that was seen for so few frames that it may be none."""
REFUSED = Measure("refused", "Detected, but without landmarks", "score", 0.6, 0.6, 2)
"""What the detector takes for a face and the landmarker does not, as a profile."""
MEASURES = {measure.name: measure for measure in (*FACE_MEASURES, MISSING, GAINED, REFUSED)}
