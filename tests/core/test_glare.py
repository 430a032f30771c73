# SPDX-License-Identifier: GPL-3.0-or-later
"""A lamp that is brighter than the white of a face's view falls off over the face as in the plate, without an edge."""

import numpy as np
import pytest
from exr_files import write_exr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from understudy.core.cache.base.key import Key, Scalar
from understudy.core.fusion.glare import glare_gain, uncover_glare
from understudy.core.media.exr import decode_srgb
from understudy.core.media.source import light_reading
from understudy.core.pipeline.fuse_stage import complete_fusion_inputs
from understudy.core.recipe import Fusion, key_inputs

from tests.core.deep_clips import SIZE, DeepProject, ramp_lit_portrait

OUTLINE = np.array([(2, 1), (13, 1), (13, 14), (2, 14)], np.float32)
IMAGES = arrays(np.float32, (16, 16, 3), elements=st.floats(0, 255, width=32))
SHARES = arrays(np.float32, (16, 16), elements=st.floats(0, 1, width=32))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> DeepProject:
    return DeepProject(tmp_path_factory.mktemp("glare"))


@pytest.mark.parametrize(
    ("middle", "sigma", "peak"), [((215, 75), 14, 8.0), ((195, 130), 12, 4.0)], ids=["hairline", "cheek"]
)
def test_a_lamp_on_a_face_of_another_form_has_no_edge(
    project: DeepProject, middle: tuple[int, int], sigma: int, peak: float
) -> None:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    lamp = peak * np.exp(-((columns - middle[0]) ** 2 + (rows - middle[1]) ** 2) / (2 * sigma**2))
    plate = np.asarray(2 * decode_srgb(ramp_lit_portrait().astype(np.float32)) + lamp[..., None], np.float32)
    path = write_exr(project.folder / "lamp.exr", plate)
    layer, _ = project.layer(path, "swap.shape=1", reading=light_reading("Linear Rec.709"))
    assert project.warnings == []
    color, alpha = np.split(layer.astype(np.float32), [3], 2)
    assert (alpha > 0).sum() > 5000
    frame = plate * (1 - alpha) + color * alpha
    around = (
        slice(middle[1] - sigma, middle[1] + 2 * sigma),
        slice(middle[0] - sigma, middle[0] + sigma),
    )
    # Without what `glare` does it is 1.9 and 3.1 times that of the plate, with it 1.5.
    assert largest_step(frame[around]) < 1.7 * largest_step(plate[around])
    assert frame[around].max() > 0.95 * plate[around].max(), "the lamp is still there"


def largest_step(image: np.ndarray) -> float:
    """Return the largest difference of neighbors in green, down an image and across it."""
    green = image[..., 1]
    return max(float(np.abs(np.diff(green, axis=axis)).max()) for axis in (0, 1))


@settings(max_examples=30, deadline=None)
@given(IMAGES, IMAGES, SHARES)
def test_where_there_is_no_lamp_nothing_changes(
    target: np.ndarray, lit: np.ndarray, bare: np.ndarray
) -> None:
    none = np.zeros((16, 16), np.float32)
    assert (glare_gain(target, lit, bare, none, OUTLINE) == 1).all()
    assert np.array_equal(uncover_glare(bare, target, none), bare)


@settings(max_examples=30, deadline=None)
@given(IMAGES, SHARES, SHARES)
def test_light_that_is_the_targets_stays_and_no_cover_is_added(
    target: np.ndarray, bare: np.ndarray, share: np.ndarray
) -> None:
    assert glare_gain(target, target, bare, share, OUTLINE) == pytest.approx(1)
    assert (uncover_glare(bare, target, share) >= bare).all()
    assert np.array_equal(uncover_glare(bare, target / 2, share), bare), "nothing is white, so color tells"


@pytest.mark.parametrize(
    ("light", "has_shape", "is_named"),
    [(Key("light"), True, True), (Key("light"), False, False), (None, True, False)],
)
def test_keys_name_it_for_faces_of_another_form_in_clips_of_light_alone(
    light: Key | None, *, has_shape: bool, is_named: bool
) -> None:
    inputs: dict[str, Scalar | Key] = dict(key_inputs(Fusion()))
    complete_fusion_inputs(inputs, Fusion(), (), light, has_shape=has_shape)
    assert ("glare" in inputs) == is_named
    assert inputs.get("light") == light
