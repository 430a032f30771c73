# SPDX-License-Identifier: GPL-3.0-or-later
"""Working ahead changes nothing: pictures and cache are, bit for bit, those of the straightforward path.

That path is the oracle here: one thread; each frame decoded, planned, made and written before the next is looked at.
"""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from understudy.core.cache.base.key import Key
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.tiers import open_local
from understudy.core.errors import ClipError
from understudy.core.export.frames import render_frames
from understudy.core.fusion.patch import composite_on_frame
from understudy.core.layers.job import LayerJob
from understudy.core.layers.label import layer_key
from understudy.core.layers.tiff import layer_pieces
from understudy.core.media.open import open_sequence
from understudy.core.media.prefetching_clip import PrefetchingClip
from understudy.core.media.source import ClipSource
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.prefetching_session import PrefetchingSession
from understudy.core.sessions.settings import RunSettings

FRAME_COUNT, BROKEN_FRAME = 9, 6
MEMORY_BYTES = 32 << 20


@dataclass(frozen=True)
class RenderOutput:
    """What a path made: layer images, finished frames and the cache they came with."""

    layers: dict[int, bytes]
    frames: dict[int, np.ndarray]
    cache: dict[str, dict[str, bytes]]


@dataclass(frozen=True)
class Scene:
    """A clip of a moving face of which one frame can't be read, and who plays the part."""

    paths: tuple[Path, ...]
    casting: SwapRequest

    def jobs(self, folder: Path, *settings: str) -> list[LayerJob]:
        source, casting = ClipSource(False, self.paths), self.casting
        if settings:
            casting = SwapRequest(casting.identity, with_settings(Recipe(), list(settings)))
        layers = folder / "project" / "layers" / "0123456789abcdef"
        return [
            LayerJob("clip", number + 1, source, number, layers / f"{number:06d}.tif", (casting,))
            for number in range(FRAME_COUNT)
        ]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene")
    frames = write_sequence(folder / "clip", FRAME_COUNT)
    frames[BROKEN_FRAME].write_bytes(frames[BROKEN_FRAME].read_bytes()[:200])
    return Scene(
        tuple(frames),
        SwapRequest(Identity((FaceImage(write_picture(folder / "green.png", make_up_portrait())),))),
    )


@pytest.fixture(scope="module")
def oracle(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> RenderOutput:
    folder = tmp_path_factory.mktemp("oracle")
    store, _ = open_local(folder / "cache", MEMORY_BYTES, schemas=STAGE_SCHEMAS)
    frames = {}
    with open_sequence(scene.paths) as clip, closing(store):
        pipeline = Pipeline(store, embedded_models())
        for number in range(FRAME_COUNT):
            with suppress(ClipError):
                plan = pipeline.plan(clip, number, [scene.casting])
                patch = pipeline.execute(plan)
                (folder / f"{number:06d}.tif").write_bytes(
                    b"".join(layer_pieces(plan.key.hex, patch, plan.size))
                )
                frames[number] = composite_on_frame(np.asarray(clip.read(number), np.uint8), patch)
        pipeline.close()
    assert len(frames) == FRAME_COUNT - 1
    return RenderOutput(layers_in(folder), frames, cache_in(folder / "cache"))


def layers_in(folder: Path) -> dict[int, bytes]:
    """The pictures without their labels, in which alone it says what was asked for."""
    pictures = {}
    for path in sorted(folder.rglob("*.tif")):
        if layer_key(path) is not None:
            picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            assert picture is not None
            pictures[int(path.stem)] = (layer_key(path) or "").encode() + picture.tobytes()
    return pictures


def cache_in(folder: Path) -> dict[str, dict[str, bytes]]:
    """All that is kept, but for the clip's facts, which only an editor's run keeps."""
    with closing(PackStore(folder)) as packs:
        texts = [entry.text for entry in packs.entries() if "stage=facts" not in entry.text]
        kept = {text: packs.get(Key(text)) or {} for text in texts}
    return {text: {name: array.tobytes() for name, array in arrays.items()} for text, arrays in kept.items()}


@pytest.mark.slow
@pytest.mark.parametrize("busy", [False, True])
def test_a_render_that_works_ahead_makes_the_same_layers_and_the_same_cache(
    scene: Scene, oracle: RenderOutput, tmp_path: Path, busy: bool
) -> None:
    """Beside a busy host too, where OpenCV keeps to one thread."""
    settings = RunSettings(CacheSettings(tmp_path / "cache", MEMORY_BYTES))
    session = PrefetchingSession(settings, busy_host=busy)
    jobs = scene.jobs(tmp_path)
    written = [session.update_layer(job, jobs[place:]) for place, job in enumerate(jobs, 1)]
    shown, report = session.outcomes, session.report()
    session.close()
    assert all(written)
    assert layers_in(tmp_path) == oracle.layers
    assert cache_in(tmp_path / "cache") == oracle.cache
    # Counted when it was asked for, each once.
    assert (shown.swapped_count, len(shown.failures), report.frames) == (FRAME_COUNT - 1, 1, FRAME_COUNT - 1)


@pytest.mark.slow
def test_opencv_keeps_to_one_thread_beside_a_busy_host_until_the_run_is_closed(
    scene: Scene, tmp_path: Path, set_opencv_threads: Callable[[int], None]
) -> None:
    settings = RunSettings(CacheSettings(tmp_path / "cache", MEMORY_BYTES))
    set_opencv_threads(3)
    with closing(PrefetchingSession(settings, busy_host=True)) as session:
        session.update_layer(scene.jobs(tmp_path)[0])
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == 3


@pytest.mark.slow
def test_what_was_expected_wrongly_changes_no_image(
    scene: Scene, oracle: RenderOutput, tmp_path: Path
) -> None:
    """A guess may even have written its picture; the right one takes its place."""
    session = PrefetchingSession(RunSettings(CacheSettings(tmp_path / "cache", MEMORY_BYTES)))
    guesses = scene.jobs(tmp_path, "fusion.blend=0.25")
    for place, job in enumerate(scene.jobs(tmp_path), 1):
        session.update_layer(job, guesses[place:])
    assert session.outcomes.swapped_count == FRAME_COUNT - 1
    session.close()
    # What was guessed may be ahead of what was asked for last, never behind.
    assert {number: layers_in(tmp_path)[number] for number in oracle.layers} == oracle.layers


@pytest.mark.slow
def test_a_image_written_ahead_is_reported_when_it_is_asked_for_even_if_it_was_dropped_meanwhile(
    scene: Scene, tmp_path: Path
) -> None:
    jobs = scene.jobs(tmp_path)
    with closing(PrefetchingSession(RunSettings(CacheSettings(tmp_path / "cache", MEMORY_BYTES)))) as session:
        assert session.update_layer(jobs[0], jobs[1:3])
        while layer_key(jobs[2].layer_path) is None:
            time.sleep(0.01)
        session.report()
        assert session.update_layer(jobs[5])
        made = session.write_count
        assert session.update_layer(jobs[2])
        assert session.write_count == made, "nothing was to be made: the picture is right as it lies there"
        assert not session.update_layer(jobs[2])


@pytest.mark.slow
def test_a_movie_rendered_ahead_has_the_same_frames_and_the_same_cache(
    scene: Scene, oracle: RenderOutput, tmp_path: Path
) -> None:
    store, _ = open_local(tmp_path / "cache", MEMORY_BYTES, schemas=STAGE_SCHEMAS)
    with PrefetchingClip(open_sequence(scene.paths)) as clip, closing(store):
        pipeline = Pipeline(store, embedded_models())
        with closing(render_frames(pipeline, clip, [scene.casting], range(FRAME_COUNT))) as finished:
            frames = {frame.number: frame for frame in finished}
        pipeline.close()
    assert cache_in(tmp_path / "cache") == oracle.cache
    assert list(frames) == list(range(FRAME_COUNT))
    assert [frame.number for frame in frames.values() if frame.fault] == [BROKEN_FRAME]
    for number, pixels in oracle.frames.items():
        assert np.array_equal(frames[number].pixels, pixels)


def test_the_next_run_goes_on_with_a_session_until_the_models_are_others(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    settings = RunSettings(CacheSettings(tmp_path / "cache"), model_folder=models, ignored=("left out",))
    with closing(PrefetchingSession(settings)) as session:
        session.warn("of the first run")
        session.outcomes.record_failure("no face", "frame 1: no face")
        assert session.renew()
        assert session.warnings == ("left out",)
        assert session.outcomes.failures == []
        (models / "new.onnx").write_bytes(b"a model")
        assert not session.renew()


def test_an_image_that_is_gone_is_made_again_or_its_frame_fails(scene: Scene, tmp_path: Path) -> None:
    jobs = scene.jobs(tmp_path)
    with closing(PrefetchingSession(RunSettings(CacheSettings(tmp_path / "cache")))) as session:
        assert session.update_layer(jobs[0], jobs[1:3])
        wait_for_images(jobs[1:3])
        image = jobs[1].layer_path.read_bytes()
        jobs[1].layer_path.unlink()
        assert session.update_layer(jobs[1], jobs[2:3])
        assert jobs[1].layer_path.read_bytes() == image
        assert session.record_gone(jobs[:2]) == session.outcomes.failures == []
        jobs[1].layer_path.write_bytes(b"")
        (text,) = session.record_gone(jobs[:2])
        assert session.outcomes.failures == [text]
        assert text == "clip, frame 2: its layer image was made, and is gone; the original is shown"


def wait_for_images(jobs: list[LayerJob]) -> None:
    end = time.monotonic() + 60
    while not all(job.layer_path.exists() for job in jobs):
        assert time.monotonic() < end
        time.sleep(0.01)
