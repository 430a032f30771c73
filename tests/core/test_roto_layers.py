# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks drawn by hand in layers: at the cost of a fuse they show the original, or the new face, where the face goes."""

from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
import pytest
from understudy.core.cache.settings import CacheSettings
from understudy.core.cli.main import main
from understudy.core.export.inputs import face_images
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe, with_value
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings

from tests.core import face_clip
from tests.core.layer_images import update_layers
from tests.core.rendered_clip import FRAMES, folder, pictures
from tests.core.roto_masks import mask, rectangle, text

__all__ = ["folder"]
pytestmark = pytest.mark.slow


def left_half(number):
    """The left half of the face in a frame, and some more to the left."""
    left, top, right, bottom = face_clip.face_box(number)
    return left - 40, top - 60, (left + right) // 2, bottom + 50


def _alpha(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., 3].astype(int)


@pytest.fixture(scope="module")
def update(folder, tmp_path_factory):
    """Make the layers of a request; return which were written, which stages ran, and the layers' alpha by frame."""
    home = tmp_path_factory.mktemp("roto")

    def run(request, frames=range(FRAMES)):
        made = update_layers(folder, home, request, frames)
        return made.written, made.stages, {number: _alpha(path) for number, path in made.paths.items()}

    return run


@pytest.fixture(scope="module")
def plain(folder):
    """A request without masks."""
    return SwapRequest(Identity(face_images([folder / "red.png"], [])))


def within(alpha, box, inset=4):
    left, top, right, bottom = box
    return alpha[top + inset : bottom - inset, left + inset : right - inset]


def test_a_mask_costs_a_fuse_and_its_removal_brings_all_back(update, plain):
    """A change of a keyframe makes only those frames anew that it changes."""
    _, _, before = update(plain)
    keys = [(6, rectangle(*left_half(6))), (8, rectangle(*left_half(8)))]
    masked = replace(plain, roto=text(mask(*keys)))
    written, stages, after = update(masked)
    assert (written, stages) == (list(range(FRAMES)), {"fuse": FRAMES})
    for number in (6, 7, 8):
        assert not within(after[number], left_half(number)).any()
        beside = np.index_exp[:, left_half(number)[2] + 4 :]
        assert np.array_equal(after[number][beside], before[number][beside])
        assert within(before[number], left_half(number)).max() == 255
    assert update(masked)[:2] == ([], {})
    other = replace(plain, roto=text(mask(keys[0], (8, rectangle(*left_half(9))))))
    assert update(other)[:2] == (list(range(7, FRAMES)), {"fuse": FRAMES - 7})
    written, stages, removed = update(plain)
    assert (written, stages) == (list(range(FRAMES)), {"fuse": FRAMES})
    assert all(np.array_equal(removed[number], before[number]) for number in range(FRAMES))


@pytest.mark.parametrize("follow", ["position", "similarity", "surface"])
def test_a_mask_goes_where_the_face_goes(update, plain, follow):
    """Drawn in the first frame, it covers the left half of the face 11 frames later, and no more than that."""
    asked = replace(plain, roto=text(mask((0, rectangle(*left_half(0))), follow=follow)))
    _, _, alpha = update(asked, (0, FRAMES - 1))
    _, _, still = update(replace(asked, roto=text(mask((0, rectangle(*left_half(0)))))), (FRAMES - 1,))
    _, _, bare = update(plain, (FRAMES - 1,))
    for number in alpha:
        assert not within(alpha[number], left_half(number), 8).any()
    last = FRAMES - 1
    _, top, right, bottom = left_half(last)
    beside = np.index_exp[:, right + 8 :]
    assert np.array_equal(alpha[last][beside], bare[last][beside])
    assert within(
        still[last], (left_half(0)[2], top, right, bottom)
    ).any()  # that one stayed where it was drawn


def test_a_mask_whose_face_is_missing_where_it_was_drawn_holds_its_place(update, plain):
    box = rectangle(*left_half(5))
    _, _, kept = update(replace(plain, roto=text(mask((0, box)))), (5,))
    _, _, beyond = update(replace(plain, roto=text(mask((9000, box), follow="surface"))), (5,))
    assert np.array_equal(kept[5], beyond[5])


def test_a_mask_that_adds_shows_the_new_face_where_the_modifier_hides_it(update, plain):
    hidden = replace(plain, recipe=with_value(Recipe(), "fusion.mask_nose", value=False))
    left, top, right, bottom = face_clip.face_box(3)
    box = left + 20, top + 35, right - 20, bottom - 30
    _, _, before = update(hidden, (3,))
    _, stages, after = update(replace(hidden, roto=text(mask((3, rectangle(*box)), mode="add"))), (3,))
    assert stages == {"fuse": 1}
    assert within(before[3], box).min() < 20
    assert within(after[3], box).min() >= 254
    far = np.index_exp[: box[1] - 4]
    assert np.array_equal(before[3][far], after[3][far])


def test_masks_that_are_none_show_the_original_and_say_why(folder, plain, tmp_path):
    """As a damaged project may have them; it is said in one line, and no frame fails in another way."""
    with closing(LayerSession(RunSettings(CacheSettings(tmp_path / "cache")))) as session:
        layer = tmp_path / "cache" / "layers" / ("b" * 16) / "000000.tif"
        damaged = replace(plain, roto='{"masks": [{"layers": 5}]}')
        session.update_layer(
            LayerJob("clip", 1, ClipSource(True, (folder / "clip.mp4",)), 0, layer, (damaged,))
        )
        (warning,) = session.warnings
    assert warning.startswith("clip, frame 1: mask 1: layers is no list")
    assert warning.endswith("the original is shown")


def test_the_command_line_takes_a_file_of_masks(folder, capsys):
    (folder / "masks.json").write_text(text(mask((0, rectangle(*left_half(0))), follow="surface")))
    (folder / "damaged.json").write_text('{"masks": [{"mode": "take"}]}')
    command = ["render", folder / "clip.mp4", "--face", folder / "red.png", "--output", folder / "roto_%02d.png",
               "--end", "3", "--quiet", "--roto"]  # fmt: skip
    assert main([*map(str, command), str(folder / "masks.json")]) == 0
    originals = pictures(folder / "clip.mp4")[1]
    for number in range(3):
        image = pictures(folder / f"roto_{number:02d}.png")[1][0].astype(int)
        changed = np.abs(image - originals[number]).max(2)
        assert not within(changed, left_half(number), 8).any()
        assert changed.max() > 50
    assert main([*map(str, command), str(folder / "damaged.json")]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "damaged" in line]
    assert "damaged.json: mask 1: " in line
