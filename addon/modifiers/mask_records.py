# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in Blender's masks, by value: a modifier keeps it beside its pointer to the mask.

So renders, workers and farms need nothing of Blender's, and a modifier that is copied, appended or linked brings its
masks along. Blender tells no property of a mask's keyframes: they are read from a file that it writes.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import bpy
from bpy.app.handlers import persistent

from ...core.errors import RecipeError
from ...core.recipe.roto_text import parse_roto
from ..blender.dna_reader import BlendFile, Block
from ..blender.handlers import add_handlers, remove_handlers
from ..properties.mask_properties import mask_entries
from ..properties.plain_value import plain_value
from ..properties.scene_properties import settings_of
from ..properties.update import tag_update
from ..sequencer.curves import keyframes_of

FRAMES_PROPERTY = "understudy_frames"
"""A mask's own property: at which of its frames each layer was drawn, by the layer's name."""
_HANDLER_NAMES = ("depsgraph_update_post", "undo_post", "redo_post", "load_post", "save_pre", "render_init")
_PREFIX = "understudy_mask_"
_NUMBERS = 8
"""How many numbers Blender keeps of a point in a keyframe: both handles, the point, the feather, the radius."""
_MAX_OPACITY_FRAMES = 4096


def read_mask(mask: Any, start: int, frame: int = 0) -> str:
    """Return the layers of a mask as JSON, as `core.recipe.roto_text` reads them; empty where nothing is drawn.

    Parameters
    ----------
    mask : bpy.types.Mask
        The mask.
    start : int
        Which of its frames is the clip's first one.
    frame : int
        In which of its frames a layer was drawn that has no keyframes and does not say.
    """
    keys = _read_keys(mask)
    stored = mask.get(FRAMES_PROPERTY)
    frames: Mapping[str, Any] = stored if hasattr(stored, "get") else {}
    layers = [
        _layer_values(mask, layer, keys.get(layer.name, []), start, _layer_frame(frames, layer.name, frame))
        for layer in mask.layers
        if _has_outline(layer)
    ]
    return json.dumps(layers, separators=(",", ":")) if layers else ""


def update_records(masks: set[Any] | None = None) -> None:
    """Bring what modifiers keep of their masks up to date; of these masks, or of all. Main thread only."""
    for entry in _local_entries():
        if masks is None or entry.mask in masks:
            update_record(entry)


def update_record(entry: Any) -> None:
    """Bring what a modifier keeps of one of its masks up to date. Main thread only."""
    record = "" if entry.mask is None else read_mask(entry.mask, entry.start, entry.frame)
    is_too_large = not _can_be_parsed(record)
    if is_too_large != entry.is_too_large:
        entry.is_too_large = is_too_large
    if is_too_large:
        record = ""
    if record != entry.record:
        entry.record = record
        tag_update(entry, None)


def _can_be_parsed(record: str) -> bool:
    """Tell whether the layers of a mask are no more than one may have."""
    try:
        parse_roto(f'{{"masks": [{{"layers": {record}}}]}}' if record else "")
    except RecipeError:
        return False
    return True


def _has_outline(layer: Any) -> bool:
    return not layer.hide_render and any(len(spline.points) for spline in layer.splines)


def _local_entries() -> Iterator[Any]:
    for scene in bpy.data.scenes:
        if cast("Any", scene).library is None:
            for modifier in settings_of(scene).modifiers:
                yield from mask_entries(modifier)


def _layer_values(
    mask: Any, layer: Any, keys: list[tuple[int, list[float]]], start: int, frame: int
) -> dict[str, Any]:
    splines = [spline for spline in layer.splines if len(spline.points)]
    now = [[_point_values(point) for point in spline.points] for spline in splines]
    counts = [len(points) for points in now]
    shapes = [
        {"frame": key - start, "splines": _split(numbers, counts)}
        for key, numbers in keys
        if len(numbers) == _NUMBERS * sum(counts)
    ]
    return {
        "opacity": _opacity_values(mask, layer, start),
        "blend": layer.blend.lower(),
        "falloff": layer.falloff.lower(),
        "invert": layer.invert,
        "holes": layer.use_fill_holes,
        "splines": [_spline_values(spline) for spline in splines],
        "shapes": shapes or [{"frame": frame - start, "splines": now}],
    }


def _layer_frame(frames: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = frames.get(name, otherwise)
    return value if isinstance(value, int) else otherwise


def _spline_values(spline: Any) -> dict[str, Any]:
    return {
        "cyclic": spline.use_cyclic,
        "fill": spline.use_fill,
        "offset": spline.offset_mode.lower(),
        "weight": spline.weight_interpolation.lower(),
        "handles": [
            [point.handle_left_type.lower(), point.handle_right_type.lower()] for point in spline.points
        ],
        "feather": [
            [[_short(entry.u), _short(entry.weight)] for entry in point.feather_points]
            for point in spline.points
        ],
    }


def _point_values(point: Any) -> list[float]:
    numbers = (*point.handle_left, *point.co, *point.handle_right, point.weight)
    return [_short(number) for number in numbers]


def _split(numbers: list[float], counts: list[int]) -> list[list[list[float]]]:
    """Divide the numbers of a keyframe among the splines' points."""
    points = [numbers[place : place + _NUMBERS - 1] for place in range(0, len(numbers), _NUMBERS)]
    splines, at = [], 0
    for count in counts:
        splines.append([[_short(number) for number in point] for point in points[at : at + count]])
        at += count
    return splines


def _opacity_values(mask: Any, layer: Any, start: int) -> float | list[list[float]]:
    path = f'layers["{bpy.utils.escape_identifier(layer.name)}"].alpha'
    curve = next((curve for curve in keyframes_of(mask) if curve.data_path == path), None)
    if curve is None or not len(curve.keyframe_points):
        return _short(layer.alpha)
    first, last = (round(frame) for frame in curve.range())
    last = min(last, first + _MAX_OPACITY_FRAMES)
    return [
        [frame - start, _short(min(max(curve.evaluate(frame), 0.0), 1.0))] for frame in range(first, last + 1)
    ]


def _short(number: float) -> float:
    return cast("float", plain_value(float(number)))


def _read_keys(mask: Any) -> dict[str, list[tuple[int, list[float]]]]:
    """Return the keyframes of a mask's layers, by the layers' names: (frame, numbers), in ascending frames."""
    try:
        with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=bpy.app.tempdir) as folder:  # gate: for Blender
            path = Path(folder) / "mask.blend"
            bpy.data.libraries.write(str(path), {mask}, compress=False)
            file = BlendFile(path.read_bytes())
        blocks = file.blocks_of("Mask")
        return dict(_layer_keys(file, blocks[0])) if blocks else {}
    except (OSError, RuntimeError, ValueError):
        return {}


def _layer_keys(file: BlendFile, mask: Block) -> Iterator[tuple[str, list[tuple[int, list[float]]]]]:
    address = file.value(mask, ("masklayers",))
    while (layer := file.block_at(address)) is not None:
        keys, key_address = [], file.value(layer, ("splines_shapes",))
        while (key := file.block_at(key_address)) is not None:
            data = file.block_at(file.value(key, ("data",)))
            count = file.value(key, ("tot_vert",)) * _NUMBERS
            if data is not None and count > 0:
                keys.append((file.value(key, ("frame",)), file.floats(data, count)))
            key_address = file.value(key, ("next",))
        yield file.value(layer, ("name",)), keys
        address = file.value(layer, ("next",))


@persistent
def _on_change(_scene: Any = None, depsgraph: Any = None, *_: Any) -> None:
    changed = {
        update.id.original
        for update in getattr(depsgraph, "updates", ())
        if isinstance(update.id, bpy.types.Mask)
    }
    if changed:
        update_records(changed)
    for entry in _local_entries():
        is_read = entry.record or entry.is_too_large or entry.mask is None
        if not is_read and any(map(_has_outline, entry.mask.layers)):
            update_record(entry)  # it was chosen just now


@persistent
def _on_load(*_: Any) -> None:
    update_records()


@persistent
def _on_render(*_: Any) -> None:
    # With a window that is another thread, and there every change was noticed before.
    if bpy.app.background:
        update_records()


def register() -> None:
    """Follow what is done to masks."""
    add_handlers(dict(zip(_HANDLER_NAMES, (_on_change, *[_on_load] * 4, _on_render), strict=True)))


def unregister() -> None:
    """Follow them no more."""
    remove_handlers(__name__, _HANDLER_NAMES)
