# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the layer images of two providers are apart."""

from pathlib import Path

import cv2
import numpy as np


def layer_differences(folder: Path, other: Path) -> dict[str, float]:
    """Compare the layer images of one name in two folders, where both have cover.

    Parameters
    ----------
    folder, other : pathlib.Path
        The folders.

    Returns
    -------
    dict of str to float
        `max` and `mean`, in 255ths, over all images and colors; none where no image is in both, or sizes differ.
    """
    most, sums, count = 0.0, 0.0, 0
    for path in sorted(folder.glob("*.tif")):
        images = [cv2.imread(str(one / path.name), cv2.IMREAD_UNCHANGED) for one in (folder, other)]
        if any(image is None for image in images) or images[0].shape != images[1].shape:
            continue
        whole = 65535 if images[0].dtype == np.uint16 else 255
        covered = (images[0][..., 3] == whole) & (images[1][..., 3] == whole)
        apart = np.abs(images[0].astype(float) - images[1])[covered][:, :3] * 255 / whole
        if apart.size:
            most = max(most, float(apart.max()))
            sums, count = sums + float(apart.sum()), count + apart.size
    return {"max": round(most, 3), "mean": round(sums / count, 4)} if count else {}
