# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip or an image that is replaced by another of the same size and time is recast anew, in every Blender."""

import os
import shutil

import numpy as np
import pytest
from footage.replaced_files import FRAMES, Contents

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.slow]

STATES = [(0, 0, 0), (1, 2, 1), (0, 0, 0)]
"""Which contents the image sequence, the movie and the source person have, one after the other."""


def put(folder, contents, state):
    """Put contents in the place of others, as a restored backup has it: with a time that says nothing."""
    sequence, movie, person = state
    names = {f"frame{n}.bmp": f"frame{sequence}.bmp" for n in range(FRAMES)}
    names |= {"movie.avi": f"movie{movie}.avi", "person.bmp": f"person{person}.bmp"}
    for name, content in names.items():
        shutil.copy(contents / content, folder / "new")
        os.utime(folder / "new", (1_700_000_000, 1_700_000_000))
        (folder / "new").replace(folder / name)


def test_a_replaced_file_never_keeps_the_former_face(every_blender):
    contents = Contents(every_blender.folder / "contents").folder
    made = {}

    def render(place, name, *before):
        folder = every_blender.folder / place
        prefix = f"{name}_"
        every_blender(
            *before,
            ["render", {"out": str(every_blender.folder / prefix), "report": str(folder / f"{name}.json")}],
        )
        pictures = every_blender.pictures(name, FRAMES)
        return np.stack([pictures[number] for number in sorted(pictures)])

    def new_project(place):
        folder = every_blender.folder / place
        size = {"size": [192, 384], "frames": [1, FRAMES], "save": str(folder / "project.blend")}
        return [
            ["project", size],
            [
                "pictures",
                {"name": "sequence", "files": [str(folder / f"frame{n}.bmp") for n in range(FRAMES)]},
            ],
            ["movie", {"name": "movie", "file": str(folder / "movie.avi"), "channel": 3}],
            ["adjust", {"name": "sequence", "transform.offset_y": 96.0}],
            ["adjust", {"name": "movie", "transform.offset_y": -96.0}],
            ["cast", {"name": "sequence", "picture": str(folder / "person.bmp")}],
            ["cast", {"name": "movie", "picture": str(folder / "person.bmp")}],
            ["save", {}],
        ]

    (every_blender.folder / "project").mkdir()
    put(every_blender.folder / "project", contents, STATES[0])
    shown = [render("project", "shown0", *new_project("project"))]
    for number, state in enumerate(STATES[1:], 1):
        put(every_blender.folder / "project", contents, state)
        load = ["load", {"path": str(every_blender.folder / "project" / "project.blend")}]
        shown.append(render("project", f"shown{number}", load))
    for number, state in enumerate(STATES):
        if state not in made:
            place = f"truth{number}"
            (every_blender.folder / place).mkdir()
            put(every_blender.folder / place, contents, state)
            made[state] = render(place, place, *new_project(place))
        assert np.array_equal(shown[number], made[state]), state
    assert len({pictures.tobytes() for pictures in shown}) == len(set(STATES))
    # And in one Blender, which has the files open.
    put(every_blender.folder / "project", contents, STATES[0])
    content = {name: str(contents / f"{name}.avi") for name in ("movie0", "movie2")}
    movie = str(every_blender.folder / "project" / "movie.avi")
    again = render(
        "project",
        "reopened",
        ["load", {"path": str(every_blender.folder / "project" / "project.blend")}],
        ["render", {"out": str(every_blender.folder / "opened_")}],
        ["replace_file", {"file": movie, "content": content["movie2"]}],
    )
    only_movie = STATES[0][0], 2, STATES[0][2]
    (every_blender.folder / "only").mkdir()
    put(every_blender.folder / "only", contents, only_movie)
    assert np.array_equal(again, render("only", "only", *new_project("only")))
