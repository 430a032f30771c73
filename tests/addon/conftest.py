# SPDX-License-Identifier: GPL-3.0-or-later
"""A made clip with a real face, and a Blender in a process of its own that does what a test asks."""

import shutil

import cv2
import numpy as np
import pytest
from blender_driver import BlenderPool, Driver, Footage
from blenders import NAMES, MissingError, find, has_newest


@pytest.fixture(scope="session")
def footage(tmp_path_factory):
    """Return the made footage."""
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="session")
def two_faces(footage):
    """A picture of two people."""
    both = [cv2.imread(path)[:280, 90:370] for path in (footage.person, footage.second_person)]
    path = f"{footage.folder}/two.png"
    cv2.imwrite(path, np.hstack(both))
    return path


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """Return the Blenders in which jobs follow each other."""
    blenders = BlenderPool(tmp_path_factory.getbasetemp())
    yield blenders
    blenders.close()


@pytest.fixture(scope="module")
def in_turn(request, running):
    """Return them to a module that is marked for it; to others None: each of their jobs has a process of its own."""
    return running if request.node.get_closest_marker("in_turn") else None


# Where the newest is here, the one between repeats what the oldest and the newest show.
_PARAMETERS = [
    pytest.param(name, marks=[pytest.mark.long] if name in NAMES[1:-1] and has_newest() else [])
    for name in NAMES
]


@pytest.fixture(scope="module", params=_PARAMETERS)
def every_blender(request, tmp_path_factory, footage, in_turn):
    """Return a driver for each Blender in turn, with a folder of its own; skips those that are not here."""
    try:
        blender = find(request.param)
    except MissingError as reason:
        pytest.skip(str(reason))
    return Driver(tmp_path_factory.mktemp(f"blender_{request.param}_"), blender, (footage.folder,), in_turn)


@pytest.fixture(scope="module")
def drive(tmp_path_factory, in_turn):
    """Return a driver with a folder of its own."""
    return Driver(tmp_path_factory.mktemp("blender"), running=in_turn)


@pytest.fixture(scope="session")
def prepared_project(tmp_path_factory, running, footage):
    """The folder of a saved project of which frames 1 to 8 are prepared, for modules to copy."""
    folder = tmp_path_factory.mktemp("prepared") / "project"
    folder.mkdir()
    Driver(folder.parent, running=running)(
        ["project", {"size": [320, 240], "frames": [1, 8], "save": str(folder / "prepared.blend")}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["work", {}],
        ["save", {}],
    )
    return folder


@pytest.fixture(scope="module")
def prepared(drive, prepared_project):
    """A saved project of which frames 1 to 8 are prepared: frame n shows source frame n - 1."""
    return str(shutil.copytree(prepared_project, drive.folder / "prepared_project") / "prepared.blend")
