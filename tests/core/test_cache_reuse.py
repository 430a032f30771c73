# SPDX-License-Identifier: GPL-3.0-or-later
"""A new edit with frames of an analysed clip, pixel for pixel, analyses only the frames that are new."""

import shutil
from contextlib import closing
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.media.open import frame_id, open_clip, open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

COUNT = 15
GOP = 5
ANALYSIS = ("detect", "landmark", "embed")


class Project:
    """Frames of a face in motion, a person, and runs over clips of them with one cache."""

    def __init__(self, folder: Path) -> None:
        self.frames = write_sequence(folder / "frames", COUNT, 320)
        self.green = write_picture(folder / "green.png", make_up_portrait())

    def run(self, clip, cache: Path, steady: float = 1.5):
        """Make every layer of a clip; return how often each stage ran, and what was decoded."""
        recipe = with_settings(Recipe(), [f"landmark.steady={steady}"])
        casting = SwapRequest(Identity((FaceImage(self.green),)), recipe)
        with clip, closing(open_cache(CacheSettings(cache), schemas=STAGE_SCHEMAS)) as opened:
            pipeline = Pipeline(opened.store, embedded_models(), flight=opened.flight)
            for number in range(clip.info.frame_count):
                pipeline.execute(pipeline.plan(clip, number, [casting]))
            report = pipeline.report()
            pipeline.close()
        return {stage: counts["run"] for stage, counts in report.stages.items()}

    def movie(self, path: Path) -> Path:
        """Encode the frames with a closed group of pictures every GOP frames."""
        with av.open(str(path), "w") as container:
            stream = container.add_stream(
                "libx264", rate=25, options={"g": str(GOP), "bf": "0", "sc_threshold": "0"}
            )
            stream.width = stream.height = 320
            stream.pix_fmt = "yuv420p"
            for frame in self.frames:
                picture = np.ascontiguousarray(cv2.imread(str(frame))[..., ::-1])
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode(None))
        return path


def part(movie: Path, path: Path, first: int, end: int) -> Path:
    """Copy the packets of frames from `first`, a key frame, up to `end` into a file of their own."""
    with av.open(str(movie)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = sorted((p for p in source.demux(stream) if p.pts is not None), key=lambda p: p.pts)[
            first:end
        ]
        start = packets[0].pts
        for packet in packets:
            packet.pts, packet.dts, packet.stream = packet.pts - start, packet.pts - start, copy
            target.mux(packet)
    return path


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("project"))


def ids(clip):
    with clip:
        return [frame_id(clip.read(number)) for number in range(clip.info.frame_count)]


@pytest.mark.slow
def test_a_reordered_sequence_analyses_only_new_images(project, tmp_path):
    cache, old = tmp_path / "cache", project.frames[:10]
    assert project.run(open_sequence(old), cache, steady=0)["detect"] == 10
    # The same pictures under other names and in another order, one twice, with three that are new between.
    order = [7, 2, 10, 9, 0, 11, 1, 1, 8, 12, 3]
    edit = []
    for position, number in enumerate(order):
        edit.append(tmp_path / f"edit_{position:03d}.png")
        picture = cv2.imread(str(project.frames[number]))
        cv2.imwrite(str(edit[-1]), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])  # other bytes, the same pixels
    assert edit[0].read_bytes() != project.frames[7].read_bytes()
    runs = project.run(open_sequence(edit), cache, steady=0)
    assert {stage: runs[stage] for stage in (*ANALYSIS, "swap")} == dict.fromkeys((*ANALYSIS, "swap"), 3)
    again = project.run(open_sequence(edit), cache, steady=0)
    assert {stage: again[stage] for stage in (*ANALYSIS, "swap")} == dict.fromkeys((*ANALYSIS, "swap"), 0)


@pytest.mark.slow
def test_steadied_frames_are_swapped_again_only_where_their_neighbours_changed(project, tmp_path):
    cache = tmp_path / "cache"
    project.run(open_sequence(project.frames), cache)
    # A cut: frames 0 to 4, then 9 to 14. Steadying looks three frames to each side.
    runs = project.run(open_sequence([*project.frames[:5], *project.frames[9:]]), cache)
    assert {runs[stage] for stage in ANALYSIS} == {0}
    assert 1 <= runs["swap"] <= 6


@pytest.mark.slow
def test_a_stream_copied_part_is_known(project, tmp_path):
    movie = project.movie(tmp_path / "movie.mp4")
    whole = ids(open_clip(movie))
    copied = part(movie, tmp_path / "part.mp4", GOP, COUNT)
    assert ids(open_clip(copied)) == whole[GOP:]
    assert len(set(whole)) == COUNT
    cache = tmp_path / "cache"
    assert project.run(open_clip(movie), cache, steady=0)["detect"] == COUNT
    runs = project.run(open_clip(copied), cache, steady=0)
    assert {runs[stage] for stage in (*ANALYSIS, "swap")} == {0}


@pytest.mark.slow
def test_a_longer_part_analyses_what_the_shorter_did_not_have(project, tmp_path):
    movie = project.movie(tmp_path / "movie.mp4")
    cache = tmp_path / "cache"
    shorter = part(movie, tmp_path / "shorter.mp4", 0, 2 * GOP)
    longer = part(movie, tmp_path / "longer.mkv", GOP, COUNT)  # in another container
    assert project.run(open_clip(shorter), cache, steady=0)["detect"] == 2 * GOP
    runs = project.run(open_clip(longer), cache, steady=0)
    assert {stage: runs[stage] for stage in (*ANALYSIS, "swap")} == dict.fromkeys((*ANALYSIS, "swap"), GOP)


@pytest.mark.slow
def test_a_moved_and_renamed_clip_is_known(project, tmp_path):
    movie, cache = project.movie(tmp_path / "movie.mp4"), tmp_path / "cache"
    project.run(open_clip(movie), cache)
    (tmp_path / "elsewhere").mkdir()
    moved = shutil.copyfile(movie, tmp_path / "elsewhere" / "other name.mp4")
    runs = project.run(open_clip(Path(moved)), cache)
    assert {runs[stage] for stage in (*ANALYSIS, "swap")} == {0}
