# SPDX-License-Identifier: GPL-3.0-or-later
"""From an identity's pictures to the texture that plays the part, made once and kept."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..analysis.analyser import Analyser, Analysis
from ..analysis.select import left_to_right
from ..cache.base.key import Key, stage_key
from ..cache.base.schema import Schema
from ..cache.base.store import Arrays, Store
from ..errors import ClipError, PictureError
from ..face.types import Face, Pixels
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..media.lazy_clip import known_or_opened
from ..media.open import open_clip
from ..media.source import ClipSource
from ..recipe import Recipe
from ..recipe.request import Identity, Picture
from .texture import completed, merged, texture_key, unrolled

SOURCE_SCHEMA = Schema(())
"""Nothing is kept of it but its key."""
_REMEMBERED = 8
_Stamp = tuple[int, int]


@dataclass(frozen=True, eq=False)
class SeenFace:
    """The face of one source picture."""

    clip: Clip
    landmarked: Key
    """The key of the picture's landmarks."""
    index: int
    """Which of the faces under that key it is."""
    face: Face


class Sources:
    """Makes textures over one store."""

    def __init__(self, store: Store, analyser: Analyser, topology: Topology) -> None:
        self._store = store
        self._analyser = analyser
        self._topology = topology
        self._keys: OrderedDict[tuple[Identity, tuple[_Stamp, ...]], Key] = OrderedDict()
        self._finished: OrderedDict[tuple[Key, float], tuple[Pixels, Pixels]] = OrderedDict()
        self._seen: OrderedDict[tuple[Identity, tuple[_Stamp, ...]], tuple[SeenFace, ...]] = OrderedDict()

    def texture_key(self, identity: Identity) -> Key:
        """Return the key of the identity's texture.

        Raises PictureError if a picture is missing, unreadable, or shows no face or several and none is chosen.
        """
        if not identity.pictures:
            raise PictureError("nobody plays the part yet: add a picture of the person")
        known = (identity, tuple(_stamp(picture) for picture in identity.pictures))
        if known not in self._keys:
            parts = [self.picture_key(picture) for picture in identity.pictures]
            key = stage_key("source", 1, {f"picture{n:02d}": key for n, key in enumerate(parts)})
            # Kept though it holds nothing: its key text is what leads from a picture to the crops made with it.
            self._store.put(key, {})
            self._keys[known] = key
            _bound(self._keys)
        return self._keys[known]

    def seen(self, identity: Identity) -> tuple[SeenFace, ...]:
        """Return the face of each of the identity's pictures. Raises PictureError as `texture_key` does."""
        if not identity.pictures:
            raise PictureError("nobody plays the part yet: add a picture of the person")
        known = (identity, tuple(_stamp(picture) for picture in identity.pictures))
        if known not in self._seen:
            self._seen[known] = tuple(self._face(picture) for picture in identity.pictures)
            _bound(self._seen)
        return self._seen[known]

    def texture(self, identity: Identity, mirror: float) -> tuple[Pixels, Pixels]:
        """Return the identity's texture (768, 768, 3) uint8 RGB and its coverage (768, 768) uint8."""
        key = self.texture_key(identity)
        if (key, mirror) not in self._finished:
            parts = [self._unrolled(picture) for picture in identity.pictures]
            self._finished[key, mirror] = completed(merged(parts), mirror)
            _bound(self._finished)
        return self._finished[key, mirror]

    def picture_key(self, picture: Picture) -> Key:
        """Return the key of one picture's texture. Raises PictureError as `texture_key` does."""
        analysis = self._analysed(self._opened(picture), picture)
        return texture_key(analysis.key, _chosen(analysis, picture))

    def _face(self, picture: Picture) -> SeenFace:
        clip = self._opened(picture)
        analysis = self._analysed(clip, picture)
        index = _chosen(analysis, picture)
        return SeenFace(clip, analysis.key, index, analysis.faces[index])

    def _unrolled(self, picture: Picture) -> Arrays:
        clip = self._opened(picture)
        analysis = self._analysed(clip, picture)
        index = _chosen(analysis, picture)
        key = texture_key(analysis.key, index)
        arrays = self._store.get(key)
        if arrays is None:
            face: Face = analysis.faces[index]
            arrays = unrolled(self._analyser.frame(clip, 0), face.landmarks, self._topology)
            self._store.put(key, arrays)
        return arrays

    def _opened(self, picture: Picture) -> Clip:
        path = Path(picture.path)
        try:
            return known_or_opened(self._store, ClipSource(True, (path,)), partial(open_clip, path))
        except ClipError as error:
            raise PictureError(f"can't use the picture {picture.path.name}: {error}") from error

    def _analysed(self, clip: Clip, picture: Picture) -> Analysis:
        try:
            return self._analyser.analysis(clip, 0, Recipe())
        except ClipError as error:
            raise PictureError(f"can't use the picture {picture.path.name}: {error}") from error


def _stamp(picture: Picture) -> _Stamp:
    """Return a picture file's size and time: looked at for every frame, so that a changed picture is noticed."""
    try:
        status = Path(picture.path).stat()
    except OSError as error:
        raise PictureError(f"can't use the picture {picture.path}: {error.strerror or error}") from error
    return status.st_size, status.st_mtime_ns


def _chosen(analysis: Analysis, picture: Picture) -> int:
    """Return the index of the picture's face; PictureError if that is not clear."""
    ordered = left_to_right(analysis.faces)
    name = picture.path.name
    if not ordered:
        raise PictureError(f"no face was found in {name}: use a picture that shows one face clearly")
    if picture.face_number == 0 and len(ordered) > 1:
        raise PictureError(
            f"{name} shows {len(ordered)} faces: choose one by its number from the left, 1 to {len(ordered)}"
        )
    if picture.face_number > len(ordered):
        raise PictureError(f"{name} has no face number {picture.face_number}: it shows {len(ordered)}")
    return ordered[max(picture.face_number, 1) - 1]


def _bound(kept: "OrderedDict[Any, Any]") -> None:
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
