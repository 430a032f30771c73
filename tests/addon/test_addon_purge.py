# SPDX-License-Identifier: GPL-3.0-or-later
"""What purging leaves on disk: no face, whichever scene or strip a layer image was made for."""

from pathlib import Path

import pytest

pytestmark = [pytest.mark.blender]


def _with_faces(project):
    """The layer images that show something, by the folder of their stack."""
    pictures = (Path(project).parent / "understudy_cache" / "layers").rglob("*.tif")
    return {path.parent.name for path in pictures if path.stat().st_size > 200}


def test_purging_all_takes_the_faces_of_other_scenes_and_of_removed_strips(drive, footage, prepared):
    answers = drive(
        ["load", {"path": prepared}],
        ["duplicate", {"names": ["clip"], "by": 12}],
        ["op", {"name": "understudy.refresh"}],
        ["delete", {"names": ["clip.001"]}],
        ["op", {"name": "understudy.refresh"}],
        ["facts", {}],
    )
    layers = [entry for entry in answers[-1]["strips"].values() if entry["layer_of"]]
    assert len(layers) == 1
    made = _with_faces(prepared)
    assert len(made) == 2  # one of a strip that is gone
    answers = drive(
        ["load", {"path": prepared}],
        ["scene_strip", {"name": "played", "resolution": [320, 240], "frames": [1, 8]}],
        ["setup", {"understudy__cache_folder": "//understudy_cache/"}],
        ["movie", {"name": "other", "file": footage.movie, "channel": 4}],
        ["cast", {"name": "other", "picture": footage.person}],
        ["op", {"name": "understudy.purge", "active": "other", "what": "ALL"}],
    )
    assert answers[-1] == ["FINISHED"]
    assert _with_faces(prepared) == set()
