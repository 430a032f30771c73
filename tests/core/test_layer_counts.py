# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers are counted by what their labels say."""

from pathlib import Path

import numpy as np
import pytest
from understudy.core.fusion.patch import Patch
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.job import LayerJob
from understudy.core.layers.label import INCOMPLETE_DIGEST, RequestSummary
from understudy.core.layers.tiff import layer_pieces
from understudy.core.media.source import ClipSource
from understudy.core.reporting.strip_state import FrameCounts
from understudy.core.sessions.layer_counts import count_layers, layer_contents
from understudy.core.sessions.request_digest import RequestDigester

STACK = "0123456789abcdef"
KEY = "a" * 64
OLD = "b" * 64
SIZE = (320, 240)


class Layers:
    """A folder of layers for one clip."""

    def __init__(self, folder: Path) -> None:
        clip = folder / "clip.mp4"
        clip.write_bytes(b"a clip")
        self.source = ClipSource(True, (clip,))
        self.folder = LayerFolder(folder / "understudy_cache", STACK)
        self.digester = RequestDigester(())

    def job(self, number: int) -> LayerJob:
        return LayerJob("clip", number + 1, self.source, number, self.folder.path / f"{number:06d}.tif", ())

    def write(self, number: int, faces: int, digest: str | None = "") -> None:
        """Write a layer with or without a face; for what is asked for now, for `digest`, or saying nothing of it."""
        asked = self.digester.digest(self.job(number)) if digest == "" else digest
        patch = Patch(100, 100, np.full((70, 70, 4), 255, np.uint8)) if faces else None
        summary = None if asked is None else RequestSummary(asked, faces, 0, 0)
        self.folder.write(f"{number:06d}.tif", *layer_pieces(KEY, patch, SIZE, summary))

    def count(self, total: int, *, any_request: bool = False) -> FrameCounts:
        jobs = map(self.job, range(total))
        return count_layers(
            layer_contents(jobs, self.digester, self.folder.peek_label, any_request=any_request)
        )


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    return Layers(tmp_path)


def test_images_are_counted_by_what_they_show(layers: Layers) -> None:
    layers.folder.add_placeholders([f"{number:06d}.tif" for number in range(6)])
    layers.write(0, 1)
    layers.write(1, 2)
    layers.write(2, 0)
    layers.write(3, 1, OLD)
    assert layers.count(7) == FrameCounts(7, swapped=2, no_face=1, outdated=1)
    assert layers.count(7).missing == 3
    assert layers.count(7, any_request=True) == FrameCounts(7, swapped=3, no_face=1)


def test_an_image_that_says_nothing_of_its_request_counts_as_the_others_do(layers: Layers) -> None:
    layers.write(0, 1, None)
    assert layers.count(1) == FrameCounts(1, swapped=1)
    layers.write(1, 1, OLD)
    assert layers.count(2) == FrameCounts(2, outdated=2)
    layers.write(2, 1)
    layers.write(3, 0, None)
    assert layers.count(4) == FrameCounts(4, swapped=2, no_face=1, outdated=1)


def test_an_image_that_is_cut_off_is_not_counted(layers: Layers) -> None:
    layers.write(0, 1)
    path = layers.folder.path / "000000.tif"
    path.write_bytes(path.read_bytes()[:-100])
    assert layers.count(1) == FrameCounts(1)


def test_a_clip_that_was_replaced_has_outdated_layers(layers: Layers) -> None:
    layers.write(0, 1)
    layers.source.paths[0].write_bytes(b"another clip")
    layers.digester = RequestDigester(())
    assert layers.count(1) == FrameCounts(1, outdated=1)


def test_an_image_that_lacks_a_face_is_not_ready(layers: Layers) -> None:
    layers.write(0, 1)
    layers.write(1, 1, INCOMPLETE_DIGEST)
    assert layers.count(2) == layers.count(2, any_request=True) == FrameCounts(2, swapped=1)
