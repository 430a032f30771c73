# SPDX-License-Identifier: GPL-3.0-or-later
"""Operator that deletes what is kept: of the clip of the active strip, of a source person, or everything."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

import bpy
from bpy.props import EnumProperty

from ...core.errors import UnderstudyError
from ...core.layers.blanking import blank_layers
from ...core.layers.files import BlankingReport
from ...core.reporting.layer_outcomes import pluralise
from ..blender.reports import report
from ..layers.folders import cache_folder
from ..layers.layer_strip import invalidate_layer_caches
from ..layers.take_layers import blank_images, layer_folders
from ..lookups.gallery import clear_lookups
from ..lookups.people import clear_search
from ..modifiers.active import active_modifier, active_scene, active_strip
from ..modifiers.stack import stack_of
from ..modifiers.takes import takes_of
from ..prepare.target_forms import clear_target_forms
from ..preview.live_preview import release_session
from ..properties.preferences import preferences
from ..properties.scene_properties import request_of
from ..properties.status import set_window_state, window_state
from ..render.handlers import release_render_session
from ..sequencer.strips import source_of, stack_id, strips_with_modifiers
from ..sessions.cache_folder import layers_root
from ..sessions.open import access, open_session, run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import WorkerQuery, active_queries
from ..sheets.purge import purge_all, purge_clip, purge_people

_TOPIC = "purge"
_BlankLayers: TypeAlias = Callable[[], BlankingReport]


class UNDERSTUDY_OT_purge(bpy.types.Operator):
    """Delete results from this machine's cache folder; they can be computed again."""

    bl_idname = "understudy.purge"
    bl_label = "Purge Results"
    bl_description = (
        "Delete results from this machine's cache folder, including images of people. They can be computed again. "
        "This can't be undone"
    )
    bl_options = {"REGISTER"}

    what: EnumProperty(  # type: ignore[valid-type]
        name="What",
        items=(
            (
                "STRIP",
                "Strip",
                "All results of the active strip, its layer images, and the sheets of its clip",
            ),
            (
                "PERSON",
                "Person",
                "All results from a source person's images, the layer images of strips with them, and their sheets",
            ),
            (
                "ALL",
                "All",
                "Everything in the cache folder, including the layer images of every scene, and every sheet",
            ),
        ),
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with a stack, and while nothing is computed."""
        strip = active_strip(context)
        if strip is None or not stack_id(strip):
            cls.poll_message_set("The active strip has no Face Swap modifier")
            return False
        if window_state().running or active_queries(_TOPIC):
            cls.poll_message_set("Results are being computed or deleted")
            return False
        return True

    def invoke(self, context: Any, event: Any) -> set[Any]:
        """Ask first."""
        answer: set[Any] = context.window_manager.invoke_confirm(self, event)
        return answer

    def execute(self, context: Any) -> set[Any]:
        """Delete; beside the editor where there is one, since it may take a while."""
        scene, strip = active_scene(context), active_strip(context)
        if strip is None:
            return {"CANCELLED"}
        release_render_session()
        place = cache_folder(scene), preferences()
        images = _person_images(context) if self.what == "PERSON" else ()
        if self.what == "PERSON":
            if not images:
                report(self, "ERROR", "The modifier has no image of a source person")
                return {"CANCELLED"}
            clips, source = _strips_with_images(images), None
            blank: _BlankLayers = partial(_blank_strips, clips)
            delete_sheets: Callable[[], str] = partial(purge_people, images)
        elif self.what == "ALL":
            # Also those of removed strips, and of projects that keep theirs in the same folder.
            clips, source = _strips_using_folder(place[0]), None
            blank = partial(blank_layers, layers_root(scene), access=access(place[1]))
            delete_sheets = purge_all
        else:
            clips, source = [(scene, strip)], source_of(strip)
            blank = partial(blank_images, layer_folders(scene, stack_id(strip)))
            delete_sheets = partial(purge_clip, scene, strip)
        try:
            left_sheets = delete_sheets()
            if bpy.app.background:
                with closing(open_session(*place)) as session:
                    freed = session.purge(source, images)
                report(self, "INFO", f"{freed / 1e6:.1f} MB deleted")
            else:
                worker = WorkerProcess(run_settings(*place))
                worker.purge(strip.name, source, images)
                WorkerQuery(_TOPIC, worker, partial(_on_end, blank)).start()
            left = _blank_layers(blank)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        for text in filter(None, (left, left_sheets)):
            report(self, "WARNING", text)
        if self.what == "PERSON" and not left:
            report(self, "INFO", "Rendered outputs with this person stay: List Outputs finds them")
        for owner, clip in clips:
            clear_search(clip)
            clear_target_forms(owner, clip)
        clear_lookups()
        return {"FINISHED"}


def _person_images(context: Any) -> tuple[Path, ...]:
    """Return the images of the source person of the modifier that is meant."""
    modifier = active_modifier(context)
    images = () if modifier is None else request_of(modifier).identity.images
    return tuple(dict.fromkeys(image.path for image in images))


def _strips_with_images(images: Sequence[Path]) -> list[tuple[bpy.types.Scene, Any]]:
    """List the clips of every scene that have a modifier with one of these images, each with its scene."""
    wanted = set(images)
    return [
        (scene, clip)
        for scene in bpy.data.scenes
        if cast("Any", scene).library is None
        for clip in strips_with_modifiers(scene)
        if any(
            wanted.intersection(image.path for image in request.identity.images)
            for modifier in stack_of(scene, stack_id(clip))
            for _, request in takes_of(modifier)
        )
    ]


def _blank_strips(clips: Sequence[tuple[bpy.types.Scene, Any]]) -> BlankingReport:
    """Make the layer images of clips transparent. Raises OutputError."""
    return blank_images(folder for scene, clip in clips for folder in layer_folders(scene, stack_id(clip)))


def _strips_using_folder(folder: Path) -> list[tuple[bpy.types.Scene, Any]]:
    """List the clips of every scene that keeps its results in a cache folder, each with its scene."""
    scenes = [scene for scene in bpy.data.scenes if cast("Any", scene).library is None]
    return [
        (scene, clip)
        for scene in scenes
        if cache_folder(scene) == folder
        for clip in strips_with_modifiers(scene)
    ]


def _on_end(blank: _BlankLayers, faults: list[str]) -> None:
    trouble = faults[0] if faults else ""
    try:
        # The preview may have fused anew what was looked at meanwhile.
        trouble = trouble or _blank_layers(blank)
    except UnderstudyError as error:
        trouble = trouble or str(error)
    set_window_state("trouble", trouble)
    clear_lookups()


def _blank_layers(blank: _BlankLayers) -> str:
    """Take the faces out of layer images, and out of the preview's memory first; say what is left, if anything.

    Raises OutputError.
    """
    release_session()
    blanked = blank()
    invalidate_layer_caches()
    if blanked.faults:
        return blanked.faults[0]
    if blanked.rewrites:
        again = pluralise(blanked.rewrites, "layer image")
        return f"{again} written again during the purge: stop the process that writes there, then purge again"
    if blanked.foreign:
        return f"{pluralise(blanked.foreign, 'thing')} among the layer images not written by Understudy: not changed"
    return ""


CLASSES = (UNDERSTUDY_OT_purge,)
