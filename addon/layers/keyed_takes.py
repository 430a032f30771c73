# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes that are keyframed: each element of a layer strip names the folder of the take that its frame shows.

A strip has one directory, and nothing of ours runs while Blender plays a prepared project elsewhere. So the directory
is that of all layers, and the elements are called `<folder>/<file>`. Blender 4.5.15, 5.0.1 and 5.2.2 keep such names,
also in saved files, and read the images in renders, in reverse too.
"""

from collections.abc import Hashable, Sequence
from typing import Any

from ..modifiers.takes import Choice, active_choice, has_takes, layers_id, take_curve
from .folders import layer_image_name

_HELD = "CONSTANT"


def is_keyed(stack: Sequence[Any]) -> bool:
    """Tell whether keyframes decide which takes a stack shows."""
    return has_takes(stack) and any(take_curve(modifier) is not None for modifier in stack)


def read_layers_id(strip_id: str, stack: Sequence[Any]) -> str:
    """Return the id of the folder that the whole layer of a stack reads; empty where its elements say which."""
    return "" if is_keyed(stack) else layers_id(strip_id, stack)


def takes_state(strip_id: str, stack: Sequence[Any], clip: Any) -> Hashable:
    """Return what decides which takes' images a layer shows; None where its stack has no takes."""
    if not has_takes(stack):
        return None
    curves = [take_curve(modifier) for modifier in stack]
    if not any(curve is not None for curve in curves):
        return layers_id(strip_id, stack)
    keys = [
        () if curve is None else tuple((*point.co, point.interpolation) for point in curve.keyframe_points)
        for curve in curves
    ]
    ids = [tuple(take.take_id for take in modifier.takes) for modifier in stack]
    still = [
        place if curve is None else -1 for place, curve in zip(active_choice(stack), curves, strict=True)
    ]
    return clip.frame_start, clip.use_reverse_frames, tuple(keys), tuple(ids), tuple(still)


def element_names(strip_id: str, stack: Sequence[Any], clip: Any, numbers: Sequence[int]) -> list[str]:
    """Return the names of a layer's elements, for the source frames of its clip's content.

    With strobe a held image stays that of the take at its first frame.
    """
    names = [layer_image_name(number) for number in numbers]
    if not is_keyed(stack):
        return names
    curves = [take_curve(modifier) for modifier in stack]
    for curve in curves:
        _hold_keys(curve)
    start, active = round(clip.frame_start), active_choice(stack)
    count = len(names)
    folders = []
    for place in range(count):
        frame = start + (count - 1 - place if clip.use_reverse_frames else place)
        folders.append(layers_id(strip_id, stack, _choice_at(frame, stack, curves, active)))
    return [f"{folder}/{name}" for folder, name in zip(folders, names, strict=True)]


def _choice_at(frame: int, stack: Sequence[Any], curves: Sequence[Any], active: Choice) -> Choice:
    return tuple(
        place if curve is None else max(min(round(curve.evaluate(frame)), len(modifier.takes) - 1), 0)
        for modifier, curve, place in zip(stack, curves, active, strict=True)
    )


def _hold_keys(curve: Any) -> None:
    """Have a keyframe hold its take until the next one: between two takes there is nothing."""
    for point in () if curve is None else curve.keyframe_points:
        if point.interpolation != _HELD:
            point.interpolation = _HELD
