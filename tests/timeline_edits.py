# SPDX-License-Identifier: GPL-3.0-or-later
"""The edits of a timeline that tests make, as steps of `tests/addon/scripts`."""


def _adjust(**properties):
    return [["adjust", {"name": "clip", **properties}]]


def _by(operator, *strips, **arguments):
    return ["by_operator", {"name": operator, "strips": strips, **arguments}]


def _effect(kind, first="clip", second=None, channel=6, start=1, end=13, **properties):
    steps = [
        [
            "cross",
            {
                "name": "effect",
                "kind": kind,
                "channel": channel,
                "first": first,
                "second": second,
                "start": start,
                "end": end,
            },
        ]
    ]
    return steps + ([["set_properties", {"effect": properties}]] if properties else [])


COLOUR = ["colour", {"name": "colour", "channel": 8, "start": 1, "end": 13}]

# Another strip that overlaps the end of the clip, and one that lies below it once it has moved up.
SECOND = ["colour", {"name": "second", "channel": 2, "start": 8, "end": 18}]
UNDER = ["colour", {"name": "under", "channel": 2, "start": 1, "end": 20}]

# What is done to the strip named clip, and the timeline frames that are looked at.
EDITS = {
    "moved": (_adjust(frame_start=4), (4, 15)),
    "moved over another": (_adjust(frame_start=4, channel=3), (4, 15)),
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
            _by("slip", "clip", offset=2),
        ],
        (4, 9),
    ),
    "split and moved": (
        [
            _by("split", "clip", frame=5, channel=1, type="SOFT", side="BOTH"),
            ["set_properties", {"clip.001": {"frame_start": 9}}],
        ],
        (1, 20),
    ),
    "split hard": ([_by("split", "clip", frame=5, channel=1, type="HARD", side="BOTH")], (3, 7)),
    "duplicated": ([["duplicate", {"names": ["clip"], "by": 12}]], (11, 15)),
    "another channel": (_adjust(channel=7), (1, 3)),
    "reversed": (_adjust(use_reverse_frames=True), (1, 12)),
    "strobed": (_adjust(strobe=3.0), (1, 8)),
    "reversed, trimmed and strobed": (
        [
            *_adjust(use_reverse_frames=True, strobe=2.0),
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
            *_adjust(use_reverse_frames=True, strobe=2.0),
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
            _by("retiming_reset", "clip"),
        ],
        (1, 12),
    ),
    "retimed, then moved and split": (
        [
            ["retime", {"name": "clip", "keys": [5], "moves": [[1, 9]]}],
            ["op", {"name": "understudy.refresh"}],
            *_adjust(frame_start=4),
            _by("split", "clip", frame=9, channel=1, type="SOFT", side="BOTH"),
        ],
        (4, 17),
    ),
    "moved on screen": (_adjust(transform__offset_x=17, transform__offset_y=-9), (3, 4)),
    "mirrored": (_adjust(use_flip_x=True, use_flip_y=True), (3, 4)),
    "cropped": (_adjust(crop__min_x=70, crop__max_y=31), (3, 4)),
    "turned by a right angle": (
        _adjust(transform__rotation=1.5707963, transform__filter="NEAREST"),
        (3, 4),
    ),
    "scaled to twice": (
        _adjust(transform__scale_x=2.0, transform__scale_y=2.0, transform__filter="NEAREST"),
        (3, 4),
    ),
    "scaled to half": (_adjust(transform__scale_x=0.5, transform__scale_y=0.5), (3, 4)),
    "turned by 20 degrees": (_adjust(transform__rotation=0.349), (3, 4)),
    "shrunk, turned, moved and cropped": (
        _adjust(
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
        _adjust(
            transform__origin=(0.0, 0.0),
            transform__rotation=1.5707963,
            transform__filter="NEAREST",
            transform__offset_x=200,
        ),
        (3, 4),
    ),
    "muted": ([*_adjust(mute=True), COLOUR], (3, 3)),
    "muted by the operator": ([_by("mute", "clip"), COLOUR], (3, 3)),
    "muted channel": ([["setup", {"sequence_editor__channels__1__mute": True}], COLOUR], (3, 3)),
    "locked": ([_by("lock", "clip"), ["setup", {"frame_current": 2}]], (3, 4)),
    "tagged with a colour": ([_by("strip_color_tag_set", "clip", color="COLOR_03")], (3, 4)),
    "made a meta strip": ([["into_meta", {"names": ["clip"]}]], (3, 4)),
    "made a meta strip, moved": (
        [["into_meta", {"names": ["clip"]}], ["set_properties", {"MetaStrip": {"frame_start": 6}}]],
        (5, 9),
    ),
    "made a meta strip and unmade": (
        [
            ["into_meta", {"names": ["clip"]}],
            ["op", {"name": "understudy.refresh"}],
            _by("meta_separate", "MetaStrip"),
        ],
        (3, 4),
    ),
    "in a scene strip": (
        [["scene_strip", {"name": "played", "resolution": [320, 240], "frames": [3, 4]}]],
        (3, 4),
    ),
    "pasted into another scene": ([["paste_into_new_scene", {"names": ["clip"]}]], (3, 4)),
    "crossed with another": (
        [SECOND, *_effect("CROSS", "clip", "second", start=8)],
        (5, 14),
    ),
    "crossed from another": (
        [SECOND, *_effect("CROSS", "second", "clip", start=8)],
        (5, 14),
    ),
    "gamma crossed": (
        [SECOND, *_effect("GAMMA_CROSS", "clip", "second", start=8)],
        (9, 11),
    ),
    "wiped": ([SECOND, *_effect("WIPE", "clip", "second", start=8)], (9, 11)),
    "glowing": ([*_effect("GLOW")], (3, 4)),
    "blurred": ([*_effect("GAUSSIAN_BLUR")], (3, 4)),
    "added to another": (
        [SECOND, *_effect("ADD", "clip", "second", start=8)],
        (9, 11),
    ),
    "under an adjustment": (
        [
            ["effect", {"name": "grade", "kind": "ADJUSTMENT", "channel": 2, "start": 1, "length": 12}],
            ["strip_modifier", {"name": "grade", "kind": "BRIGHT_CONTRAST", "bright": 30.0}],
        ],
        (3, 4),
    ),
    "graded": (
        [
            ["strip_modifier", {"name": "clip", "kind": "BRIGHT_CONTRAST", "bright": 30.0, "contrast": 20.0}],
        ],
        (3, 4),
    ),
    "half transparent": ([UNDER, *_adjust(channel=4, blend_alpha=0.5)], (3, 4)),
    "faded in": (
        [
            UNDER,
            *_adjust(channel=4),
            ["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.0, "9": 1.0}}],
        ],
        (1, 12),
    ),
    "faded in over nothing": (
        [["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.0, "9": 1.0}}]],
        (1, 12),
    ),
    "faded by the operator": (
        [UNDER, *_adjust(channel=4), _by("fades_add", "clip", duration_seconds=0.2, type="IN_OUT")],
        (1, 12),
    ),
    **{
        f"opacity {alpha}": ([UNDER, *_adjust(channel=4, blend_alpha=alpha)], (3, 4))
        for alpha in (0.0, 0.1, 0.3, 0.9)
    },
    "transparent over nothing": (_adjust(blend_alpha=0.3), (3, 4)),
    "transparent, graded and blurred": (
        [
            UNDER,
            *_adjust(channel=4, blend_alpha=0.7),
            ["strip_modifier", {"name": "clip", "kind": "BRIGHT_CONTRAST", "bright": 30.0}],
            *_effect("GAUSSIAN_BLUR"),
        ],
        (3, 4),
    ),
    "under what lies below": ([UNDER, *_adjust(channel=4, blend_type="ALPHA_UNDER")], (3, 4)),
    "a small one under what lies below": (
        [
            ["set_properties", {"clip": {"channel": 4, "blend_type": "ALPHA_UNDER"}}],
            ["colour", {"name": "small", "channel": 2, "start": 1, "end": 20}],
            ["set_properties", {"small": {"transform__scale_x": 0.3, "blend_type": "ALPHA_OVER"}}],
        ],
        (3, 4),
    ),
    "chosen by a multicam selector": (
        [
            UNDER,
            *_adjust(channel=4),
            COLOUR,
            ["effect", {"name": "camera", "kind": "MULTICAM", "channel": 10, "start": 1, "length": 12}],
            ["set_properties", {"camera": {"multicam_source": 4}}],
        ],
        (3, 4),
    ),
    "moved by keyframes": (
        [
            [
                "animate",
                {
                    "name": "clip",
                    "path": "transform.offset_x",
                    "values": {str(n): n * n for n in range(1, 13)},
                },
            ]
        ],
        (1, 12),
    ),
    "crossed with another recast clip": (
        [["duplicate", {"names": ["clip"], "by": 8}], *_effect("CROSS", "clip", "clip.001", start=9)],
        (8, 14),
    ),
    "faded before it is grouped": (
        [UNDER, *_adjust(channel=4, blend_alpha=0.6), ["into_meta", {"names": ["clip"]}]],
        (3, 4),
    ),
    "added to what lies below": (
        [UNDER, *_adjust(channel=4, blend_type="ADD")],
        (3, 4),
    ),
    "multiplied": ([UNDER, *_adjust(channel=4, blend_type="MULTIPLY")], (3, 4)),
    "moved below a title": (
        [
            ["colour", {"name": "title", "channel": 6, "start": 3, "end": 9}],
            ["set_properties", {"title": {"transform__scale_x": 0.5, "transform__scale_y": 0.5}}],
            *_adjust(channel=5),
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
            *_adjust(channel=5),
        ],
        (2, 12),
    ),
    "undone and done again": (
        [
            ["undo", {"push": "before", "times": 0}],
            *_adjust(frame_start=4),
            ["undo", {"push": "moved", "times": 1, "redo": 1}],
        ],
        (4, 6),
    ),
    "undone": (
        [["undo", {"push": "before", "times": 0}], *_adjust(frame_start=4), ["undo", {"push": "moved"}]],
        (1, 3),
    ),
    # Blender 5.2.2 shows a neighbour of what a speed effect asks for, with and without Understudy. Last, since
    # from here on every frame is drawn anew.
    "sped up by an effect": (
        [
            ["draw_every_frame_anew", {}],
            *_effect("SPEED", speed_control="MULTIPLY", speed_factor=2.0),
        ],
        (1, 5),
    ),
}
