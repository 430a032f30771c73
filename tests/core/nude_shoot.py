# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip of which one shot shows nudity, who is in it, and the safeguard that looks at it."""

from datetime import date
from pathlib import Path

import pytest
from understudy.core.cache.settings import CacheSettings
from understudy.core.consent.nude_scenes import NUDE_SCENES
from understudy.core.consent.record import ConsentRecord
from understudy.core.consent.request_consent import image_hashes
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.sessions.settings import RunSettings

from tests.core import face_clip, nude_clip


class Shoot:
    """The clip, the source person, the model and the cache of all tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clip = nude_clip.write_clip(folder / "clip.mp4")
        self.face = face_clip.write_picture(folder / "red.png", face_clip.make_up_portrait((230, 20, 20)))
        self.replaced = face_clip.write_picture(folder / "replaced.png", face_clip.portrait())
        self.models = nude_clip.write_model(folder / "models")
        (folder / "empty").mkdir()

    def settings(self, cache: str = "cache", models: Path | None = None, **more: object) -> RunSettings:
        models = models or self.models
        return RunSettings(CacheSettings(self.folder / cache), model_folder=models, **more)

    def request(self, *, name: str = "", consent: str = "", until: date | None = None) -> SwapRequest:
        return SwapRequest(Identity((FaceImage(self.face),), name, consent, until), modifier="Face Swap")

    def job(self, number: int, layer: Path, request: SwapRequest | None = None) -> LayerJob:
        source = ClipSource(True, (self.clip,))
        return LayerJob("strip", number + 1, source, number, layer, (request or self.request(),))

    def record(self, *images: Path, use: str = NUDE_SCENES, until: date | None = None) -> ConsentRecord:
        hashes = image_hashes(images)
        return ConsentRecord(f"plantedname{images[0].stem}", use=use, until=until, images=tuple(hashes))


def layer_path(folder: Path) -> Path:
    return folder / "project" / "layers" / "0123456789abcdef" / "000020.tif"


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Shoot:
    return Shoot(tmp_path_factory.mktemp("safeguard"))


@pytest.fixture(autouse=True)
def safeguard(monkeypatch: pytest.MonkeyPatch, shoot: Shoot) -> None:
    monkeypatch.setenv("UNDERSTUDY_SAFEGUARD", "on")
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(shoot.models))
