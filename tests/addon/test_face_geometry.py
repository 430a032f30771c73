# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces become meshes that move as the clip does, in every Blender."""

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

FIRST, LAST = 3, 6
WIDTH, HEIGHT = 320, 240


@pytest.fixture
def begin(every_blender, footage):
    """Steps that make a project with a recast clip, and its folder."""
    folder = every_blender.folder / f"project_{every_blender.runs}"
    folder.mkdir()
    return folder, [
        [
            "project",
            {"size": [WIDTH, HEIGHT], "frames": (FIRST, LAST), "save": str(folder / "project.blend")},
        ],
        ["movie", {"name": "clip", "file": footage.movie, "start": FIRST}],
        ["shorten", {"name": "clip", "length": LAST - FIRST + 1}],
        ["cast_by_script", {"name": "clip", "picture": footage.person}],
    ]


def test_the_mesh_is_where_the_face_is(every_blender, begin):
    folder, steps = begin
    *_, said, here, later, before, exported = every_blender(
        *steps,
        ["render", {"out": str(folder / "out_")}],
        ["face_geometry", {"path": str(folder / "faces.pc2")}],
        ["face_objects", {"frame": FIRST}],
        ["face_objects", {"frame": FIRST + 2}],
        ["face_objects", {"frame": FIRST - 1}],
        ["export_alembic", {"path": str(folder / "faces.abc")}],
    )
    assert said == ""
    assert sorted(entry["type"] for entry in here) == ["CAMERA", "EMPTY", "MESH"]
    mesh, other = (next(entry for entry in facts if entry["type"] == "MESH") for facts in (here, later))
    data = (folder / "faces.pc2").read_bytes()
    stored = np.frombuffer(data[32:], "<f4").reshape(LAST - FIRST + 1, 478, 3)
    assert np.allclose(np.reshape(mesh["points"], (478, 3)), stored[0], atol=1e-5)
    assert np.allclose(np.reshape(other["points"], (478, 3)), stored[2], atol=1e-5)
    # The face is in the frame, upright, and looks at the camera.
    assert np.abs(stored[..., 0]).max() < WIDTH / HEIGHT / 2
    assert np.abs(stored[..., 1]).max() < 0.5
    assert (stored[:, 10, 1] > stored[:, 152, 1]).all()
    assert mesh["normal_z"] > 0.3
    assert mesh["uv"] == 1
    assert [facts["hidden"] for facts in (mesh, other)] == [False, False]
    assert next(entry for entry in before if entry["type"] == "MESH")["hidden"]
    empty = next(entry for entry in here if entry["type"] == "EMPTY")
    assert np.allclose(empty["place"], stored[0].mean(0), atol=1e-5)
    assert empty["size"] == pytest.approx(np.ptp(stored[0, :, 1]), abs=1e-5)
    assert next(entry for entry in here if entry["type"] == "CAMERA")["size"] == pytest.approx(WIDTH / HEIGHT)
    if exported is not None:
        assert exported == ["FINISHED"]
        assert (folder / "faces.abc").stat().st_size > stored.nbytes


def test_what_is_not_prepared_says_so(every_blender, begin):
    folder, steps = begin
    *_, said, here = every_blender(
        *steps,
        ["face_geometry", {"path": str(folder / "none.pc2")}],
        ["face_objects", {"frame": FIRST}],
    )
    assert "press Prepare Clip first" in said
    assert here == []
    assert not (folder / "none.pc2").exists()
