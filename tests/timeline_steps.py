# SPDX-License-Identifier: GPL-3.0-or-later
"""What the edits of `timeline_edits` and `timeline_blends` are made of."""


def adjust(**properties):
    return [["adjust", {"name": "clip", **properties}]]


def by(operator, *strips, **arguments):
    return ["by_operator", {"name": operator, "strips": strips, **arguments}]


def effect(kind, first="clip", second=None, channel=6, start=1, end=13, **properties):
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
