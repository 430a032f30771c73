# SPDX-License-Identifier: GPL-3.0-or-later
"""A step that retimes image strips at random: Blender itself tells which picture of such a strip is shown when."""

import random
from pathlib import Path

import bpy
from steps import _in_sequencer, _scene
from understudy.addon.sequencer.retiming import read_retimings, retimed_source_frames

_LENGTH = 60
_APART = 11  # nearer to its neighbours a change of speed crashes Blender


def retimed_at_random(file, trials, seed):
    """Retime strips of numbered copies of a picture: [what was done, our numbers, Blender's] of each."""
    chance = random.Random(seed)
    folder = Path(bpy.app.tempdir)
    data = Path(file).read_bytes()
    for number in range(_LENGTH):
        (folder / f"{number:06d}.png").write_bytes(data)
    return [_retime_one_at_random(folder, chance) for _ in range(trials)]


def _retime_one_at_random(folder, chance):
    scene = _scene()
    editor = scene.sequence_editor
    for strip in list(editor.strips):
        editor.strips.remove(strip)
    strip = editor.strips.new_image("clip", str(folder / "000000.png"), 3, 1)
    for number in range(1, _LENGTH):
        strip.elements.append(f"{number:06d}.png")
    strip.frame_final_duration = _LENGTH
    strip.select, editor.active_strip = True, strip
    with _in_sequencer():
        for frame in sorted(chance.sample(range(12, _LENGTH - 8), chance.choice([1, 2, 3]))):
            bpy.ops.sequencer.retiming_key_add(timeline_frame=frame)
        for number in range(len(strip.retiming_keys) - 1, 0, -1):
            _move(strip, number, chance.choice([-1, 0, 3, 7, 12]))
        done = chance.choice(["keys", "freeze", "transition", "transition"])
        if done != "keys":
            strip.show_retiming_keys = True
            scene.frame_set(3)
            bpy.ops.sequencer.retiming_freeze_frame_add(duration=2)
        if done == "transition" and not _smooth(strip, chance):
            done = "freeze"
    strip.use_reverse_frames = chance.random() < 0.3
    strip.strobe = chance.choice([1, 1, 3])
    ours = retimed_source_frames(strip, read_retimings(scene, [strip])[strip.name])
    start = int(strip.frame_start)
    theirs = [int(strip.strip_elem_from_frame(start + at).filename[:6]) for at in range(len(ours))]
    return [done, ours[::-1] if strip.use_reverse_frames else ours, theirs]


def _move(strip, number, by):
    keys = [key.timeline_frame for key in strip.retiming_keys]
    there = keys[number] + by
    if keys[number - 1] + 1 < there and (number == len(keys) - 1 or there < keys[number + 1] - 1):
        strip.retiming_keys[number].timeline_frame = there


def _smooth(strip, chance):
    """Make the speed change smoothly about a key; a freeze frame has made keys selectable."""
    keys = [key.timeline_frame for key in strip.retiming_keys]
    fit = [
        key
        for before, key, after in zip(keys[2:], keys[3:], keys[4:], strict=False)
        if min(key - before, after - key) > _APART
    ]
    if not fit:
        return False
    view = bpy.context.region.view2d
    (x, low), (_, high) = (view.view_to_region(fit[0], at, clip=False) for at in (3, 4))
    bpy.ops.sequencer.select_box(xmin=x - 1, xmax=x + 1, ymin=low, ymax=high, mode="SET")
    return "FINISHED" in bpy.ops.sequencer.retiming_transition_add(duration=chance.choice([4, 6, 9]))
