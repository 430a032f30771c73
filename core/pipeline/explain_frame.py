# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage by stage, what is known of one frame and what would have to be computed; nothing is computed to tell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Literal, NamedTuple, TypeVar

from ..cache.base.key import Key
from ..cache.base.store import Arrays, Store
from ..cache.maintenance import lineage
from ..cache.maintenance.explain import Explanation, explain_all
from ..cache.maintenance.inspector import TierInspector
from ..cache.packs.record import EntryInfo
from ..media.clip import Clip
from ..media.source_image import open_source_image, source_image
from ..recipe import Detect, Recipe
from ..recipe.request import FaceImage, SwapRequest
from .pipeline import Pipeline
from .target_forms import SAMPLE_FRAMES

_UNCACHED_STAGES = ("fuse", "layer")

_T = TypeVar("_T")
Status = Literal["hit", "miss", "not known yet", "not kept"]


@dataclass(frozen=True)
class StageStatus:
    """What is known of one stage.

    `subject` says whose: the frame's (empty) or an image's. `explanation` is there for a hit and a miss,
    `reason` where the stage's key can't be known before an earlier stage has run, or what is kept can't be used.
    `place` is the name of the place that a hit is read from.
    """

    stage: str
    subject: str
    status: Status
    explanation: Explanation | None = None
    reason: str = ""
    place: str | None = None


class _StageKey(NamedTuple):
    """A stage that a frame needs: its key, or why that is not known."""

    stage: str
    subject: str
    key: Key | None
    reason: str = ""


class _CacheMissError(Exception):
    """A result that has to be there to go on is not."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key


class _ProbeStore:
    """Answers from a store, keeps nothing, and ends the work where a result is missing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.lookups: dict[Key, None] = {}

    def get(self, key: Key) -> Arrays | None:
        self.lookups[key] = None
        arrays = self._store.get(key)
        # A clip's id and facts can be had without it, by looking at the file.
        if arrays is None and _stage(key) not in ("clip", "facts"):
            raise _CacheMissError(key)
        return arrays

    def put(self, key: Key, arrays: Arrays) -> None:
        pass

    def __contains__(self, key: Key) -> bool:
        return key in self._store

    def close(self) -> None:
        pass


def explain_frame(
    make_pipeline: Callable[[Store], Pipeline],
    store: TierInspector,
    entries: Callable[[], Iterable[EntryInfo]],
    clip: Clip,
    number: int,
    request: SwapRequest,
) -> tuple[StageStatus, ...]:
    """Explain frame `number`, counted from 0: its stages and those of the images of people.

    `make_pipeline` makes one over a store, with the models a render would use; `store` is what that render would
    read, and `entries` lists what it or its nearest folder keeps: all of it is looked through for each miss's
    nearest result. Runs no model and keeps nothing. Raises ClipError, FaceImageError, ModelError and RecipeError
    as the pipeline does.
    """
    asked = [
        *_image_keys(make_pipeline, store, request),
        *_analysis_keys(make_pipeline, store, clip, number, request.with_analysis_of(number).recipe),
        *_swap_keys(make_pipeline, store, clip, number, request),
    ]
    keys = list(dict.fromkeys(entry.key for entry in asked if entry.key is not None))
    held = {key: place for key in keys if (place := store.store_name(key)) is not None}
    explained = dict(zip(keys, explain_all(keys, held, entries), strict=True))
    return tuple(_stage_status(entry, explained, held, store) for entry in asked)


def _stage_status(
    entry: _StageKey, explanations: dict[Key, Explanation], places: dict[Key, str], store: TierInspector
) -> StageStatus:
    if entry.key is None:
        return StageStatus(entry.stage, entry.subject, "not known yet", None, entry.reason)
    if entry.stage in _UNCACHED_STAGES:
        return StageStatus(entry.stage, entry.subject, "not kept", None, "made from the crop each time")
    explanation = explanations[entry.key]
    if explanation.hit:
        return StageStatus(entry.stage, entry.subject, "hit", explanation, place=places[entry.key])
    reason = "it is kept, but damaged or encrypted with another key" if store.is_unusable(entry.key) else ""
    return StageStatus(entry.stage, entry.subject, "miss", explanation, reason)


def _analysis_keys(
    make_pipeline: Callable[[Store], Pipeline],
    store: Store,
    clip: Clip,
    number: int,
    recipe: Recipe,
    subject: str = "",
) -> Iterator[_StageKey]:
    probe = _ProbeStore(store)
    keys = _catch_miss(lambda: make_pipeline(probe).analysis_keys(clip, number, recipe))
    yield from _stage_keys(probe.lookups, subject)
    if not isinstance(keys, _CacheMissError):
        yield from _stage_keys(keys, subject)
        return
    for stage in ("detect", "landmark", "embed"):
        yield _StageKey(stage, subject, None, "the frame's pixels are not in the cache yet")


def _image_keys(
    make_pipeline: Callable[[Store], Pipeline], store: Store, request: SwapRequest
) -> Iterator[_StageKey]:
    for count, image in enumerate(request.identity.images, 1):
        about = f"image {count}"
        texture = _catch_miss(
            partial(make_pipeline(_ProbeStore(store)).texture_key, image, request.recipe.detect)
        )
        recipe = Recipe(detect=_image_detection(make_pipeline, store, request, image))
        with open_source_image(source_image(image.path)) as shown:
            yield from _analysis_keys(make_pipeline, store, shown, 0, recipe, about)
        if request.recipe.swap.swapper != "mesh":
            continue
        if isinstance(texture, _CacheMissError):
            yield _StageKey("texture", about, None, f"the image's {_stage(texture.key)} is not there")
        else:
            yield _StageKey("texture", about, texture)
    for count, image in enumerate(request.target_references, 1):
        recipe = Recipe(
            detect=_image_detection(make_pipeline, store, request, image), embed=request.recipe.embed
        )
        with open_source_image(source_image(image.path)) as shown:
            yield from _analysis_keys(make_pipeline, store, shown, 0, recipe, f"replaced {count}")


def _image_detection(
    make_pipeline: Callable[[Store], Pipeline], store: Store, request: SwapRequest, image: FaceImage
) -> Detect:
    """Return the settings that an image's faces are found with; the first that are tried where that is not known."""
    probe = _ProbeStore(store)
    detection = _catch_miss(lambda: make_pipeline(probe).image_detection(image, request.recipe.detect))
    return Detect() if isinstance(detection, _CacheMissError) else detection


def _swap_keys(
    make_pipeline: Callable[[Store], Pipeline], store: Store, clip: Clip, number: int, request: SwapRequest
) -> Iterator[_StageKey]:
    probe = _ProbeStore(store)
    plan = _catch_miss(lambda: make_pipeline(probe).plan(clip, number, [request]))
    forms = [key for key in probe.lookups if _stage(key) == "shape"]
    yield from _stage_keys(forms, "")
    if isinstance(plan, _CacheMissError) and not forms and request.recipe.swap.shape:
        yield _StageKey("shape", "", None, _missing_result_text(plan.key, probe.lookups, number))
    if isinstance(plan, _CacheMissError):
        reason = _missing_result_text(plan.key, probe.lookups, number)
        yield _StageKey("swap", "", None, reason)
        yield _StageKey("fuse", "", None, reason)
        return
    for count, face in enumerate(plan.faces, 1):
        about = f"face {count}" if len(plan.faces) > 1 else ""
        keys = [value for entry in fields(face) if isinstance(value := getattr(face, entry.name), Key)]
        yield from _stage_keys(keys, about)


def _stage_keys(keys: Sequence[Key] | dict[Key, None], subject: str) -> Iterator[_StageKey]:
    for key in keys:
        yield _StageKey(_stage(key), subject, key)


def _catch_miss(work: Callable[[], _T]) -> _T | _CacheMissError:
    try:
        return work()
    except _CacheMissError as missing:
        return missing


def _stage(key: Key) -> str:
    return _key_fields(key).get("stage", "")


def _missing_result_text(key: Key, lookups: Iterable[Key], number: int) -> str:
    """Say which result is missing that frame `number` needs, and of which frame: whose id was asked for last."""
    numbers = [lines["number"] for lines in map(_key_fields, lookups) if lines.get("stage") == "frame"]
    if _stage(key) == "shape":
        return f"the clip's shape is not there: it is learned from up to {SAMPLE_FRAMES} frames of the whole clip"
    other = numbers and numbers[-1] != str(number)
    why = (
        f", which {number} needs for steadying, or for the shape, learned from the whole clip"
        if other
        else ""
    )
    if _stage(key) == "frame":
        return f"frame {numbers[-1]} is not in the cache yet{why}"
    return f"{_stage(key)}{f' of frame {numbers[-1]}' if numbers else ''} is not there{why}"


def _key_fields(key: Key) -> dict[str, str]:
    return lineage.key_fields(key.text)
