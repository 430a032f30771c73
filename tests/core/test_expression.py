# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a source face that smiles, opens its mouth, blinks or turns; calm portraits get no warning."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from understudy.core.analysis.expression import expression_issues
from understudy.core.analysis.quality import quality_issues
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.face.types import LANDMARK_COUNT, Floats
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe

LOWER_LIPS = [87, 14, 317, 84, 17, 314]
LEFT_UPPER_LID, LEFT_LOWER_LID = [160, 159, 158], [144, 145, 153]
RIGHT_UPPER_LID, RIGHT_LOWER_LID = [385, 386, 387], [380, 374, 373]


def drawn_face(jaw: float = 0.0, stretch: float = 0.0, lids: tuple[float, float] = (0.28, 0.28)) -> Floats:
    """The canonical face with closed lips; then the jaw falls, the mouth's corners part and rise, the lids are set.

    Lengths are in eye distances, those of the lids in widths of an eye. It is turned and moved as in a picture.
    """
    points = load_topology().shape.copy()
    upper, lower = [82, 13, 312], [87, 14, 317]
    points[lower, :2] = points[upper, :2]
    points[LOWER_LIPS, 1] += jaw
    width = float(points[291, 0] - points[61, 0])
    reach = (0.56 - width) / 2 + stretch / 2
    points[[61, 291], 0] += (-reach, reach)
    points[[61, 291], 1] = points[[0, 17], 1].mean() - stretch / 4
    for up, low, corners, opening in (
        (LEFT_UPPER_LID, LEFT_LOWER_LID, (33, 133), lids[0]),
        (RIGHT_UPPER_LID, RIGHT_LOWER_LID, (362, 263), lids[1]),
    ):
        points[low] = points[up]
        points[low, 1] += opening * float(np.linalg.norm(points[corners[0], :2] - points[corners[1], :2]))
    yaw = np.radians(12)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    landmarks = np.zeros((LANDMARK_COUNT, 3), np.float32)
    landmarks[: len(points)] = 90 * points @ turn.T + (300, 200, 0)
    return landmarks


@pytest.mark.parametrize(
    ("face", "words"),
    [
        (drawn_face(), []),
        (drawn_face(jaw=0.07), []),  # parted lips
        (drawn_face(jaw=0.11, stretch=0.15), []),  # a moderate smile
        (drawn_face(jaw=0.19, stretch=0.2), ["smiling broadly"]),
        (drawn_face(jaw=0.3), ["open-mouthed"]),
        (drawn_face(lids=(0.16, 0.16)), []),  # narrow eyes
        (drawn_face(lids=(0.05, 0.05)), ["blinking"]),
        (drawn_face(lids=(0.28, 0.05)), ["blinking"]),  # a wink
        (drawn_face(jaw=0.3, lids=(0.05, 0.28)), ["open-mouthed", "blinking"]),
    ],
)
def test_an_expression_is_named_where_it_is_strong(face: Floats, words: list[str]) -> None:
    issues = expression_issues(face, load_topology())
    assert [issue.partition(":")[0] for issue in issues] == words


FOOTAGE = {
    "portraits/p01_astronaut_eileen_collins_512.png": [[]],
    "portraits/p02_obama_official.jpg": [["smiling broadly"]],
    "portraits/p02b_obama_speech.jpg": [["open-mouthed"]],
    "portraits/p02c_obama_standing.jpg": [[]],
    "portraits/p03_obama_biden_two_people.jpg": [[], []],
    "portraits/p10_man_a3.jpg": [[]],
    "portraits/p11_woman_a1.jpg": [["smiling broadly"]],
    "portraits/p13_woman_c.jpg": [[]],
    "portraits/p20_man_sofa_1000.jpg": [[]],
    "portraits/p22_couple_outdoor.jpg": [["smiling broadly"], []],
    "portraits/p30_glasses_frown_720.jpg": [[]],
    "portraits/p40_painting_sargent.jpg": [[]],
    "portraits/p41_painting_mona_lisa.jpg": [[]],
    "portraits/p42_painting_pearl_earring.jpg": [["turned away by 35 degrees, 30 or less is good"]],
    "06_expressions_headturn_540p.mp4": {
        0: [[]],
        40: [["blinking"]],
        96: [[]],
        152: [["blinking"]],
        176: [[]],
    },
    "07_extreme_expressions_720p.mp4": {0: [["open-mouthed"]], 120: [[]]},
}
"""What is said of each face, from the left, of a picture, or of frames of a clip: the words before the colon."""


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    working = Pipeline(MemoryStore(64 << 20), embedded_models(), 1)
    yield working
    working.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", FOOTAGE)
def test_what_is_said_of_footage(shared: Path, name: str, pipeline: Pipeline) -> None:
    wanted = FOOTAGE[name]
    frames = wanted if isinstance(wanted, dict) else {0: wanted}
    with open_clip(shared / "footage" / name) as clip:
        for number, words in frames.items():
            faces = sorted(pipeline.faces(clip, number, Recipe()), key=lambda face: float(face.box[0]))
            issues = [quality_issues(clip.read(number), face, load_topology()) for face in faces]
            assert [[issue.partition(":")[0] for issue in face] for face in issues] == words, number
