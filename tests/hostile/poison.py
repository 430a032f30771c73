# SPDX-License-Identifier: GPL-3.0-or-later
"""A small project whose render keeps a result of every stage, and what somebody who may write to its cache does."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from footage.deep_movie import PQ, write_deep_movie
from footage.portrait import make_up_portrait, write_picture, write_sequence
from models import stand_in_swappers, stand_ins
from understudy.core.cache.base.key import Key, key_line_value
from understudy.core.cache.base.store import Arrays
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.export.frames import render_frames
from understudy.core.media.lazy_clip import open_lazily
from understudy.core.media.light_space import LightSpace
from understudy.core.media.open import open_source
from understudy.core.media.source import ClipSource, light_reading
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.pipeline_factory import make_pipeline
from understudy.core.sessions.settings import RunSettings

from tests.exr_files import write_exr

Mutation = Callable[[dict[str, np.ndarray], int], dict[str, np.ndarray] | None]
"""Spoils a result; the number tells which of its arrays. None where the result can't be spoilt so."""
RECIPES = {
    "mesh": (),
    "shape": ("swap.shape=1",),
    "neural": (
        "swap.swapper=inswapper",
        "enhance.enhancer=gpen-256",
        "occlude.masker=bisenet",
        "embed.recogniser=ghostface",
        "select.age_high=99",
        "select.which=all",
    ),
    "dfm": ("swap.swapper=dfm", "occlude.masker=xseg"),
    "light": (),
    "safeguard": (),
}
"""What is asked for: `light` of an OpenEXR image, `dfm` of a PQ movie, `safeguard` with the network that looks
for nudity."""


class Project:
    """A clip of one frame, a person and stand-in models."""

    def __init__(self, folder: Path) -> None:
        paths = write_sequence(folder / "clip", 1)
        light = np.square(cv2.imread(str(paths[0]))[..., ::-1] / np.float32(255))
        image = write_exr(folder / "light.exr", light)
        self.paths = paths
        self._usual = ClipSource(False, tuple(paths))
        codes = LightSpace("Rec.2100-PQ").from_light(light)
        movie = write_deep_movie(folder / "hdr.mov", np.round(codes * 65535).astype(np.uint16), PQ)
        self._sources = {
            "light": ClipSource(False, (image,), light_reading("Linear Rec.709")),
            "dfm": ClipSource(True, (movie,)),
        }
        self.person = write_picture(folder / "green.png", make_up_portrait())
        self.models = folder / "models"
        stand_in_swappers.write_swapper(self.models, "inswapper")
        gpen = stand_in_swappers.write_enhancer(self.models / "stand_in_gpen-256.onnx", 256)
        stand_in_swappers.state(gpen, "enhance/gpen-256")
        dfm = stand_in_swappers.write_dfm(self.models / "person.dfm", morph=False)
        for path, family in (
            (dfm, "swap/dfm"),
            (stand_ins.write_bisenet(self.models / "bisenet.onnx"), "occlude/bisenet"),
            (stand_ins.write_xseg(self.models / "xseg.onnx"), "occlude/xseg"),
            (stand_ins.write_recogniser(self.models / "ghost.onnx", "ghostface"), "embed/ghostface"),
            (stand_ins.write_gender_age(self.models / "genderage.onnx"), "attribute/genderage"),
            (stand_ins.write_nudenet(self.models / "nudenet.onnx"), "safeguard/nudenet"),
        ):
            stand_in_swappers.state(path, family)

    def casting(self, name: str) -> SwapRequest:
        recipe = with_settings(Recipe(), list(RECIPES[name]))
        return SwapRequest(Identity((FaceImage(self.person),)), recipe)

    def render(self, name: str, settings: CacheSettings) -> "RenderResult":
        """Render the frame, list the clip's people and note the picture, as a run of its own does."""
        casting = self.casting(name)
        with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
            run = RunSettings(settings, 1, model_folder=self.models, safeguard=name == "safeguard")
            pipeline = make_pipeline(run, cache.store, cache.flight)
            source = self._sources.get(name, self._usual)
            with open_lazily(cache.store, SourceStamps(), source, lambda: open_source(source)) as clip:
                pipeline.check([casting])
                people = pipeline.find_people(clip, 0, 0, casting.recipe)
                note = pipeline.inspect_source_image(casting.identity.images[0], casting.recipe.detect)
                face = b""
                if casting.recipe.swap.gives_shape:
                    face = pipeline.neutral_source_face(casting.identity, casting.recipe.detect).tobytes()
                frames = list(render_frames(pipeline, clip, [casting], [0]))
            pipeline.close()
            assert cache.tiers.flush(30)
            return RenderResult(
                [frame.pixels.tobytes() for frame in frames],
                [(one.best_face, one.face_refs, one.share, one.thumbnail.tobytes()) for one in people],
                (None if note.thumbnail is None else note.thumbnail.tobytes(), note.quality_issues, face),
                all(frame.is_changed and not frame.fault for frame in frames),
                cache.warnings,
                frozenset(cache.checked_store.rejection_stages),
            )


class RenderResult:
    """What a run gave, and what it said."""

    def __init__(self, pixels, people, note, whole, warnings, refused) -> None:
        self.shown = pixels, people, note
        self.whole = whole
        self.warnings: tuple[str, ...] = warnings
        self.refused: frozenset[str] = refused


def entries(root: Path) -> Iterator[tuple[str, Key, dict[str, np.ndarray]]]:
    """Yield stage, key and arrays of all that a cache holds."""
    with closing(PackStore(root)) as folder:
        for entry in list(folder.entries()):
            arrays = folder.get(Key(entry.text))
            assert arrays is not None
            yield key_line_value(entry.text, "stage"), Key(entry.text), dict(arrays)


def poison_cache(
    root: Path, into: Path, spoil: Callable[[str, Key, dict[str, np.ndarray]], Arrays | None]
) -> set[str]:
    """Write a cache's results into another folder, right keys and checksums, with those that `spoil` gives instead.

    Returns the stages that were spoilt.
    """
    stages = set()
    with closing(PackStore(into)) as folder:
        for stage, key, arrays in entries(root):
            other = spoil(stage, key, arrays)
            if other is not None:
                stages.add(stage)
            folder.put(key, arrays if other is None else other)
    return stages


def _pick_name(arrays: dict[str, np.ndarray], number: int, kinds: str = "") -> str | None:
    names = [name for name in sorted(arrays) if not kinds or arrays[name].dtype.kind in kinds]
    return names[number % len(names)] if names else None


def remove_array(arrays, number):
    name = _pick_name(arrays, number)
    return None if name is None else {key: value for key, value in arrays.items() if key != name}


def rename_array(arrays, number):
    name = _pick_name(arrays, number)
    return None if name is None else {(key if key != name else f"{key}2"): v for key, v in arrays.items()}


def add_array(arrays, number):
    return {**arrays, "é\x1b[2J\n": np.zeros(3, np.uint8)}


def other_dtype(arrays, number):
    name = _pick_name(arrays, number)
    if name is None:
        return None
    other = {"f": np.float64, "u": np.uint32, "i": np.int16}[arrays[name].dtype.kind]
    return {**arrays, name: arrays[name].astype(other)}


def other_rank(arrays, number):
    name = _pick_name(arrays, number)
    return None if name is None else {**arrays, name: arrays[name][None]}


def enlarge_array(arrays, number):
    name = _pick_name({name: array for name, array in arrays.items() if array.size}, number)
    return None if name is None else {**arrays, name: np.concatenate([arrays[name], arrays[name]])}


def shrink_array(arrays, number):
    name = _pick_name({name: array for name, array in arrays.items() if array.size}, number)
    return None if name is None else {**arrays, name: arrays[name][:0]}


def not_numbers(arrays, number):
    name = _pick_name(arrays, number, "f")
    return None if name is None else {**arrays, name: np.full_like(arrays[name], np.nan)}


def put_infinity(arrays, number):
    name = _pick_name(arrays, number, "f")
    return None if name is None else {**arrays, name: np.full_like(arrays[name], -np.inf)}


def out_of_range(arrays, number):
    name = _pick_name(arrays, number, "fi")
    if name is None and "classes" in arrays:
        name = "classes"
    if name is None or not arrays[name].size:
        return None
    kind = arrays[name].dtype
    return {**arrays, name: np.full_like(arrays[name], 1e30 if kind.kind == "f" else np.iinfo(kind).max)}


MUTATIONS: dict[str, Mutation] = {
    one.__name__: one
    for one in (
        remove_array, rename_array, add_array, other_dtype, other_rank,
        enlarge_array, shrink_array, not_numbers, put_infinity, out_of_range,
    )
}  # fmt: skip
