# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of a timeline that blend a clip with others: transitions, effects, grading, opacity and modes."""

from timeline_steps import COLOUR, SECOND, UNDER, adjust, by, effect

# A copy of the clip that overlaps its end: Understudy gives it a stack and a layer of its own.
TWICE = ["duplicate", {"names": ["clip"], "by": 8}]
TWO_INPUT_EFFECTS = (
    ("CROSS", {}),
    ("GAMMA_CROSS", {}),
    ("WIPE", {"transition_type": "CLOCK", "blur_width": 0.2}),
    ("ADD", {}),
    ("SUBTRACT", {}),
    ("MULTIPLY", {}),
    ("ALPHA_OVER", {}),
    ("ALPHA_UNDER", {}),
)

BLENDS = {
    "crossed with another": (
        [SECOND, *effect("CROSS", "clip", "second", start=8)],
        (5, 14),
    ),
    "crossed from another": (
        [SECOND, *effect("CROSS", "second", "clip", start=8)],
        (5, 14),
    ),
    "gamma crossed": (
        [SECOND, *effect("GAMMA_CROSS", "clip", "second", start=8)],
        (9, 11),
    ),
    "wiped": ([SECOND, *effect("WIPE", "clip", "second", start=8)], (9, 11)),
    "glowing": ([*effect("GLOW")], (3, 4)),
    "blurred": ([*effect("GAUSSIAN_BLUR")], (3, 4)),
    "added to another": (
        [SECOND, *effect("ADD", "clip", "second", start=8)],
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
    "half transparent": ([UNDER, *adjust(channel=4, blend_alpha=0.5)], (3, 4)),
    "faded in": (
        [
            UNDER,
            *adjust(channel=4),
            ["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.0, "9": 1.0}}],
        ],
        (1, 12),
    ),
    "faded in over nothing": (
        [["animate", {"name": "clip", "path": "blend_alpha", "values": {"1": 0.0, "9": 1.0}}]],
        (1, 12),
    ),
    "faded by the operator": (
        [UNDER, *adjust(channel=4), by("fades_add", "clip", duration_seconds=0.2, type="IN_OUT")],
        (1, 12),
    ),
    **{
        f"opacity {alpha}": ([UNDER, *adjust(channel=4, blend_alpha=alpha)], (3, 4))
        for alpha in (0.0, 0.1, 0.3, 0.9)
    },
    "transparent over nothing": (adjust(blend_alpha=0.3), (3, 4)),
    "transparent, graded and blurred": (
        [
            UNDER,
            *adjust(channel=4, blend_alpha=0.7),
            ["strip_modifier", {"name": "clip", "kind": "BRIGHT_CONTRAST", "bright": 30.0}],
            *effect("GAUSSIAN_BLUR"),
        ],
        (3, 4),
    ),
    "under what lies below": ([UNDER, *adjust(channel=4, blend_type="ALPHA_UNDER")], (3, 4)),
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
            *adjust(channel=4),
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
    **{
        f"{kind} of two recast clips": (
            [TWICE, *effect(kind, "clip", "clip.001", start=9, **properties)],
            (8, 14),
        )
        for kind, properties in TWO_INPUT_EFFECTS
    },
    **{
        f"{blend} over another recast clip": (
            [TWICE, ["set_properties", {"clip.001": {"blend_type": blend}}]],
            (8, 14),
        )
        for blend in ("ADD", "MULTIPLY", "ALPHA_UNDER")
    },
    "two recast clips chosen by a multicam selector": (
        [
            TWICE,
            ["set_properties", {"clip": {"channel": 4}, "clip.001": {"channel": 6}}],
            COLOUR,
            ["effect", {"name": "camera", "kind": "MULTICAM", "channel": 10, "start": 1, "length": 12}],
            ["animate", {"name": "camera", "path": "multicam_source", "values": {"1": 4, "11": 6}}],
        ],
        (9, 12),
    ),
    "faded before it is grouped": (
        [UNDER, *adjust(channel=4, blend_alpha=0.6), ["into_meta", {"names": ["clip"]}]],
        (3, 4),
    ),
    "added to what lies below": (
        [UNDER, *adjust(channel=4, blend_type="ADD")],
        (3, 4),
    ),
    "multiplied": ([UNDER, *adjust(channel=4, blend_type="MULTIPLY")], (3, 4)),
}
