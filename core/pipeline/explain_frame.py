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
from ..cache.maintenance.inspector import Looking
from ..cache.packs.record import KeyText
from ..media.clip import Clip
from ..media.open import open_clip
from ..recipe import Recipe
from ..recipe.request import Casting
from .pipeline import Pipeline

_NOT_KEPT = ("fuse", "layer")

_T = TypeVar("_T")
Status = Literal["hit", "miss", "not known yet", "not kept"]


@dataclass(frozen=True)
class StageFact:
    """What is known of one stage.

    `about` says whose: the frame's (empty) or a picture's. `explanation` is there for a hit and a miss,
    `reason` where the stage's key can't be known before an earlier stage has run, or what is kept can't be used.
    `place` is the name of the place that a hit is read from.
    """

    stage: str
    about: str
    status: Status
    explanation: Explanation | None = None
    reason: str = ""
    place: str | None = None


class _Asked(NamedTuple):
    """A stage that a frame needs: its key, or why that is not known."""

    stage: str
    about: str
    key: Key | None
    reason: str = ""


class _MissingError(Exception):
    """A result that has to be there to go on is not."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key


class _Probe:
    """Answers from a store, keeps nothing, and ends the work where a result is missing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: dict[Key, None] = {}

    def get(self, key: Key) -> Arrays | None:
        self.asked[key] = None
        arrays = self._store.get(key)
        # A clip's id and facts can be had without it, by looking at the file.
        if arrays is None and _stage(key) not in ("clip", "facts"):
            raise _MissingError(key)
        return arrays

    def put(self, key: Key, arrays: Arrays) -> None:
        pass

    def __contains__(self, key: Key) -> bool:
        return key in self._store

    def close(self) -> None:
        pass


def explain_frame(
    pipeline: Callable[[Store], Pipeline],
    store: Looking,
    entries: Callable[[], Iterable[KeyText]],
    clip: Clip,
    number: int,
    casting: Casting,
) -> tuple[StageFact, ...]:
    """Explain frame `number`, counted from 0: its stages and those of the pictures of people.

    `pipeline` makes one over a store, with the models a render would use; `store` is what that render would
    read, and `entries` lists what it or its nearest folder keeps: all of it is looked through for each miss's
    nearest result. Runs no model and keeps nothing. Raises ClipError, PictureError, ModelError and RecipeError
    as the pipeline does.
    """
    asked = [
        *_pictures(pipeline, store, casting),
        *_analysis(pipeline, store, clip, number, casting.recipe),
        *_swaps(pipeline, store, clip, number, casting),
    ]
    keys = list(dict.fromkeys(entry.key for entry in asked if entry.key is not None))
    held = {key: place for key in keys if (place := store.where(key)) is not None}
    explained = dict(zip(keys, explain_all(keys, held, entries), strict=True))
    return tuple(_fact(entry, explained, held, store) for entry in asked)


def _fact(
    entry: _Asked, explained: dict[Key, Explanation], held: dict[Key, str], store: Looking
) -> StageFact:
    if entry.key is None:
        return StageFact(entry.stage, entry.about, "not known yet", None, entry.reason)
    if entry.stage in _NOT_KEPT:
        return StageFact(entry.stage, entry.about, "not kept", None, "made from the crop each time")
    found = explained[entry.key]
    if found.hit:
        return StageFact(entry.stage, entry.about, "hit", found, place=held[entry.key])
    reason = "it is kept, but damaged or sealed with another key" if store.is_unusable(entry.key) else ""
    return StageFact(entry.stage, entry.about, "miss", found, reason)


def _analysis(
    pipeline: Callable[[Store], Pipeline],
    store: Store,
    clip: Clip,
    number: int,
    recipe: Recipe,
    about: str = "",
) -> Iterator[_Asked]:
    probe = _Probe(store)
    keys = _tried(lambda: pipeline(probe).analysis_keys(clip, number, recipe))
    yield from _as_asked(probe.asked, about)
    if not isinstance(keys, _MissingError):
        yield from _as_asked(keys, about)
        return
    for stage in ("detect", "landmark", "embed"):
        yield _Asked(stage, about, None, "the frame's pixels were not looked at yet")


def _pictures(pipeline: Callable[[Store], Pipeline], store: Store, casting: Casting) -> Iterator[_Asked]:
    for count, picture in enumerate(casting.identity.pictures, 1):
        about = f"picture {count}"
        texture = _tried(partial(pipeline(_Probe(store)).texture_key, picture))
        with open_clip(picture.path) as shown:
            yield from _analysis(pipeline, store, shown, 0, Recipe(), about)
        if casting.recipe.swap.swapper != "mesh":
            continue
        if isinstance(texture, _MissingError):
            yield _Asked("texture", about, None, f"the picture's {_stage(texture.key)} is not there")
        else:
            yield _Asked("texture", about, texture)
    for count, picture in enumerate(casting.replaced, 1):
        with open_clip(picture.path) as shown:
            yield from _analysis(
                pipeline, store, shown, 0, Recipe(embed=casting.recipe.embed), f"replaced {count}"
            )


def _swaps(
    pipeline: Callable[[Store], Pipeline], store: Store, clip: Clip, number: int, casting: Casting
) -> Iterator[_Asked]:
    probe = _Probe(store)
    plan = _tried(lambda: pipeline(probe).plan(clip, number, [casting]))
    if isinstance(plan, _MissingError):
        reason = _what_is_missing(plan.key, probe.asked)
        yield _Asked("swap", "", None, reason)
        yield _Asked("fuse", "", None, reason)
        return
    for count, face in enumerate(plan.faces, 1):
        about = f"face {count}" if len(plan.faces) > 1 else ""
        keys = [value for entry in fields(face) if isinstance(value := getattr(face, entry.name), Key)]
        yield from _as_asked(keys, about)


def _as_asked(keys: Sequence[Key] | dict[Key, None], about: str) -> Iterator[_Asked]:
    for key in keys:
        yield _Asked(_stage(key), about, key)


def _tried(work: Callable[[], _T]) -> _T | _MissingError:
    try:
        return work()
    except _MissingError as missing:
        return missing


def _stage(key: Key) -> str:
    return _lines(key).get("stage", "")


def _what_is_missing(key: Key, asked: Iterable[Key]) -> str:
    """Say which result is missing, and of which frame: that whose id was asked for last."""
    numbers = [lines["number"] for lines in map(_lines, asked) if lines.get("stage") == "frame"]
    if _stage(key) == "frame":
        return f"frame {numbers[-1]} was not looked at yet"
    return f"{_stage(key)}{f' of frame {numbers[-1]}' if numbers else ''} is not there"


def _lines(key: Key) -> dict[str, str]:
    return lineage.fields(key.text)
