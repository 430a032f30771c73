# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender without Understudy shows stripes instead of the original face, where the project's user wants that."""

import numpy as np
import pytest
from understudy.core.layers.placeholder import PLACEHOLDER, VISIBLE_BYTES

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

FRAMES = 4
PREPARED = 2


def begin(driver, footage, name, choice):
    """A project of which one frame was prepared before it was saved."""
    folder = driver.folder / name
    folder.mkdir()
    blend = str(folder / "p.blend")
    driver(
        ["project", {"size": [320, 240], "frames": [1, FRAMES], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["setup", {"understudy__placeholder": choice}],
        ["render", {"out": str(folder / "here.png"), "how": "still", "frame": PREPARED}],
        ["save", {}],
    )
    return folder, blend


def is_striped(picture):
    """Tell whether all of a picture is magenta or black."""
    red, green, blue = np.moveaxis(picture.astype(int), -1, 0)
    ours = (green < 16) & (abs(red - blue) < 16) & ((red > 239) | (red < 16))
    return ours.mean() > 0.99 and 0.3 < (red > 239).mean() < 0.7


def render_without(driver, blend, prefix):
    driver(["without_understudy", {"path": blend}], ["render", {"out": driver.out(prefix)}])
    return driver.pictures(prefix, FRAMES)


def test_what_was_not_prepared_is_seen_where_nobody_can_make_it(every_blender, footage):
    _, blend = begin(every_blender, footage, "visible", "VISIBLE")
    pictures = render_without(every_blender, blend, "without")
    assert [is_striped(pictures[frame]) for frame in range(1, FRAMES + 1)] == [
        frame != PREPARED for frame in range(1, FRAMES + 1)
    ]
    # With Understudy it is made as ever.
    every_blender(["load", {"path": blend}], ["render", {"out": every_blender.out("with")}])
    assert not any(map(is_striped, every_blender.pictures("with", FRAMES).values()))


def test_the_choice_can_be_taken_back(drive, footage):
    folder, blend = begin(drive, footage, "taken back", "VISIBLE")
    drive(["load", {"path": blend}], ["setup", {"understudy__placeholder": "TRANSPARENT"}], ["save", {}])
    assert not any(map(is_striped, render_without(drive, blend, "again").values()))
    sizes = {path.stat().st_size for path in folder.glob("understudy_cache/layers/*/*.tif")}
    assert min(sizes) == len(PLACEHOLDER)
    assert VISIBLE_BYTES not in sizes


def test_saved_in_another_folder_it_shows_stripes_there_too(drive, footage):
    _, blend = begin(drive, footage, "first place", "VISIBLE")
    other = drive.folder / "second place"
    other.mkdir()
    drive(["load", {"path": blend}], ["save", {"path": str(other / "p.blend")}])
    sizes = [path.stat().st_size for path in sorted(other.glob("understudy_cache/layers/*/*.tif"))]
    assert sizes.count(VISIBLE_BYTES) == len(sizes) - 1


def test_a_purge_leaves_stripes_and_takes_faces_out(drive, footage):
    folder, blend = begin(drive, footage, "purged", "VISIBLE")
    drive(["load", {"path": blend}], ["op", {"name": "understudy.purge", "active": "clip", "what": "ALL"}])
    sizes = {path.stat().st_size for path in folder.glob("understudy_cache/layers/*/*.tif")}
    assert sizes == {len(PLACEHOLDER), VISIBLE_BYTES}
