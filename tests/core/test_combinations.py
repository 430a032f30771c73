# SPDX-License-Identifier: GPL-3.0-or-later
"""Every landmarker with every swapper, enhancer and masker: each gives a layer on the face, or is refused by name."""

from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, write_picture
from models.stand_in_catalogue import write_catalogue
from understudy.core.analysis.landmark import bounding_box
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import RecipeError
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.clip import Clip
from understudy.core.media.open import open_clip, open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, find_parameter, with_settings
from understudy.core.recipe.analysis import MESH_LANDMARKERS
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

PATHS = ("landmark.landmarker", "swap.swapper", "enhance.enhancer", "occlude.masker")
CHOICES = tuple(tuple(choice[0] for choice in find_parameter(path).choices) for path in PATHS)
LARGEST_ENHANCER = "gpen-2048"
Combination = tuple[str, ...]
OUTSIDE_SHARE = 0.35
"""How far beyond a face's box a layer may reach, in sides of the box: its mask is soft, its forehead estimated."""


def pairwise(choices: tuple[tuple[str, ...], ...]) -> list[Combination]:
    """Return combinations in which every pair of choices of two parameters occurs, greedily found."""

    def pairs(row: Combination) -> set[tuple[int, str, int, str]]:
        return {(a, row[a], b, row[b]) for a, b in combinations(range(len(row)), 2)}

    rows = {row: pairs(row) for row in product(*choices)}
    missing = set().union(*rows.values())
    chosen = []
    while missing:
        best = max(rows, key=lambda row: len(rows[row] & missing))
        chosen.append(best)
        missing -= rows.pop(best)
    return chosen


class Stage:
    """One picture as the clip, stand-ins for all models, and one pipeline whose models stay loaded."""

    def __init__(self, folder: Path) -> None:
        self.clip: Clip = open_clip(write_picture(folder / "clip.png", portrait()))
        self.identity = Identity((FaceImage(write_picture(folder / "green.png", make_up_portrait())),))
        models = folder / "models"
        self.pipeline = Pipeline(MemoryStore(512 << 20), embedded_models(), 1, library=ModelLibrary([models]))
        plan = self.pipeline.plan(self.clip, 0, [SwapRequest(self.identity, Recipe())])
        mesh = plan.faces[0].face.landmarks
        self.box = bounding_box(mesh)
        write_catalogue(models, portrait(), mesh, load_topology())

    def recipe(self, combination: Combination) -> Recipe:
        settings = [f"{path}={choice}" for path, choice in zip(PATHS, combination, strict=True)]
        return with_settings(Recipe(), ["swap.identity=0.8", "detect.detector=yolov8-face", *settings])

    def fault(self, combination: Combination) -> str:
        """Say what is wrong with what a combination gives; empty if nothing is."""
        casting = SwapRequest(self.identity, self.recipe(combination))
        refused = combination[1] == "mesh" and combination[0] not in MESH_LANDMARKERS
        try:
            self.pipeline.check([casting])
            patch = self.pipeline.execute(self.pipeline.plan(self.clip, 0, [casting]))
        except RecipeError as error:
            return "" if refused and "mesh swapper draws on" in str(error) else f"refused: {error}"
        except Exception as error:  # noqa: BLE001 - what the editor would read as "this is a bug"
            return f"a bug: {type(error).__name__}: {error}"
        if refused or patch is None:
            return "is not refused" if refused else "has no layer"
        if patch.pixels.dtype != np.uint8 or patch.pixels.shape[2:] != (4,):
            return f"gives {patch.pixels.dtype} {patch.pixels.shape}"
        shown = patch.pixels[..., 3] > 8
        if not shown.any():
            return "shows nothing"
        rows, columns = np.nonzero(shown)
        low = np.array([columns.min() + patch.left, rows.min() + patch.top])
        high = np.array([columns.max() + patch.left, rows.max() + patch.top])
        reach = OUTSIDE_SHARE * (self.box[2:] - self.box[:2])
        if (low < self.box[:2] - reach).any() or (high > self.box[2:] + reach).any():
            return f"lies at {low} to {high}, the face at {self.box.round()}"
        share = shown.sum() / np.prod(self.box[2:] - self.box[:2])
        light = patch.pixels[..., :3][shown].mean()
        return (
            "" if share > 0.3 and light > 8 else f"shows {share:.2f} of the face, with a mean of {light:.0f}"
        )

    def faults(self, grid: list[Combination]) -> dict[str, str]:
        outcomes = {" ".join(row): self.fault(row) for row in grid}
        return {row: fault for row, fault in outcomes.items() if fault}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("stage"))
    yield stage
    stage.pipeline.close()
    stage.clip.close()


@pytest.mark.slow
def test_every_pair_of_choices_gives_a_layer_on_the_face(stage: Stage) -> None:
    """The enhancer of 2048 pixels, which takes as long as all others together, has one row here."""
    place = PATHS.index("enhance.enhancer")
    quick = tuple(choice for choice in CHOICES[place] if choice != LARGEST_ENHANCER)
    assert len(quick) == len(CHOICES[place]) - 1
    grid = pairwise((*CHOICES[:place], quick, *CHOICES[place + 1 :]))
    assert len(grid) < 200
    assert stage.faults([*grid, ("insightface-106", "hififace", LARGEST_ENHANCER, "bisenet")]) == {}


@pytest.mark.long
def test_every_pair_with_the_largest_enhancer_gives_a_layer_on_the_face(stage: Stage) -> None:
    grid = [row for row in pairwise(CHOICES) if LARGEST_ENHANCER in row]
    assert len(grid) >= 10
    assert stage.faults(grid) == {}


@pytest.mark.long
def test_every_combination_gives_a_layer_on_the_face(stage: Stage) -> None:
    grid = sorted(product(*CHOICES), key=lambda row: row[:3])
    assert len(grid) == np.prod([len(choices) for choices in CHOICES])
    assert stage.faults(grid) == {}


@pytest.mark.parametrize("which", ["largest", "reference"])
def test_a_frame_without_a_face_among_others_needs_no_mesh(stage: Stage, tmp_path: Path, which: str) -> None:
    """What is described without a mesh has fewer numbers, those of an empty frame too: the face's gap is filled."""
    hidden = portrait()
    left, top, right, bottom = stage.box.astype(int)
    hidden[top - 30 : bottom + 10, left - 20 : right + 20] = (120, 110, 100)
    frames = [
        write_picture(tmp_path / f"{number}.png", picture)
        for number, picture in enumerate((portrait(), hidden, portrait(), hidden, hidden, hidden))
    ]
    settings = [
        "landmark.landmarker=insightface-106",
        "landmark.gaps=2",
        "swap.swapper=inswapper",
        f"select.which={which}",
    ]
    casting = SwapRequest(stage.identity, with_settings(Recipe(), settings))
    with open_sequence(frames) as clip:
        plans = [stage.pipeline.plan(clip, number, [casting]) for number in range(len(frames))]
    assert [len(plan.faces) for plan in plans] == [1, 1, 1, 0, 0, 0]
