# SPDX-License-Identifier: GPL-3.0-or-later
"""A muted clip that feeds an effect is drawn by Blender all the same: with its new face, not with the original."""

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender]

FRAMES = [1, 2]
MUTED = {
    "nothing": [],
    "the clip": [["adjust", {"name": "clip", "mute": True}]],
    "its channel": [["mute_channel_of", {"name": "clip"}]],
}


def test_the_input_of_an_effect_has_its_new_face_whether_it_is_muted_or_not(every_blender, footage):
    drive, shown, reports = every_blender, {}, {}
    for place, (name, steps) in enumerate(MUTED.items()):
        answers = drive(
            ["project", {"size": [320, 240], "frames": FRAMES, "save": str(drive.folder / f"{place}.blend")}],
            [
                "effect",
                {"name": "grey", "kind": "COLOR", "channel": 1, "start": 1, "length": 2},
            ],  # else EEVEE renders
            ["movie", {"name": "clip", "file": footage.movie, "channel": 2}],
            ["cast", {"name": "clip", "picture": footage.person}],
            [
                "effect",
                {
                    "name": "blur",
                    "kind": "GAUSSIAN_BLUR",
                    "channel": 8,
                    "start": 1,
                    "length": 2,
                    "of": "clip",
                },
            ],
            *steps,
            ["render", {"out": drive.out(f"p{place}"), "report": str(drive.folder / f"{place}.json")}],
            ["drawn", {"active": "clip"}],
        )
        shown[name] = np.stack(list(drive.pictures(f"p{place}", 2).values()))
        reports[name] = answers[-2]
    assert np.array_equal(shown["the clip"], shown["nothing"])
    assert reports["the clip"]["faces"] == reports["nothing"]["faces"] == 2
    assert np.ptp(shown["its channel"]) == 0  # what lies below alone
    assert reports["its channel"] is None or reports["its channel"]["faces"] == 0
