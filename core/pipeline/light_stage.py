# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was made of a face's view back to the footage's own numbers, where these stand for light.

Each face goes back by its own exposure; where faces overlap they are laid over each other as light. What a view cut
off, highlights and values below black, is kept around each face, so that a change that needs no frame needs none for
this either.
"""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from ..analysis.analyser import Analyser
from ..analysis.display import require_light
from ..cache.base.compute import Flight
from ..cache.base.key import Key, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..face.types import Face, Floats
from ..fusion.patch import FootagePatch, LightPatch, Patch
from ..geometry.levels import DEEP_BITS, as_floats, limit_levels
from ..geometry.row_bands import row_bands
from ..media.clip import Clip
from ..media.light import excess_light, light_of_view, view_pixels
from ..media.light_space import light_space
from ..swap.shape import FaceWarp
from .plan import FacePlan, LayerPlan

VERSION = 2
_MARGIN_SHARE = 0.6
"""How far around a face what was cut off is kept, of the face's longer side: what Shape moves lies within."""
_MAX_HALF = 65504.0
_MAX_SIDE, _MAX_STOPS = 1 << 16, 64
LIGHT_SCHEMA = Schema(
    (
        ArraySpec("stops", "int32", (1,), -_MAX_STOPS, _MAX_STOPS),
        ArraySpec("excess", "uint16", ("height", "width", 3)),
    ),
    {"height": range(_MAX_SIDE), "width": range(_MAX_SIDE)},
)


@dataclass(frozen=True, eq=False)
class FaceLight:
    """What the view of a face cut off around it.

    Attributes
    ----------
    frame_stops
        The exposure of the view of the whole frame.
    excess
        (h, w, 3) float16: light of Rec.709 primaries at the face's exposure, beyond 0..1; None where its view shows
        all.
    """

    frame_stops: int
    excess: npt.NDArray[np.float16] | None


class LightStage:
    """Keeps what views cut off, and gives it back."""

    def __init__(self, store: Store, flight: Flight, analyser: Analyser) -> None:
        self._store = store
        self._flight = flight
        self._analyser = analyser

    def key(self, clip: Clip, frame: str, face: Face) -> Key | None:
        """Return the key of what is kept around a face of a frame; None for a clip that is coded for a display."""
        if light_space(clip.source.reading) is None:
            return None
        rows, columns = _place(face, (clip.info.width, clip.info.height))
        inputs = {"top": rows.start, "bottom": rows.stop, "left": columns.start, "right": columns.stop}
        return stage_key("light", VERSION, {"frame": frame, "stops": face.stops or 0.0, **inputs})

    def face_light(self, plan: LayerPlan, entry: FacePlan) -> FaceLight | None:
        """Return what its view cut off around a planned face, kept or found; None where `FacePlan.light` is."""
        if entry.light is None:
            return None
        place = _place(entry.face, plan.size)
        arrays, _ = self._flight.get_or_compute(
            FilteringStore(self._store, partial(_fits, place)),
            entry.light,
            partial(self._find, plan, place, entry.face.stops or 0.0),
        )
        # Kept as the bits of half floats: to look through floats for those out of bounds takes longer than all else.
        excess = np.ascontiguousarray(arrays["excess"]).view(np.float16)
        return FaceLight(int(arrays["stops"][0]), excess if excess.size else None)

    def _find(self, plan: LayerPlan, place: tuple[slice, slice], stops: float) -> Arrays:
        frames = self._analyser.frames
        light = frames.exposed_light(plan.clip, plan.number, place, stops)
        excess = np.clip(excess_light(light), -_MAX_HALF, _MAX_HALF).astype(np.float16)
        if not excess.any():
            excess = np.zeros((0, 0, 3), np.float16)
        frame_stops = frames.view_stops(plan.clip, plan.number)
        return {"stops": np.array([frame_stops], np.int32), "excess": excess.view(np.uint16)}

    def moved_excess(self, plan: LayerPlan, entry: FacePlan, face_warp: FaceWarp) -> Floats | None:
        """Return what the view of a face cut off in the region of its crop, as it was moved along with the face.

        It is an image of (region.height, region.width, 3), float32; None where the view shows all.
        """
        light = self.face_light(plan, entry)
        if light is None or light.excess is None:
            return None
        region = entry.region
        excess = np.zeros((region.height, region.width, 3), np.float32)
        place = _place(entry.face, plan.size)
        _paste_excess(light.excess, place, face_warp, excess, (region.left, region.top))
        return excess

    def to_light(self, plan: LayerPlan, entry: FacePlan, patch: Patch, face_warp: FaceWarp | None) -> Patch:
        """Return what was fused of a face's view as light.

        Parameters
        ----------
        plan : LayerPlan
            The frame, of a clip whose numbers stand for light.
        entry : FacePlan
            The face.
        patch : Patch
            What was fused, in levels of the view.
        face_warp : FaceWarp or None
            How the face was moved.

        Returns
        -------
        Patch
            (h, w, 4) float32: linear light with Rec.709 primaries, and alpha in levels. With the highlights that the
            view cut off.
        """
        height, width = patch.pixels.shape[:2]
        excess: Floats | None = None
        light = self.face_light(plan, entry)
        if light is not None and light.excess is not None:
            excess = np.zeros((height, width, 3), np.float32)
            _paste_excess(
                light.excess, _place(entry.face, plan.size), face_warp, excess, (patch.left, patch.top)
            )
        linear = np.empty((height, width, 4), np.float32)
        for rows in row_bands(height):
            view = as_floats(patch.pixels[rows])
            cut = None if excess is None else excess[rows]
            colours = light_of_view(_colours(view), cut, entry.face.stops or 0.0)
            _put_colours(colours, linear[rows])
            linear[rows, :, 3] = view[..., 3]
        return Patch(patch.left, patch.top, linear)

    def to_view(self, plan: LayerPlan, light: Patch) -> Patch:
        """Return what `to_light` does in levels of the view of the whole frame: (h, w, 4) float32."""
        known = self.face_light(plan, plan.faces[0])
        pixels = as_floats(light.pixels)
        view = as_floats(view_pixels(_colours(pixels), 0 if known is None else known.frame_stops))
        return Patch(light.left, light.top, _with_alpha(view, pixels[..., 3]))

    def to_footage(self, clip: Clip, light: Patch, *, is_layer: bool) -> FootagePatch:
        """Return light in the numbers of its clip, or of its layer.

        Parameters
        ----------
        clip : Clip
            A clip whose numbers stand for light.
        light : Patch
            What `to_light` returns, of one face or of several over each other.
        is_layer : bool
            Whether it is for the layer, see `LightSpace.layer_space`.

        Returns
        -------
        Patch or LightPatch
            The same faces as numbers of that space: a LightPatch where these are floats, a Patch in levels where they
            are codes.
        """
        space = require_light(clip)
        if is_layer:
            space = space.layer_space(is_movie=clip.info.kind == "movie")
        # Not in bands of rows: the last bit of a product of matrices depends on where in a row of them a pixel is.
        pixels = as_floats(light.pixels)
        own, alpha = space.from_light(_colours(pixels)), pixels[..., 3]
        if clip.info.bit_depth <= DEEP_BITS and not space.is_linear:
            return Patch(light.left, light.top, _with_alpha(limit_levels(own * np.float32(255)), alpha))
        numbers = np.empty_like(pixels)
        _put_colours(own, numbers)
        np.multiply(alpha, np.float32(1 / 255), out=numbers[..., 3])
        return LightPatch(light.left, light.top, numbers)

    def levels_in_footage(self, plan: LayerPlan, entry: FacePlan, levels: Floats) -> Floats:
        """Return an image of a face's view in the numbers of its clip, without what the view cut off.

        Parameters
        ----------
        plan : LayerPlan
            The frame.
        entry : FacePlan
            The face.
        levels : ndarray, shape (h, w, 3), float32
            RGB in levels of the view.

        Returns
        -------
        ndarray, the same shape, float32
            RGB in the clip's own numbers, 1 for the largest code or level.
        """
        if entry.light is None:
            return as_floats(levels / np.float32(255))
        linear = light_of_view(levels, None, entry.face.stops or 0.0)
        return require_light(plan.clip).from_light(linear)


def _colours(pixels: Floats) -> Floats:
    return as_floats(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB))


def _put_colours(colours: Floats, onto: Floats) -> None:
    """Write colours into an image with alpha, whose alpha is to be written then; in its memory, which saves time."""
    cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA, onto)


def _with_alpha(colours: Floats, alpha: Floats) -> Floats:
    return as_floats(cv2.merge([*cv2.split(colours), alpha]))


def _place(face: Face, size: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns around a face in which what is cut off is kept."""
    points = face.landmarks[:468, :2]
    low, high = points.min(0), points.max(0)
    margin = _MARGIN_SHARE * float((high - low).max())
    left, top = np.clip(np.floor(low - margin), 0, size).astype(int).tolist()
    right, bottom = np.clip(np.ceil(high + margin) + 1, 0, size).astype(int).tolist()
    return slice(top, bottom), slice(left, right)


def _fits(place: tuple[slice, slice], arrays: Arrays) -> bool:
    rows, columns = place
    shape = rows.stop - rows.start, columns.stop - columns.start
    return arrays["excess"].shape[:2] in (shape, (0, 0))


def _paste_excess(
    halves: npt.NDArray[np.float16],
    place: tuple[slice, slice],
    face_warp: FaceWarp | None,
    onto: Floats,
    corner_pixels: tuple[int, int],
) -> None:
    """Put what was cut off in a place of the frame into an image, as it was moved along with a face.

    The image is black before; its corner (left, top) is in frame pixels.
    """
    rows, columns = place
    image_left, image_top = corner_pixels
    corner, origin = (rows.start, columns.start), (image_top, image_left)
    _paste(halves, corner, onto, origin)
    if face_warp is None:
        return
    warp = face_warp.warp
    top, left = max(warp.top, image_top), max(warp.left, image_left)
    bottom = min(warp.top + warp.height, image_top + onto.shape[0])
    right = min(warp.left + warp.width, image_left + onto.shape[1])
    if top < bottom and left < right:
        whole = np.zeros((warp.height, warp.width, 3), np.float32)
        _paste(halves, corner, whole, (warp.top, warp.left))
        part = slice(top - warp.top, bottom - warp.top), slice(left - warp.left, right - warp.left)
        moved = onto[top - image_top : bottom - image_top, left - image_left : right - image_left]
        warp.move_image(whole, part, moved)


def _paste(
    halves: npt.NDArray[np.float16], corner: tuple[int, int], onto: Floats, origin: tuple[int, int]
) -> None:
    """Put half floats whose corner (top, left) is in frame pixels into an image of floats that begins at `origin`."""
    top, left = corner[0] - origin[0], corner[1] - origin[1]
    first_row, first_column = max(top, 0), max(left, 0)
    last_row, last_column = (
        min(top + halves.shape[0], onto.shape[0]),
        min(left + halves.shape[1], onto.shape[1]),
    )
    if first_row < last_row and first_column < last_column:
        part = halves[first_row - top : last_row - top, first_column - left : last_column - left]
        # In place, and only what is needed; NumPy's own conversion takes ten times as long.
        cv2.convertFp16(part.view(np.int16), onto[first_row:last_row, first_column:last_column])
