# SPDX-License-Identifier: GPL-3.0-or-later
"""The original, or another take, over the sequencer's preview: all of it, left of a line, or as a difference.

It is drawn in the window.

Blender's own picture stays what it is, and nothing of the scene is changed: renders know nothing of it.
"""

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, cast

import blf
import bpy
import gpu
from bpy.app.handlers import persistent
from gpu_extras.batch import batch_for_shader

from ...core.layers.job import LayerJob
from ..layers.jobs import jobs_at
from ..modifiers.active import active_scene
from ..preview.compared_take import ComparedTake, compared_take
from ..preview.comparison import ComparisonReader
from ..properties.compare_state import DIFFERENCE, OFF, SPLIT, compare_state, reset_compare_state
from ..properties.status import redraw
from ..sequencer.placement import Placement, preview_placement, snap, view_placement
from ..sequencer.strips import stack_id, strips_with_modifiers

if TYPE_CHECKING:
    from ...core.layers.comparison import Comparison

_HAS_GAMMA_OVERLAYS = bpy.app.version >= (5, 0, 0)
"""Whether Blender shows what handlers draw by a gamma of 2.2, and its own picture by the curve of sRGB (5.2.2)."""
_MISPLACES_REDUCED_FRAMES = bpy.app.version < (5, 0, 0)
"""Whether Blender draws strips with an origin or a mirror of their own elsewhere where the resolution is reduced."""
_WHOLE_PERCENT = 100
_WAIT_SECONDS = 0.03
"""How long a new frame is drawn later for what it is compared with: one frame's time, as the preview waits too."""
_TICK_SECONDS = 0.02
_MAX_TEXTURES = 4
_FONT = 0
_FONT_POINTS = 13
_MARGIN_PIXELS = 16
_LINE_PIXELS = 2
_WHITE, _BLACK, _SHADOW = (1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 0.9)
_SHADOW_BLUR = 3


class CompareOverlay:
    """Draws what previews compare, with what that needs."""

    def __init__(self) -> None:
        """Begin with nothing read and nothing on the graphics processor."""
        self._reader = ComparisonReader()
        self._textures: dict[Hashable, Any] = {}
        self._timer = self._tick  # one object: Blender knows timers by identity

    def draw(self) -> None:
        """Draw over the region that Blender draws now."""
        context = bpy.context
        mode, region, scene = compare_state().mode, context.region, active_scene(context)
        # What was read stays, so that going there and back takes no time.
        if mode == OFF or region is None or scene is None:
            return
        take = compared_take(scene)
        reason = compare_reason(scene) or take_reason(take)
        if reason:
            _draw_text(region, reason, 0)
            return
        view = view_placement(region)
        edge = round(compare_state().split * region.width) if mode == SPLIT else region.width
        if mode == DIFFERENCE:
            _draw_canvas(scene, view)
        for job, strip in _shown_jobs(scene):
            other = None if take is None else take.job(job)
            if take is not None and other is None:
                continue  # another strip, which is the same with both takes
            other_path = None if other is None else other.layer_path
            key, comparison = self._reader.comparison(job, _WAIT_SECONDS, other_path)
            if comparison is not None:
                place = snap(preview_placement(scene, strip, comparison.size).then(view))
                shown = "difference" if mode == DIFFERENCE else "other"
                self._draw_part(region, self._texture(key, comparison, shown), comparison, place, strip, edge)
        if mode == SPLIT:
            _draw_line(edge, region.height)
        left, right = ("Original", "Result") if take is None else (take.name, take.shown_name)
        _draw_text(region, "Difference" if mode == DIFFERENCE else left, 0)
        if mode == SPLIT:
            _draw_text(region, right, edge)
        if self._reader.is_busy and not bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.register(self._timer, first_interval=_TICK_SECONDS)

    def release(self) -> None:
        """Let go of clips and textures."""
        self._textures.clear()
        self._reader.close()

    def close(self) -> None:
        """Let go of everything."""
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self.release()

    def _tick(self) -> float | None:
        """Have the preview drawn once what it compares is read."""
        if self._reader.is_busy:
            return _TICK_SECONDS
        redraw()
        return None

    def _texture(self, key: Hashable, comparison: "Comparison", shown: Any) -> Any:
        name = key, shown
        if name not in self._textures:
            while len(self._textures) >= _MAX_TEXTURES:
                self._textures.pop(next(iter(self._textures)))
            texels = comparison.texels(shown, for_gamma=_HAS_GAMMA_OVERLAYS)
            height, width = texels.shape[:2]
            types: Any = gpu.types
            data = types.Buffer("FLOAT", texels.size, texels.ravel())
            self._textures[name] = types.GPUTexture((width, height), format="RGBA16F", data=data)
        return self._textures[name]

    @staticmethod
    def _draw_part(
        region: Any, texture: Any, comparison: "Comparison", place: Placement, strip: Any, edge: int
    ) -> None:
        """Draw a part of a frame where the strip has it, left of an edge."""
        width, height = comparison.size
        part_height, part_width = comparison.other.shape[:2]
        left, right = comparison.left, comparison.left + part_width
        low, high = height - comparison.top - part_height, height - comparison.top
        crop = strip.crop
        x0, x1 = max(left, crop.min_x), min(right, width - crop.max_x)
        y0, y1 = max(low, crop.min_y), min(high, height - crop.max_y)
        if x0 >= x1 or y0 >= y1 or edge <= 0:
            return
        corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)]
        texels = [((x - left) / part_width, (y - low) / part_height) for x, y in corners]
        shader = gpu.shader.from_builtin("IMAGE")
        batch = batch_for_shader(
            shader, "TRI_STRIP", {"pos": [place.apply(*corner) for corner in corners], "texCoord": texels}
        )
        before = gpu.state.scissor_get()
        gpu.state.scissor_test_set(True)
        gpu.state.scissor_set(0, 0, edge, region.height)
        shader.bind()
        shader.uniform_sampler("image", texture)
        batch.draw(shader)
        gpu.state.scissor_set(*before)


def compare_reason(scene: bpy.types.Scene) -> str:
    """Say why the original can't be shown as the preview shows the result; empty where it can."""
    view: Any = scene.view_settings
    if _MISPLACES_REDUCED_FRAMES and scene.render.resolution_percentage != _WHOLE_PERCENT:
        return "To compare, set the scene's resolution to 100 %"
    has_curves = view.look not in ("None", "") or view.use_curve_mapping
    if (
        view.view_transform in ("Standard", "Raw")
        and not has_curves
        and view.exposure == 0
        and view.gamma == 1
    ):
        return ""
    return "To compare, set the scene's view transform to Standard, without look, exposure and gamma"


def take_reason(take: ComparedTake | None) -> str:
    """Say why the take that is compared with can't be shown; empty where it can, or where none is compared with."""
    state = compare_state()
    if not state.is_take:
        return ""
    if take is None:
        return "The take to compare with is gone: choose another"
    if take.is_shown:
        return f"{take.name} is the take that is shown: choose another to compare with"
    return f"{take.name}: {state.fault}" if state.fault else ""


def _shown_jobs(scene: bpy.types.Scene) -> list[tuple[LayerJob, Any]]:
    """List the layers that are seen, with their strips; those of other scenes are left out."""
    strips = {stack_id(strip): strip for strip in strips_with_modifiers(scene)}
    jobs = jobs_at(scene, scene.frame_current, preview=True)
    return [(job, strips[job.owner_id]) for job in jobs if job.owner_id in strips]


def _draw_canvas(scene: bpy.types.Scene, view: Placement) -> None:
    """Cover the picture: where nothing differs it is black."""
    render = scene.render
    scale = render.resolution_percentage / 200
    across = render.resolution_x * scale * render.pixel_aspect_x / render.pixel_aspect_y
    up = render.resolution_y * scale
    left, low = map(math.floor, view.apply(-across, -up))
    right, high = map(math.ceil, view.apply(across, up))
    _fill([(left, low), (right, low), (left, high), (right, high)], _BLACK)


def _draw_line(edge: int, height: int) -> None:
    left, right = edge - _LINE_PIXELS / 2, edge + _LINE_PIXELS / 2
    _fill([(left, 0), (right, 0), (left, height), (right, height)], _WHITE)


def _fill(corners: list[tuple[float, float]], color: tuple[float, float, float, float]) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("color", color)
    batch_for_shader(shader, "TRI_STRIP", {"pos": corners}).draw(shader)


def _draw_text(region: Any, text: str, left: float) -> None:
    """Write a text at the bottom of a region, above the line that says what is not prepared."""
    scale = cast("Any", bpy.context.preferences).system.ui_scale
    blf.size(_FONT, _FONT_POINTS * scale)
    width, _ = blf.dimensions(_FONT, text)
    _, height = blf.dimensions(_FONT, "Ag")
    x = min(left + _MARGIN_PIXELS * scale, region.width - width)
    blf.enable(_FONT, blf.SHADOW)
    blf.shadow(_FONT, _SHADOW_BLUR, *_SHADOW)
    blf.color(_FONT, *_WHITE)
    blf.position(_FONT, x, 2 * _MARGIN_PIXELS * scale + 2 * height, 0)
    blf.draw(_FONT, text)
    blf.disable(_FONT, blf.SHADOW)


# Blender hands out a number for what is drawn, and takes it back by that alone.
_HANDLES: list[tuple[Any, CompareOverlay]] = []


@persistent
def _on_load(*_: Any) -> None:
    """Another file was loaded: nothing is compared."""
    reset_compare_state()
    for _handle, overlay in _HANDLES:
        overlay.release()


def register() -> None:
    """Have it drawn over every preview."""
    bpy.app.handlers.load_post.append(_on_load)
    if not bpy.app.background:
        space, overlay = cast("Any", bpy.types.SpaceSequenceEditor), CompareOverlay()
        _HANDLES.append((space.draw_handler_add(overlay.draw, (), "PREVIEW", "POST_PIXEL"), overlay))


def unregister() -> None:
    """Have it drawn no more."""
    bpy.app.handlers.load_post.remove(_on_load)
    while _HANDLES:
        handle, overlay = _HANDLES.pop()
        cast("Any", bpy.types.SpaceSequenceEditor).draw_handler_remove(handle, "PREVIEW")
        overlay.close()
