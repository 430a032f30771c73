# SPDX-License-Identifier: GPL-3.0-or-later
"""The edits of a timeline that tests make, as steps of `tests/addon/scripts`."""

from timeline_blends import BLENDS
from timeline_keyframes import KEYFRAMES
from timeline_steps import COLOUR, adjust, by, effect

# What is done to the strip named clip, and the timeline frames that are looked at.
EDITS = {
    "moved": (adjust(frame_start=4), (4, 15)),
    "moved over another": (adjust(frame_start=4, channel=3), (4, 15)),
    "left handle": ([["set_properties", {"clip": {"frame_final_start": 4}}]], (3, 12)),
    "right handle": ([["set_properties", {"clip": {"frame_final_end": 9}}]], (1, 9)),
    "handles pulled out": (
        [
            ["set_properties", {"clip": {"frame_start": 4}}],
            ["set_properties", {"clip": {"frame_final_start": 2, "frame_final_end": 18}}],
        ],
        (2, 17),
    ),
    "slipped": (
        [
            ["set_properties", {"clip": {"frame_final_start": 4, "frame_final_end": 10}}],
            by("slip", "clip", offset=2),
        ],
        (4, 9),
    ),
    "split and moved": (
        [
            by("split", "clip", frame=5, channel=1, type="SOFT", side="BOTH"),
            ["set_properties", {"clip.001": {"frame_start": 9}}],
        ],
        (1, 20),
    ),
    "split hard": ([by("split", "clip", frame=5, channel=1, type="HARD", side="BOTH")], (3, 7)),
    "duplicated": ([["duplicate", {"names": ["clip"], "by": 12}]], (11, 15)),
    "another channel": (adjust(channel=7), (1, 3)),
    "reversed": (adjust(use_reverse_frames=True), (1, 12)),
    "strobed": (adjust(strobe=3.0), (1, 8)),
    "reversed, trimmed and strobed": (
        [
            *adjust(use_reverse_frames=True, strobe=2.0),
            ["set_properties", {"clip": {"frame_final_start": 4}}],
        ],
        (4, 9),
    ),
    "slowed down": ([["retime", {"name": "clip", "keys": [5], "moves": [[1, 9]]}]], (1, 13)),
    "slowed down, then sped up": (
        [["retime", {"name": "clip", "keys": [4, 8], "moves": [[2, 15], [1, 7], [3, 18]]}]],
        (1, 17),
    ),
    "retimed, reversed, strobed and trimmed": (
        [
            ["retime", {"name": "clip", "keys": [5], "moves": [[1, 9]]}],
            *adjust(use_reverse_frames=True, strobe=2.0),
            ["set_properties", {"clip": {"frame_final_start": 3, "frame_final_end": 11}}],
        ],
        (3, 10),
    ),
    "frozen": (
        [
            [
                "retime",
                {"name": "clip", "keys": [], "operators": {"retiming_freeze_frame_add": {"duration": 4}}},
            ]
        ],
        (1, 16),
    ),
    "retimed, then not": (
        [
            ["retime", {"name": "clip", "keys": [5], "moves": [[1, 9]]}],
            ["op", {"name": "understudy.refresh"}],
            by("retiming_reset", "clip"),
        ],
        (1, 12),
    ),
    "retimed, then moved and split": (
        [
            ["retime", {"name": "clip", "keys": [5], "moves": [[1, 9]]}],
            ["op", {"name": "understudy.refresh"}],
            *adjust(frame_start=4),
            by("split", "clip", frame=9, channel=1, type="SOFT", side="BOTH"),
        ],
        (4, 17),
    ),
    "moved on screen": (adjust(transform__offset_x=17, transform__offset_y=-9), (3, 4)),
    "mirrored": (adjust(use_flip_x=True, use_flip_y=True), (3, 4)),
    "cropped": (adjust(crop__min_x=70, crop__max_y=31), (3, 4)),
    "turned by a right angle": (
        adjust(transform__rotation=1.5707963, transform__filter="NEAREST"),
        (3, 4),
    ),
    "scaled to twice": (
        adjust(transform__scale_x=2.0, transform__scale_y=2.0, transform__filter="NEAREST"),
        (3, 4),
    ),
    "scaled to half": (adjust(transform__scale_x=0.5, transform__scale_y=0.5), (3, 4)),
    "turned by 20 degrees": (adjust(transform__rotation=0.349), (3, 4)),
    "shrunk, turned, moved and cropped": (
        adjust(
            transform__scale_x=0.7,
            transform__scale_y=0.6,
            transform__rotation=-0.6,
            transform__offset_x=13,
            crop__min_x=20,
        ),
        (3, 4),
    ),
    "under a transform effect": (
        [
            [
                "transform_effect",
                {"of": "clip", "rotation_start": 20.0, "scale_start_x": 0.8, "translate_start_x": 5.0},
            ],
        ],
        (3, 4),
    ),
    "turned about its corner": (
        adjust(
            transform__origin=(0.0, 0.0),
            transform__rotation=1.5707963,
            transform__filter="NEAREST",
            transform__offset_x=200,
        ),
        (3, 4),
    ),
    "muted": ([*adjust(mute=True), COLOUR], (3, 3)),
    "muted by the operator": ([by("mute", "clip"), COLOUR], (3, 3)),
    "muted channel": ([["setup", {"sequence_editor__channels__1__mute": True}], COLOUR], (3, 3)),
    "locked": ([by("lock", "clip"), ["setup", {"frame_current": 2}]], (3, 4)),
    "tagged with a colour": ([by("strip_color_tag_set", "clip", color="COLOR_03")], (3, 4)),
    "made a meta strip": ([["into_meta", {"names": ["clip"]}]], (3, 4)),
    "made a meta strip, moved": (
        [["into_meta", {"names": ["clip"]}], ["set_properties", {"MetaStrip": {"frame_start": 6}}]],
        (5, 9),
    ),
    "made a meta strip and unmade": (
        [
            ["into_meta", {"names": ["clip"]}],
            ["op", {"name": "understudy.refresh"}],
            by("meta_separate", "MetaStrip"),
        ],
        (3, 4),
    ),
    "in a scene strip": (
        [["scene_strip", {"name": "played", "resolution": [320, 240], "frames": [3, 4]}]],
        (3, 4),
    ),
    "pasted into another scene": ([["paste_into_new_scene", {"names": ["clip"]}]], (3, 4)),
    **BLENDS,
    **KEYFRAMES,
    "moved below a title": (
        [
            ["colour", {"name": "title", "channel": 6, "start": 3, "end": 9}],
            ["set_properties", {"title": {"transform__scale_x": 0.5, "transform__scale_y": 0.5}}],
            *adjust(channel=5),
        ],
        (2, 10),
    ),
    "moved below several": (
        [
            ["colour", {"name": "title", "channel": 6, "start": 3, "end": 9}],
            ["colour", {"name": "another", "channel": 7, "start": 5, "end": 11, "colour": [0.7, 0.1, 0.1]}],
            ["colour", {"name": "third", "channel": 8, "start": 10, "end": 14, "colour": [0.1, 0.1, 0.9]}],
            [
                "set_properties",
                {"title": {"transform__scale_x": 0.5}, "another": {"transform__scale_y": 0.3}},
            ],
            ["set_properties", {"third": {"transform__scale_x": 0.2}}],
            *adjust(channel=5),
        ],
        (2, 12),
    ),
    "undone and done again": (
        [
            ["undo", {"push": "before", "times": 0}],
            *adjust(frame_start=4),
            ["undo", {"push": "moved", "times": 1, "redo": 1}],
        ],
        (4, 6),
    ),
    "undone": (
        [["undo", {"push": "before", "times": 0}], *adjust(frame_start=4), ["undo", {"push": "moved"}]],
        (1, 3),
    ),
    # Blender 5.2.2 shows a neighbour of what a speed effect asks for, with and without Understudy. Last, since
    # from here on every frame is drawn anew.
    "sped up by an effect": (
        [
            ["draw_every_frame_anew", {}],
            *effect("SPEED", speed_control="MULTIPLY", speed_factor=2.0),
        ],
        (1, 5),
    ),
}
