# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip or an image that is replaced by another of the same size never keeps the former's faces."""

import os
import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from footage.replaced_files import PEOPLE, VARIANTS, Contents, write_bmp, write_raw_movie
from understudy.core.analysis.cuts import FRAME_THUMBNAIL_SIZE
from understudy.core.analysis.frame_reader import DECODER_VERSION, FrameReader
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.layers.job import LayerJob
from understudy.core.media.file_status import ClipChangedError
from understudy.core.media.open import open_clip
from understudy.core.media.source import ClipSource
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.recipe import Recipe
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import StageCounter
from understudy.core.sessions.clip_session import ClipSession
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings

_FILE_TIME = 1_700_000_000


def put_in_place(path: Path, content: Path) -> None:
    path.write_bytes(content.read_bytes())
    os.utime(path, (_FILE_TIME, _FILE_TIME))


def put_by_rename(path: Path, content: Path) -> None:
    new = path.with_name("new")
    shutil.copy(content, new)
    os.utime(new, (_FILE_TIME, _FILE_TIME))
    new.replace(path)


def put_with_its_own_time(path: Path, content: Path) -> None:
    path.write_bytes(content.read_bytes())


WAYS: list[Callable[[Path, Path], None]] = [put_in_place, put_by_rename, put_with_its_own_time]


class Scene:
    """A sequence, a movie and a person, each of which can be one of several contents of equal size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contents = Contents(folder / "contents").folder
        self.files = {name: folder / name for name in ("frame0.bmp", "frame1.bmp", "movie.avi", "person.bmp")}
        self.state = dict.fromkeys(self.files, 0)
        self.truths: dict[tuple[int, ...], npt.NDArray[np.uint8]] = {}
        for name in self.files:
            self.put(name, 0, put_in_place)

    def put(self, name: str, number: int, way: Callable[[Path, Path], None]) -> None:
        stem, ending = name.rstrip("01").split(".")[0].rstrip("01"), name.split(".")[1]
        way(self.files[name], self.contents / f"{stem}{number}.{ending}")
        self.state[name] = number

    def jobs(self, folder: str) -> list[LayerJob]:
        request = SwapRequest(Identity((FaceImage(self.files["person.bmp"]),)), Recipe())
        sequence = ClipSource(False, (self.files["frame0.bmp"], self.files["frame1.bmp"]))
        movie = ClipSource(True, (self.files["movie.avi"],))
        return [
            LayerJob("clip", 1, source, 1, self.folder / folder / "layers" / strip / "000001.tif", (request,))
            for source, strip in ((sequence, "0123456789abcdef"), (movie, "fedcba9876543210"))
        ]

    def open(self, cache: str) -> LayerSession:
        return LayerSession(RunSettings(CacheSettings(self.folder / cache)))

    def render(self, session: LayerSession, folder: str) -> npt.NDArray[np.uint8]:
        jobs = self.jobs(folder)
        for job in jobs:
            session.update_layer(job)
        assert session.warnings == ()
        return np.stack([cv2.imread(str(job.layer_path), cv2.IMREAD_UNCHANGED) for job in jobs])

    def truth(self) -> npt.NDArray[np.uint8]:
        """What is to be seen, made by a run that knows nothing."""
        state = tuple(self.state[name] for name in ("frame1.bmp", "movie.avi", "person.bmp"))
        if state not in self.truths:
            place = "truth" + "".join(map(str, state)) + str(self.state["frame0.bmp"])
            session = self.open(f"{place}-cache")
            self.truths[state] = self.render(session, place)
            session.close()
        return self.truths[state]


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=pytest.mark.long)])
def test_a_replaced_file_never_keeps_the_former_face(tmp_path: Path, rounds: int) -> None:
    scene, choice = Scene(tmp_path), random.Random(7)
    shown_frames = set()
    session = scene.open("cache")
    for _ in range(rounds):
        name = choice.choice(["frame1.bmp", "movie.avi", "person.bmp"])
        others = [n for n in range(2 if name == "person.bmp" else 3) if n != scene.state[name]]
        scene.put(name, choice.choice(others), choice.choice(WAYS))
        if choice.random() < 0.5:
            session.close()
            session = scene.open("cache")
        shown = scene.render(session, "project")
        assert np.array_equal(shown, scene.truth()), (name, scene.state)
        assert shown[..., 3].any(axis=(1, 2)).all()
        shown_frames.add(shown.tobytes())
    session.close()
    assert len(shown_frames) > 6


def test_what_lies_between_the_sampled_blocks_is_noticed_on_this_machine(tmp_path: Path) -> None:
    """A movie of 15 MB, of which a frame in the middle is another one, with the time of the former."""
    frames = [np.roll(VARIANTS[0], number % 3, axis=1) for number in range(140)]
    movie = tmp_path / "movie.avi"
    write_raw_movie(tmp_path / "a.avi", frames)
    frames[70] = VARIANTS[1]
    write_raw_movie(tmp_path / "b.avi", frames)
    person = tmp_path / "person.bmp"
    write_bmp(person, PEOPLE[0])
    request = SwapRequest(Identity((FaceImage(person),)), Recipe())
    shown = []
    for content in ("a.avi", "b.avi", "a.avi"):
        put_in_place(movie, tmp_path / content)
        for cache in ("cache", f"empty{len(shown)}"):
            layer = tmp_path / cache / "layers" / "0123456789abcdef" / "000070.tif"
            session = LayerSession(RunSettings(CacheSettings(tmp_path / cache)))
            session.update_layer(LayerJob("clip", 1, ClipSource(True, (movie,)), 70, layer, (request,)))
            assert session.warnings == ()
            session.close()
            shown.append(cv2.imread(str(layer), cv2.IMREAD_UNCHANGED))
    for with_cache, without in zip(shown[::2], shown[1::2], strict=True):
        assert np.array_equal(with_cache, without)
    assert np.array_equal(shown[0], shown[4])
    assert not np.array_equal(shown[0], shown[2])


def test_what_only_its_pixels_tell_is_noticed_by_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same movie on a machine that never saw the former one: only the decoded frame differs from the cache's."""
    frames = [np.roll(VARIANTS[0], number % 3, axis=1) for number in range(140)]
    movie, person = tmp_path / "movie.avi", tmp_path / "person.bmp"
    write_raw_movie(tmp_path / "a.avi", frames)
    frames[70] = VARIANTS[1]
    write_raw_movie(tmp_path / "b.avi", frames)
    write_bmp(person, PEOPLE[0])
    request = SwapRequest(Identity((FaceImage(person),)), Recipe())
    exported = []
    for content, cache in (("a.avi", "cache"), ("b.avi", "cache"), ("b.avi", "empty")):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"machine{len(exported)}"))
        put_in_place(movie, tmp_path / content)
        with ClipSession(movie, [request], RunSettings(CacheSettings(tmp_path / cache))) as session:
            exported.append(session.recast_frame(70).pixels)
            warnings = session.report().warnings
        noticed = sum("movie.avi is not the file that the cache knows" in text for text in warnings)
        assert noticed == ((content, cache) == ("b.avi", "cache"))
    assert np.array_equal(exported[1], exported[2])
    assert not np.array_equal(exported[0], exported[1])


def test_another_time_of_change_alone_costs_one_hash(tmp_path: Path) -> None:
    """Its time of change is another, as after a change of permissions: it is hashed once, and nothing else."""
    scene = Scene(tmp_path)
    session = scene.open("cache")
    first = scene.render(session, "project")
    session.close()
    for path in scene.files.values():
        path.chmod(0o640)
    source = scene.jobs("project")[1].source
    editor = SourceStamps(may_hash=False)
    with pytest.raises(ClipChangedError, match="was replaced or touched"):
        editor.look(source)
    session = scene.open("cache")
    again = scene.render(session, "project")
    assert session.write_count == session.report().frames_decoded == 0
    session.close()
    assert np.array_equal(first, again)
    assert editor.look(source).text == SourceStamps().look(source).text  # another process has looked since


def test_a_frame_map_that_is_wrong_is_mended_for_the_next_run(tmp_path: Path) -> None:
    """As where an earlier version decoded the file otherwise: the file is the same, its frames are others."""
    scene = Scene(tmp_path)
    movie, cache = scene.files["movie.avi"], RunSettings(CacheSettings(tmp_path / "cache"))
    request = SwapRequest(Identity((FaceImage(scene.files["person.bmp"]),)), Recipe())
    with ClipSession(movie, [request], RunSettings(CacheSettings(tmp_path / "other"))) as session:
        right = session.recast_frame(1).pixels
    with open_clip(movie) as clip, closing(open_cache(cache.cache)) as opened:
        reader = FrameReader(opened.store, SourceStamps(), StageCounter())
        key = stage_key("frame", DECODER_VERSION, {"clip": reader.clip_id(clip), "number": 1})
        look = np.zeros((FRAME_THUMBNAIL_SIZE[1], FRAME_THUMBNAIL_SIZE[0], 3), np.uint8)
        opened.store.put(key, {"id": np.zeros(32, np.uint8), "look": look})
    warned = []
    for _ in range(2):
        with ClipSession(movie, [request], cache) as session:
            assert np.array_equal(session.recast_frame(1).pixels, right)
            warned.append(
                sum("not the file that the cache knows" in text for text in session.report().warnings)
            )
    assert warned == [1, 0]
