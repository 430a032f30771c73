# SPDX-License-Identifier: GPL-3.0-or-later
"""A project of which one frame can't be made, and what was rendered of it."""

import shutil

import cv2
import numpy as np

BAD = 4
"""The frame whose image has another size."""
LAST = 6
STRICT_EXIT = 3


def make_damaged_project(driver, footage, name):
    """A folder with the frames as pictures, the fourth of another size, and steps that begin a project with them."""
    folder = driver.folder / name
    folder.mkdir()
    files = []
    for number, file in enumerate(footage.files[:LAST], 1):
        files.append(shutil.copy(file, folder))
        if number == BAD:
            # Blender shows it as it is. It may crash on one that is cut off (4.5.15), so that would not do.
            cv2.imwrite(files[-1], np.zeros((90, 160, 3), np.uint8))
    return folder, [
        ["project", {"size": [320, 240], "frames": [1, LAST], "save": str(folder / "p.blend")}],
        ["pictures", {"name": "clip", "files": files}],
        ["cast", {"name": "clip", "picture": footage.person}],
    ]


def rendered_frames(folder, prefix="out_"):
    return sorted(int(path.stem.rsplit("_", 1)[1]) for path in folder.glob(f"{prefix}*.png"))
