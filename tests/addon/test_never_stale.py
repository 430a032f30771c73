# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip or an image that is replaced by another of the same size and time is recast anew, in every Blender."""

import itertools
import os
import random
import shutil

import cv2
import numpy as np
import pytest
from footage.replaced_files import FRAMES, Contents

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.slow]

STATES = [(0, 0, 0), (1, 2, 1), (0, 0, 0)]
"""Which contents the image sequence, the movie and the source person have, one after the other."""


ROUNDS, ROUNDS_OF_A_BLENDER = 1000, 50


def files_of(name, number):
    """The files of an image sequence, a movie or a person, each with the one that content number `number` is in."""
    if name == "sequence":
        return [(f"frame{n}.bmp", f"frame{number}.bmp") for n in range(FRAMES)]
    ending = ".avi" if name == "movie" else ".bmp"
    return [(f"{name}{ending}", f"{name}{number}{ending}")]


def put(folder, contents, state):
    """Put contents in the place of others, as a restored backup has it: with a time that says nothing."""
    for name, content in itertools.chain(*map(files_of, ("sequence", "movie", "person"), state)):
        shutil.copy(contents / content, folder / "new")
        os.utime(folder / "new", (1_700_000_000, 1_700_000_000))
        (folder / "new").replace(folder / name)


def new_project(folder):
    """Steps that make a project of the files in a folder."""
    size = {"size": [192, 384], "frames": [1, FRAMES], "save": str(folder / "project.blend")}
    return [
        ["project", size],
        ["pictures", {"name": "sequence", "files": [str(folder / f"frame{n}.bmp") for n in range(FRAMES)]}],
        ["movie", {"name": "movie", "file": str(folder / "movie.avi"), "channel": 3}],
        ["adjust", {"name": "sequence", "transform.offset_y": 96.0}],
        ["adjust", {"name": "movie", "transform.offset_y": -96.0}],
        ["cast", {"name": "sequence", "picture": str(folder / "person.bmp")}],
        ["cast", {"name": "movie", "picture": str(folder / "person.bmp")}],
        ["save", {}],
    ]


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

    (every_blender.folder / "project").mkdir()
    put(every_blender.folder / "project", contents, STATES[0])
    shown = [render("project", "shown0", *new_project(every_blender.folder / "project"))]
    for number, state in enumerate(STATES[1:], 1):
        put(every_blender.folder / "project", contents, state)
        load = ["load", {"path": str(every_blender.folder / "project" / "project.blend")}]
        shown.append(render("project", f"shown{number}", load))
    for number, state in enumerate(STATES):
        if state not in made:
            place = f"truth{number}"
            (every_blender.folder / place).mkdir()
            put(every_blender.folder / place, contents, state)
            made[state] = render(place, place, *new_project(every_blender.folder / place))
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
    assert np.array_equal(again, render("only", "only", *new_project(every_blender.folder / "only")))


@pytest.mark.long
def test_a_thousand_replacements_leave_no_former_face(drive):
    """In Blenders that have the files open, and between one Blender and the next."""
    contents, choice = Contents(drive.folder / "contents").folder, random.Random(11)
    states = list(itertools.product(range(3), range(3), range(2)))
    for state in states:
        place = drive.folder / "truth{}{}{}".format(*state)
        place.mkdir()
        put(place, contents, state)
        drive(
            *new_project(place), ["render", {"out": str(place / "shown_"), "how": "still", "frame": FRAMES}]
        )
    truths = {
        state: cv2.imread(str(drive.folder / "truth{}{}{}".format(*state) / "shown_.png")) for state in states
    }
    assert len({image.tobytes() for image in truths.values()}) == len(states)

    project, state = drive.folder / "project", states[0]
    project.mkdir()
    put(project, contents, state)
    drive(*new_project(project))
    for _ in range(ROUNDS // ROUNDS_OF_A_BLENDER):
        steps, expected = [["load", {"path": str(project / "project.blend")}]], []
        for number in range(ROUNDS_OF_A_BLENDER):
            state = choice.choice([other for other in states if other != state])
            new = zip(("sequence", "movie", "person"), state, strict=True)
            for name, content in new:
                steps += [
                    [
                        "replace_file",
                        {"file": str(project / file), "content": str(contents / source), "how": how},
                    ]
                    for how in [choice.choice(("rename", "in place", "with a new time"))]
                    for file, source in files_of(name, content)
                ]
            steps.append(
                ["render", {"out": str(project / f"shown{number}_"), "how": "still", "frame": FRAMES}]
            )
            expected.append(state)
        drive(*steps)
        for number, shown in enumerate(expected):
            image = cv2.imread(str(project / f"shown{number}_.png"))
            assert np.array_equal(image, truths[shown]), (number, expected[: number + 1])
