# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendering with a cache in trouble: the frames are those of a render without a cache, bit for bit."""

import shutil
import threading
from contextlib import closing
from pathlib import Path

import pytest
from footage.portrait import make_up_portrait, write_picture, write_sequence
from small_disk import mount_small_disk
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.export.frames import render_frames
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

pytestmark = pytest.mark.slow


COUNT = 8


class Clock:
    """A clock that stands still unless the test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Project:
    """A clip, a person, and renders of the one with the other."""

    def __init__(self, folder: Path, count: int = COUNT) -> None:
        self.count = count
        self.paths = write_sequence(folder / "clip", count)
        self.casting = SwapRequest(
            Identity((FaceImage(write_picture(folder / "green.png", make_up_portrait())),))
        )
        self.wanted = [frame.pixels.tobytes() for frame in self.frames(MemoryStore(0))]

    def frames(self, store, before=lambda number: None, flight=None, threads=0):
        """Render every frame, calling `before` ahead of each; all must show the new face."""
        pipeline = Pipeline(store, embedded_models(), threads, flight)
        finished = []
        with open_sequence(self.paths) as clip:
            for number in range(self.count):
                before(number)
                finished += render_frames(pipeline, clip, [self.casting], [number])
        pipeline.close()
        self.runs = {stage: counts["run"] for stage, counts in pipeline.report().stages.items()}
        assert all(frame.is_changed and not frame.fault for frame in finished)
        return finished

    def is_unchanged(self, frames) -> bool:
        return [frame.pixels.tobytes() for frame in frames] == self.wanted


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("project"))


@pytest.mark.slow
@pytest.mark.parametrize("filled", [False, True], ids=["cold", "warm"])
def test_a_redis_killed_and_restarted_mid_render_changes_no_pixel(project, tmp_path, redis_server, filled):
    settings = CacheSettings(tmp_path / "one", memory_bytes=0, redis_url=redis_server.url)
    if filled:
        with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
            assert project.is_unchanged(project.frames(cache.store, flight=cache.flight))
            assert cache.tiers.flush(30)
        settings = CacheSettings(tmp_path / "two", memory_bytes=0, redis_url=redis_server.url)
    clock = Clock()
    cache = open_cache(settings, clock=clock, schemas=STAGE_SCHEMAS)
    (tier,) = cache.tiers.shared

    def trouble(number: int) -> None:
        clock.now += 1
        if number == 3:
            assert cache.tiers.flush(30)
            redis_server.kill()
        elif number == 5:
            redis_server.start()
            clock.now += 60

    assert project.is_unchanged(project.frames(cache.store, trouble, cache.flight))
    assert cache.tiers.flush(30)
    assert tier.store.fault_count >= 1
    assert tier.store.counts.puts > 0
    assert sum("Redis" in line for line in cache.warnings) == 1
    cache.close()
    # What Redis still knew before it was killed was used; what came later was computed.
    assert project.runs["swap"] == (COUNT - 3 if filled else COUNT)
    # And what was computed is there for the next one.
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        assert project.is_unchanged(project.frames(cache.store))
    assert {project.runs[stage] for stage in ("detect", "landmark", "embed", "swap")} == {0}


@pytest.mark.slow
def test_a_full_disk_changes_no_pixel(project, tmp_path):
    with mount_small_disk(tmp_path / "small", "size=700k") as small:
        with closing(
            open_cache(CacheSettings(small / "cache", memory_bytes=0), schemas=STAGE_SCHEMAS)
        ) as cache:
            assert project.is_unchanged(project.frames(cache.store, flight=cache.flight))
            assert cache.folder.counts.dropped > 0
            assert cache.folder.counts.puts > 0
            assert len(cache.warnings) == 1
            assert "free some space" in cache.warnings[0]
        # A full share beside a good disk is left out.
        settings = CacheSettings(tmp_path / "local", memory_bytes=0, shared_folder=small / "cache")
        with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
            assert project.is_unchanged(project.frames(cache.store, flight=cache.flight))
            assert cache.tiers.flush(30)
            assert cache.folder.counts.dropped == 0
            assert cache.tiers.unshared_count > 0


def test_a_cache_folder_that_vanishes_mid_render_changes_no_pixel(project, tmp_path):
    with closing(
        open_cache(CacheSettings(tmp_path / "cache", memory_bytes=0), schemas=STAGE_SCHEMAS)
    ) as cache:

        def trouble(number: int) -> None:
            if number == 3:
                shutil.rmtree(tmp_path / "cache")

        assert project.is_unchanged(project.frames(cache.store, trouble, cache.flight))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["folder", "redis"])
def test_two_renders_of_one_clip_at_once_share_the_work(project, tmp_path, request, place):
    server = request.getfixturevalue("redis_server") if place == "redis" else None
    runs = {}
    for attempt in range(3):
        if server:
            server.kill()
            server.start()
        runs = render_twice_at_once(project, tmp_path / str(attempt), server.url if server else None)
        if set(runs.values()) == {COUNT}:
            return
        # On a busy machine the place may take over half a second to answer, or one render over two for a result: then
        # both go on alone, as they should.
    raise AssertionError(runs)


def render_twice_at_once(project, folder, url):
    """Render with two caches and one shared place at once; how often each stage was computed in all."""
    folder.mkdir()
    share = None if url else folder / "share"
    faults, runs = [], []

    def work(name: str) -> None:
        mine = Project.__new__(Project)
        mine.__dict__.update(vars(project))
        settings = CacheSettings(folder / name, memory_bytes=1 << 26, shared_folder=share, redis_url=url)
        with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
            if not mine.is_unchanged(mine.frames(cache.store, flight=cache.flight, threads=1)):
                faults.append(name)
        runs.append(mine.runs)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    return {stage: sum(counts[stage] for counts in runs) for stage in ("landmark", "embed", "swap")}
