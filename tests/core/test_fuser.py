# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a face is fused, by the processor: the graph where it is trusted, else OpenCV."""

import numpy as np
from understudy.core.fusion.fuse import fuse_crop
from understudy.core.fusion.graph.feeds import feeds
from understudy.core.fusion.graph.fuser import Fuser, generate_trial_crop
from understudy.core.models.processor import Processor
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Fusion

from tests.core.fusion_faces import FUSER, TOPOLOGY


class OtherProcessorFuser(ModelPool):
    """A pool that takes its processor for CUDA's; its graphs run on the CPU all the same."""

    processor = Processor("cuda")

    def run_graph(self, graph, given):
        self.processor, wanted = Processor(), self.processor
        try:
            return super().run_graph(graph, given)
        finally:
            self.processor = wanted


class BrokenFuser(OtherProcessorFuser):
    """One whose processor multiplies wrongly."""

    def run_graph(self, graph, given):
        return [value + 2 for value in super().run_graph(graph, given)]


def test_where_a_graphics_processor_fuses_the_key_says_so() -> None:
    crop, landmarks, place = generate_trial_crop(TOPOLOGY)
    fuser = Fuser(OtherProcessorFuser(1), TOPOLOGY)
    assert fuser.key_inputs()["processor"] == "cuda"
    assert len(fuser.key_inputs()["graph"]) == 64
    assert fuser.key_inputs(deep=True)["graph"] != fuser.key_inputs()["graph"]
    for levels in (crop, crop.with_floats()):
        by_graph = FUSER.run_graph(feeds(levels, landmarks, place, Fusion(), TOPOLOGY))
        assert np.array_equal(fuser.fuse(levels, landmarks, place, Fusion()), by_graph)
    assert fuser.warnings == ()


def test_what_a_mask_adds_is_fused_alike_on_every_processor() -> None:
    crop, landmarks, place = generate_trial_crop(TOPOLOGY)
    added = np.zeros((place.height, place.width), np.float32)
    added[10:40, 10:40] = 1
    fuser = Fuser(OtherProcessorFuser(1), TOPOLOGY)
    by_opencv = fuse_crop(crop, landmarks, place, Fusion(), TOPOLOGY, added=added)
    assert fuser.uses_graph()
    assert np.array_equal(fuser.fuse(crop, landmarks, place, Fusion(), added=added), by_opencv)
    assert (by_opencv[12:38, 12:38, 3] == 255).all()


def test_a_processor_that_is_off_is_not_trusted() -> None:
    fuser = Fuser(BrokenFuser(1), TOPOLOGY)
    assert fuser.key_inputs() == {}
    assert len(fuser.warnings) == 1
    assert "cuda is" in fuser.warnings[0]
    assert fuser.key_inputs(deep=True) == {}
    assert "images of more than 8 bits are fused on the CPU: cuda is" in fuser.warnings[1]
    crop, landmarks, place = generate_trial_crop(TOPOLOGY)
    by_opencv = fuse_crop(crop.with_floats(), landmarks, place, Fusion(), TOPOLOGY)
    assert np.array_equal(fuser.fuse(crop.with_floats(), landmarks, place, Fusion()), by_opencv)
