# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for timelines of many recast strips: what a sync looks at, counted in calls."""

import cProfile
import random
import shutil
from collections import Counter
from dataclasses import dataclass

import bpy
from steps import _scene, _strip
from understudy.addon.layers import auto_sync, jobs, strip_warnings, sync
from understudy.addon.layers.folders import cache_folder
from understudy.addon.layers.layer_strip import layer_of
from understudy.addon.layers.scene_strips import SceneStrips
from understudy.addon.modifiers import stack
from understudy.addon.sequencer.channel_index import ChannelIndex
from understudy.addon.sequencer.strips import overlap

_AUTO_SYNC = {}
_SETTLED = (
    "timeline_fingerprint", "sync_scene", "sync_layer", "make_layer", "elements_state", "sync_elements",
    "_write_elements", "add_placeholders", "copy_to", "open_clip",
    "read_retimings",
)  # fmt: skip
_ADDED = ("_levels", "_is_sound", "follows_clip", "sync_layer", "make_layer", "durations_at_other_rate")
_COUNTED = ("open_clip", "sync_elements", "add_placeholders", "_write_elements")


def many_movies(file, count, start=0):
    """Add strips of one movie, one behind the other, each with a modifier; layers are made by the next sync."""
    for number in range(start, start + count):
        strips = _scene().sequence_editor.strips
        strip = strips.new_movie(f"many {number:03d}", file, 1, 1 + 20 * number)
        stack.append_modifier(_scene(), strip)


def sync_counts():
    """Bring the layers in order; how often was called what looks at files, elements or movies."""
    return _count_work(lambda: sync.sync_layers(_scene()))


def settle_counts():
    """Do what the timer does after an edit; how often was called what looks at a scene, a clip or a file."""
    calls = _profile(_AUTO_SYNC.setdefault("timer", auto_sync.LayerAutoSync()).tick)
    return {name: calls[name] for name in _SETTLED if calls[name]}


def add_counts(file, start, count):
    """Add strips of a movie, then a modifier to each by its button; how often each took what looks at all strips."""
    scene, counts = _scene(), []
    strips = [
        scene.sequence_editor.strips.new_movie(f"plain {number:03d}", file, 1, 1 + 20 * number)
        for number in range(start, start + count)
    ]
    for strip in strips:
        scene.sequence_editor.active_strip = strip
        bpy.context.view_layer.update()
        calls = _profile(bpy.ops.understudy.modifier_add)
        counts.append({name: calls[name] for name in _ADDED if calls[name]})
    return counts


def colours():
    """The colour space of each clip that has another than the usual one, and its layer's."""
    names_by_clip = {}
    for clip in SceneStrips(_scene()).clips:
        names = [strip.colorspace_settings.name for strip in (clip, layer_of(_scene(), clip))]
        if set(names) != {"sRGB"}:
            names_by_clip[clip.name] = names
    return names_by_clip


def looks(paths):
    """The values of properties of each clip, and of its layer."""
    return {
        clip.name: [
            [str(_value(strip.path_resolve(path))) for path in paths]
            for strip in (clip, layer_of(_scene(), clip))
        ]
        for clip in SceneStrips(_scene()).clips
    }


def _value(value):
    return list(value) if hasattr(value, "__len__") else value


def deselect_all():
    """Leave nothing selected and nothing active."""
    for strip in _scene().sequence_editor.strips_all:
        strip.select = False
    _scene().sequence_editor.active_strip = None


def layer_facts():
    """What each layer is: its place, its images and its folder."""
    facts = {}
    for clip in SceneStrips(_scene()).clips:
        layer = layer_of(_scene(), clip)
        place = layer.channel, layer.frame_final_start, layer.frame_final_end
        facts[clip.name] = [*place, layer.directory, [element.filename for element in layer.elements]]
    return facts


def spoil_layer(name, element=None, directory=None):
    """Change a layer as a script may, that knows nothing of us."""
    layer = layer_of(_scene(), _strip(name))
    if element is not None:
        layer.elements[element].filename = "999999.tif"
    if directory is not None:
        layer.directory = directory


def remove_layer_folders():
    """Remove all layers' images, as somebody may who empties the cache."""
    shutil.rmtree(cache_folder(_scene()) / "layers")


def layer_images():
    """How many layer images there are."""
    return len(list((cache_folder(_scene()) / "layers").glob("*/*.tif")))


def looking_calls():
    """How many function calls each thing takes that is done at every edit, frame or redraw."""
    scene = _scene()
    works = {
        "timing": lambda: sync.sync_timing(scene),
        "edit": lambda: sync.sync_scene(scene, during_edit=True, changed_clips=frozenset()),
        "sync": lambda: sync.sync_layers(scene),
        "fingerprint": auto_sync.timeline_fingerprint,
        "warnings": lambda: strip_warnings.scene_warnings(scene),
        "frame": lambda: list(jobs.jobs_at(scene, 5)),
    }
    return {name: sum(_profile(work).values()) for name, work in works.items()}


@dataclass(eq=False)
class _Place:
    """Where a strip lies; unlike Blender's these may overlap on a channel, as those of a damaged file."""

    channel: int
    frame_final_start: int
    frame_final_end: int


def index_faults(seed, count):
    """Move strips about; how often an index finds others than a look at each strip does, of how many looks."""
    chance = random.Random(seed)
    strips = [_Place(*_random_place(chance)) for _ in range(count)]
    index, faults, looks = ChannelIndex(strips), 0, 0
    for moved in [None, *chance.sample(strips, count // 2)]:
        if moved is not None:
            moved.channel, moved.frame_final_start, moved.frame_final_end = _random_place(chance)
            index.update(moved)
        for strip in strips:
            others = [other for other in strips if other != strip and overlap(other, strip)]
            above = [other for other in others if other.channel >= strip.channel]
            by_index = list(index.overlapping(strip))
            faults += Counter(by_index) != Counter(others)
            faults += Counter(index.overlapping(strip, channels=range(strip.channel, 9))) != Counter(above)
            faults += [other.channel for other in by_index] != sorted(other.channel for other in others)
            looks += len(others)
    return [faults, looks]


def _random_place(chance):
    start = chance.randrange(200)
    return 1 + chance.randrange(5), start, start + chance.choice([1, 5, 40])


def _count_work(work):
    calls = _profile(work)
    return {name: calls[name] for name in _COUNTED}


def _profile(work):
    """Return how often each function was called, by its name."""
    profile = cProfile.Profile()
    profile.enable()
    work()
    profile.disable()
    calls = Counter()
    for entry in profile.getstats():
        calls[getattr(entry.code, "co_name", str(entry.code))] += entry.callcount
    return calls
