# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of a timeline that animate a clip, or mute what it lies on, where nothing else covers it."""

from timeline_steps import UNDER, adjust

# A sequencer that shows nothing is rendered by another engine.
CORNER = [
    ["colour", {"name": "corner", "channel": 20, "start": 1, "end": 30}],
    ["set_properties", {"corner": {"transform__scale_x": 0.1, "blend_type": "ALPHA_OVER"}}],
]


def animated(path, values):
    return [["animate", {"name": "clip", "path": path, "values": values}], ["settled", {}]]


MUTES_LATER = animated("mute", {"1": False, "5": True, "8": False})
MUTES_FIRST = animated("mute", {"1": True, "5": False, "8": True})
MUTES_CHANNEL = [["setup", {"sequence_editor__channels__1__mute": True}], ["settled", {}]]

KEYFRAMES = {
    "muted channel, nothing above": ([*CORNER, *MUTES_CHANNEL], (1, 3)),
    "muted channel of an animated clip": ([*CORNER, *MUTES_LATER, *MUTES_CHANNEL], (1, 9)),
    "muted channel, then not": (
        [*CORNER, *MUTES_CHANNEL, ["setup", {"sequence_editor__channels__1__mute": False}], ["settled", {}]],
        (1, 3),
    ),
    "muted by keyframes": ([*CORNER, *MUTES_LATER], (1, 10)),
    "muted by keyframes at first": ([*CORNER, *MUTES_FIRST], (1, 10)),
    "muted by keyframes and faded": ([*CORNER, *MUTES_FIRST, *adjust(blend_alpha=0.5)], (1, 10)),
    "mirrored by keyframes": (animated("use_flip_x", {"1": True, "5": False, "8": True}), (1, 10)),
    "reversed by keyframes": (animated("use_reverse_frames", {"1": True, "5": False, "8": True}), (1, 10)),
    "strobed by keyframes": (animated("strobe", {"1": 1.0, "9": 4.0}), (1, 10)),
    "strobed unevenly": (adjust(strobe=2.5), (1, 10)),
    "turned about a corner that keyframes move": (
        [
            *adjust(transform__rotation=1.5707963, transform__filter="NEAREST"),
            *animated("transform.origin", {"1": [0.0, 0.0], "9": [0.0, 1.0]}),
        ],
        (1, 10),
    ),
    "blended by keyframes": (
        [
            UNDER,
            *adjust(channel=4),
            *animated("blend_type", {"1": "ALPHA_OVER", "5": "ADD", "8": "ALPHA_OVER"}),
        ],
        (1, 10),
    ),
}
