# SPDX-License-Identifier: GPL-3.0-or-later
"""A long clip with a cache as a render leaves it: each frame's analysis is in it, without one having been analyzed.

The first frame is analyzed. All others get records that differ from its records as a landmarker's do from frame to
frame, with a fault now and then, under their own keys, through the store that a render writes to.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import cv2
import numpy as np
from understudy.core.analysis.face_look import face_look_key
from understudy.core.cache.base.compute import Uncoordinated
from understudy.core.cache.base.key import Key
from understudy.core.cache.base.store import Arrays
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import FaceImageError
from understudy.core.face.types import Pixels
from understudy.core.media.open import open_clip
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import initial_recipe
from understudy.core.sessions.pipeline_factory import make_pipeline
from understudy.core.sessions.settings import RunSettings

from ..demo.portrait import load_portrait

_SIDE = 320
_FPS = 25
_FAULT_FRAMES = 250
"""One frame in so many has a fault: the face is missed, jumps or is covered."""
_JITTER = 0.0015
"""By how much points move from frame to frame, of the face's height."""


def write_long_clip(path: Path, frame_count: int) -> None:
    """Write a portrait that stands still as H.264, no two frames alike."""
    small = cv2.resize(load_portrait().pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    portrait = np.asarray(small, np.uint8)
    with av.open(str(path), "w") as container:
        options = {"crf": "20", "preset": "ultrafast"}
        stream = container.add_stream("libx264", rate=_FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = _SIDE, _SIDE, "yuv420p"
        for number in range(frame_count):
            frame = av.VideoFrame.from_ndarray(_with_number(portrait, number), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _with_number(portrait: Pixels, number: int) -> Pixels:
    """Return the portrait with a frame's number in its corner, as a row of squares."""
    pixels = np.array(portrait)
    for bit in range(16):
        pixels[:16, 16 * bit : 16 * (bit + 1)] = 255 * (number >> bit & 1)
    return pixels


def keep_analysis(path: Path, folder: Path, frame_count: int) -> None:
    """Fill the cache `folder` with what analyzing the clip of `path` would leave there. Raises FaceImageError."""
    settings, recipe = RunSettings(CacheSettings(folder)), initial_recipe()
    with (
        open_cache(settings.cache, schemas=STAGE_SCHEMAS) as cache,
        closing(make_pipeline(settings, cache.store, Uncoordinated())) as pipeline,
        open_clip(path) as clip,
    ):
        if not pipeline.faces(clip, 0, recipe):
            raise FaceImageError(f"no face is in the first frame of {path}: use a portrait with one")
        first = [cache.store.get(key) for key in _keys(*pipeline.analysis_keys(clip, 0, recipe))]
        kept = [arrays for arrays in first if arrays is not None]
        records = _records(kept)
        for number in range(1, frame_count):
            keys = _keys(*pipeline.analysis_keys(clip, number, recipe))
            for key, arrays in zip(keys, next(records), strict=True):
                cache.store.put(key, arrays)


def _keys(detection: Key, landmarks: Key, embedding: Key) -> tuple[Key, Key, Key, Key]:
    return detection, landmarks, embedding, face_look_key(landmarks)


def _records(first: list[Arrays]) -> Iterator[list[Arrays]]:
    """Yield what the frames after the first one have: detections, landmarks, embeddings and looks."""
    random = np.random.default_rng(21)
    detection, landmarks, embedding, look = (
        {name: np.asarray(one, np.float32) for name, one in kept.items()} for kept in first
    )
    height = float(np.ptp(landmarks["landmarks"][0, :, 1]))
    number = 0
    while True:
        number += 1
        fault = number // _FAULT_FRAMES % 3 if number % _FAULT_FRAMES == 0 else None
        shift = height * 0.2 * np.sin(number / np.array([37.0, 53.0, 71.0]))
        shift[0] += height * 0.1 * (fault == 1)
        points = (
            landmarks["landmarks"] + shift + random.normal(0, _JITTER * height, landmarks["landmarks"].shape)
        )
        vectors = embedding["embeddings"] + random.normal(0, 0.02, embedding["embeddings"].shape)
        here: list[Arrays] = [
            {**detection, "boxes": (detection["boxes"] + np.tile(shift[:2], 2)).astype(np.float32)},
            {
                "landmarks": points.astype(np.float32),
                "scores": landmarks["scores"],
                "poses": (landmarks["poses"] + random.normal(0, 0.3, (1, 3))).astype(np.float32),
            },
            {"embeddings": (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)},
            {
                **look,
                "light": (look["light"] + random.normal(0, 0.2, (1, 3))).astype(np.float32),
                "cover": np.full(1, 0.6 if fault == 2 else 0.1, np.float32),
            },
        ]
        if fault == 0:
            here = [{name: one[:0] for name, one in arrays.items()} for arrays in here]
        yield here
