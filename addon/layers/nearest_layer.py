# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several layer strips belongs to a clip: a copied or cut clip has come with copies of its layer."""

from typing import Any

_TIMING_PROPERTIES = ("frame_start", "frame_offset_start", "frame_offset_end")


def nearest_layer(clip: Any, layers: list[Any]) -> Any | None:
    """Return the layer that is least out of step with a clip, or None of none."""
    if len(layers) < 2:
        return layers[0] if layers else None
    return min(layers, key=lambda layer: _timing_distance(clip, layer))


def _timing_distance(clip: Any, layer: Any) -> float:
    """How far a layer is out of step with a clip, in frames."""
    return sum(abs(getattr(clip, name) - getattr(layer, name)) for name in _TIMING_PROPERTIES) + abs(
        clip.frame_final_end - layer.frame_final_end
    )
