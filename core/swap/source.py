# SPDX-License-Identifier: GPL-3.0-or-later
"""From an identity's images to the texture of the source person, made once and kept."""

from dataclasses import dataclass
from pathlib import Path

from ..analysis.analyser import Analyser, Analysis
from ..analysis.image_analysis import ImageAnalysis, analyse_image, has_image_analysis
from ..analysis.select import indices_left_to_right
from ..cache.base.key import Key, stage_key
from ..cache.base.schema import Schema
from ..cache.base.store import Arrays, Store
from ..concurrency.lru import LruCache
from ..errors import ClipError, FaceImageError
from ..face.types import Face, Pixels
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..media.lazy_clip import open_lazily
from ..media.source import ClipSource
from ..media.source_image import open_source_image, source_image, unusable_image_text
from ..media.source_stamps import SourceStamps
from ..recipe import Detect
from ..recipe.request import FaceImage, Identity
from .texture import fill_hidden, merge_textures, texture_key, unwrap_texture
from .whole_texture import whole_texture

SOURCE_SCHEMA = Schema(())
"""Nothing is kept of it but its key."""
_MAX_CACHED_IDENTITIES = 8


@dataclass(frozen=True, eq=False)
class SourceFace:
    """The face of one source image."""

    clip: Clip
    landmark_key: Key
    """The key of the image's landmarks."""
    index: int
    """Which of the faces under that key it is."""
    face: Face
    detect: Detect
    """The settings that it was found with."""


_IdentityFiles = tuple[Identity, tuple[str, ...], Detect]
"""Who is meant, the stamps of the images' files, and how faces are looked for in them."""


class Sources:
    """Makes textures over one store. `detect` is how a recipe has faces looked for, see `analyse_image`."""

    def __init__(self, store: Store, analyser: Analyser, topology: Topology, stamps: SourceStamps) -> None:
        self._stamps = stamps
        self._store = store
        self._analyser = analyser
        self._topology = topology
        self._keys: LruCache[_IdentityFiles, Key] = LruCache(_MAX_CACHED_IDENTITIES)
        self._read_as: LruCache[tuple[Path, str], ClipSource] = LruCache(8 * _MAX_CACHED_IDENTITIES)
        self._textures: LruCache[tuple[Key, float, bool], tuple[Pixels, Pixels]] = LruCache(
            _MAX_CACHED_IDENTITIES
        )
        self._source_faces: LruCache[_IdentityFiles, tuple[SourceFace, ...]] = LruCache(
            _MAX_CACHED_IDENTITIES
        )

    def texture_key(self, identity: Identity, detect: Detect) -> Key:
        """Return the key of the identity's texture.

        Raises FaceImageError if an image is missing, unreadable, or shows no face or several and none is chosen.
        """
        if not identity.images:
            raise FaceImageError("no source face yet: add an image of the source person")
        known = (identity, self._image_stamps(identity), detect.for_image())
        kept = self._keys.get(known)
        if kept is None:
            parts = [self.image_texture_key(image, detect) for image in identity.images]
            key = stage_key("source", 1, {f"picture{n:02d}": key for n, key in enumerate(parts)})
            # Kept though it holds nothing: its key text is what leads from an image to the crops made with it.
            self._store.put(key, {})
            kept = self._keys.put(known, key)
        return kept

    def source_faces(self, identity: Identity, detect: Detect) -> tuple[SourceFace, ...]:
        """Return the face of each of the identity's images. Raises FaceImageError as `texture_key` does."""
        if not identity.images:
            raise FaceImageError("no source face yet: add an image of the source person")
        known = (identity, self._image_stamps(identity), detect.for_image())
        kept = self._source_faces.get(known)
        if kept is None:
            faces = tuple(self._source_face(image, detect) for image in identity.images)
            kept = self._source_faces.put(known, faces)
        return kept

    def is_known(self, image: FaceImage) -> bool:
        """Tell whether the store has the faces of an image, with whichever settings they are looked for first.

        Raises FaceImageError, ModelError.
        """
        try:
            return has_image_analysis(self._analyser, self._open_image(image), self._store)
        except ClipError as error:
            raise FaceImageError(unusable_image_text(Path(image.path), error)) from error

    def faces_in(self, image: FaceImage, detect: Detect) -> tuple[SourceFace, ...]:
        """Return every face of an image, from the left.

        Parameters
        ----------
        image : FaceImage
            The image; its face number does not matter.
        detect : Detect
            How its faces are looked for.

        Returns
        -------
        tuple of SourceFace
            In pixels of the image.

        Raises
        ------
        FaceImageError
            It is missing or unreadable.
        """
        clip = self._open_image(image)
        result = self._analyse(clip, image, detect)
        return tuple(
            _source_face(clip, result, index) for index in indices_left_to_right(result.analysis.faces)
        )

    def texture(
        self, identity: Identity, mirror: float, detect: Detect, *, whole_skin: bool = False
    ) -> tuple[Pixels, Pixels]:
        """Return the identity's texture.

        Parameters
        ----------
        identity : Identity
            The source person.
        mirror : float
            How far hidden parts are filled from the other side of the face, 0 to 1.
        detect : Detect
            How faces are looked for in the images.
        whole_skin : bool
            Whether it has no gaps, and the images count by how good they are: see `whole_texture`.

        Returns
        -------
        texture : ndarray, shape (768, 768, 3), uint8
            RGB.
        coverage : ndarray, shape (768, 768), uint8
            How far each texel is to be trusted.

        Raises
        ------
        FaceImageError
            An image is missing, unreadable or shows no face.
        """
        key = self.texture_key(identity, detect)
        kept = self._textures.get((key, mirror, whole_skin))
        if kept is None:
            parts = [self._image_texture(image, detect) for image in identity.images]
            if whole_skin:
                meshes = [shown.face.landmarks for shown in self.source_faces(identity, detect)]
                made = whole_texture(parts, meshes, mirror, self._topology)
            else:
                made = fill_hidden(merge_textures(parts), mirror)
            kept = self._textures.put((key, mirror, whole_skin), made)
        return kept

    def image_analysis(self, image: FaceImage, detect: Detect) -> ImageAnalysis:
        """Return all that is known of the faces of an image.

        Parameters
        ----------
        image : FaceImage
            The image; its face number does not matter.
        detect : Detect
            How its faces are looked for.

        Returns
        -------
        ImageAnalysis
            Its faces, and how they were looked for in the end.

        Raises
        ------
        FaceImageError
            It is missing or unreadable.
        """
        return self._analyse(self._open_image(image), image, detect)

    def image_texture_key(self, image: FaceImage, detect: Detect) -> Key:
        """Return the key of one image's texture.

        Parameters
        ----------
        image : FaceImage
            The image and which face of it.
        detect : Detect
            How its faces are looked for.

        Returns
        -------
        Key
            It contains the analysis' key.

        Raises
        ------
        FaceImageError
            The image is missing or unreadable, or has no such face.
        """
        analysis = self.image_analysis(image, detect).analysis
        return texture_key(analysis.key, _face_index(analysis, image))

    def _source_face(self, image: FaceImage, detect: Detect) -> SourceFace:
        clip = self._open_image(image)
        result = self._analyse(clip, image, detect)
        return _source_face(clip, result, _face_index(result.analysis, image))

    def _image_texture(self, image: FaceImage, detect: Detect) -> Arrays:
        clip = self._open_image(image)
        analysis = self._analyse(clip, image, detect).analysis
        index = _face_index(analysis, image)
        key = texture_key(analysis.key, index)
        arrays = self._store.get(key)
        if arrays is None:
            face: Face = analysis.faces[index]
            arrays = unwrap_texture(self._analyser.frames.frame(clip, 0), face.landmarks, self._topology)
            self._store.put(key, arrays)
        return arrays

    def _image_stamps(self, identity: Identity) -> tuple[str, ...]:
        """Return what the image files are: looked at for every frame, so that a changed image is noticed."""
        return tuple(self._image_stamp(image) for image in identity.images)

    def _image_stamp(self, image: FaceImage) -> str:
        try:
            return self._stamps.look(_source_of(image)).text
        except ClipError as error:
            cause = error.__cause__
            reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else error
            raise FaceImageError(f"can't use the image {image.path}: {reason}") from error

    def _open_image(self, image: FaceImage) -> Clip:
        known = (image.path, self._image_stamp(image))
        try:
            source = self._read_as.get(known) or self._read_as.put(known, source_image(Path(image.path)))
            return open_lazily(self._store, self._stamps, source, lambda: open_source_image(source))
        except ClipError as error:
            raise FaceImageError(unusable_image_text(Path(image.path), error)) from error

    def _analyse(self, clip: Clip, image: FaceImage, detect: Detect) -> ImageAnalysis:
        try:
            return analyse_image(self._analyser, clip, detect, image.face_number)
        except ClipError as error:
            raise FaceImageError(unusable_image_text(Path(image.path), error)) from error


def _source_face(clip: Clip, result: ImageAnalysis, index: int) -> SourceFace:
    return SourceFace(clip, result.analysis.key, index, result.analysis.faces[index], result.detect)


def _source_of(image: FaceImage) -> ClipSource:
    return ClipSource(True, (Path(image.path),))


def _face_index(analysis: Analysis, image: FaceImage) -> int:
    """Return the index of the image's face; FaceImageError if that is not clear."""
    ordered = indices_left_to_right(analysis.faces)
    return ordered[image.face_index(len(ordered))]
