# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip of which some frames are in a cache, and the report that explains them."""

from contextlib import closing
from pathlib import Path

from footage.portrait import make_up_portrait, portrait, write_picture, write_sequence
from understudy.core.cache.base.key import Key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.maintenance.inspector import NamedStore, TierInspector
from understudy.core.cache.maintenance.lineage import key_fields
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.explain_frame import explain_frame
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

from tests.core.shared_places import redis_store

COUNT = 8


class Project:
    """A clip of which frames 0 to 3 have been made with one person."""

    def __init__(self, folder: Path) -> None:
        self.clip = folder / "clip"
        self.frames = write_sequence(self.clip, COUNT)
        self.green = write_picture(folder / "green.png", make_up_portrait())
        self.plain = write_picture(folder / "plain.png", portrait())
        self.cache = folder / "cache"
        with (
            closing(open_cache(CacheSettings(self.cache), schemas=STAGE_SCHEMAS)) as cache,
            open_sequence(self.frames) as clip,
        ):
            pipeline = Pipeline(cache.store, embedded_models())
            for number in range(4):  # steadying looks three frames further
                pipeline.execute(pipeline.plan(clip, number, [self.casting()]))
            pipeline.close()

    def casting(self, *settings, picture=None) -> SwapRequest:
        pictures = (FaceImage(picture or self.green),)
        return SwapRequest(Identity(pictures), with_settings(Recipe(), list(settings)))

    def facts(self, number=1, casting=None, models=None):
        """Explain a frame; return its facts by stage, those of pictures by 'picture stage'."""
        before = {path: path.read_bytes() for path in self.cache.iterdir()}
        with closing(PackStore(self.cache)) as folder, open_sequence(self.frames) as clip:
            facts = explain_frame(
                lambda store: Pipeline(store, models or embedded_models()),
                TierInspector([NamedStore("the folder", folder)], schemas=STAGE_SCHEMAS),
                folder.entries,
                clip,
                number,
                casting or self.casting(),
            )
            assert folder.counts.puts == 0
        assert {path: path.read_bytes() for path in self.cache.iterdir()} == before
        return {f"{fact.subject} {fact.stage}".strip(): fact for fact in facts}


def status(facts):
    return {name: fact.status for name, fact in facts.items()}


def spread_over_places(made, root, redis_server, where):
    """Spread what was made over a folder, a shared folder and Redis; `where` names the place of a stage's results."""
    places = {
        "near": PackStore(root / "near"),
        "share": PackStore(root / "share"),
        "redis": redis_store(redis_server.url),
    }
    with closing(PackStore(made.cache)) as folder:
        for entry in list(folder.entries()):
            key = Key(entry.text)
            places[where.get(key_fields(key.text)["stage"], "near")].put(key, folder.get(key))
    for place in places.values():
        place.close()


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}
