# SPDX-License-Identifier: GPL-3.0-or-later
"""A project whose cache holds two people's results, and what can be read of it."""

import os
import shutil
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, write_picture, write_sequence
from understudy.core.cache.base.key import Key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cli.main import main
from understudy.core.fusion.patch import Patch
from understudy.core.layers.tiff import layer_pieces
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

COUNT = 4


class Project:
    """A clip, two people who play the part, and runs over them."""

    def __init__(self, folder: Path) -> None:
        self.frames = write_sequence(folder / "clip", COUNT)
        self.clip = folder / "clip"
        self.green = write_picture(folder / "green.png", make_up_portrait())
        self.plain = write_picture(folder / "plain.png", portrait())
        self.cache = folder / "cache"

    def run(self, picture: Path, cache: Path, **more):
        """Make every layer; return the counts of stages that ran."""
        opened = open_cache(CacheSettings(cache, **more), schemas=STAGE_SCHEMAS)
        with open_sequence(self.frames) as clip, closing(opened):
            pipeline = Pipeline(opened.store, embedded_models(), flight=opened.flight)
            for number in range(COUNT):
                pipeline.execute(pipeline.plan(clip, number, [SwapRequest(Identity((FaceImage(picture),)))]))
            report = pipeline.report()
            pipeline.close()
        runs = {stage: counts["run"] for stage, counts in report.stages.items()}
        return runs | {"pictures": report.source_images["run"]}


ALL = {"detect": COUNT, "landmark": COUNT, "embed": COUNT, "swap": COUNT, "fuse": COUNT, "pictures": 3}
NO_RUNS = dict.fromkeys(ALL, 0) | {"fuse": COUNT}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project whose cache knows the clip with both people."""
    project = Project(tmp_path_factory.mktemp("project"))
    assert project.run(project.green, project.cache) == ALL
    assert project.run(project.plain, project.cache)["swap"] == COUNT
    return project


@pytest.fixture
def cache(made, tmp_path):
    """A copy of that cache."""
    return shutil.copytree(made.cache, tmp_path / "cache")


def call(capsys, *arguments, code=0):
    """Run `understudy cache` and return what it printed."""
    capsys.readouterr()
    assert main(["cache", *map(str, arguments)]) == code
    printed = capsys.readouterr()
    return printed.out if code == 0 else printed.out + printed.err


def stored_results(store):
    """Every result of a store by its key."""
    return {Key(entry.text): store.get(Key(entry.text)) for entry in store.entries()}


def stages(store):
    return sorted(
        next(line for line in key.text.split("\n") if "stage=" in line)[6:] for key in stored_results(store)
    )


def layer(cache, name, age_days=0.0):
    """Write a layer image that shows a face, made some days ago."""
    path = cache / "layers" / "0123456789abcdef" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    face = np.random.default_rng(3).integers(0, 255, (64, 64, 4), np.uint8)
    path.write_bytes(b"".join(layer_pieces("ab" * 32, Patch(0, 0, face), (128, 128))))
    os.utime(path, (time.time() - 86400 * age_days,) * 2)
    return path, face.tobytes()[1000:1200]
