# SPDX-License-Identifier: GPL-3.0-or-later
"""What one layer image is to be made from, as plain values that can be handed to another process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from ..consent.record import has_ended
from ..errors import MessageError
from ..media.source import ClipSource
from ..recipe import Recipe, messages, parameters
from ..recipe.frame_ranges import MAX_RANGES, Exclusion, Hold, validate_exclusion
from ..recipe.landmark_messages import landmark_edit_values, landmark_edits_from
from ..recipe.parameter import validate_value
from ..recipe.redetection import Redetection, make_redetection
from ..recipe.request import MAX_FORM_LETTERS, FaceImage, Identity, SwapRequest, requests_in_frame
from ..recipe.roto import MAX_ROTO_LETTERS

_MAX_IMAGES = 1000
_MAX_FACES = 1 << 16
_T = TypeVar("_T")


@dataclass(frozen=True)
class LayerJob:
    """One layer image that a timeline frame needs."""

    strip: str
    frame: int
    """The timeline frame."""
    source: ClipSource
    number: int
    """The source frame, from 0."""
    layer_path: Path
    requests: tuple[SwapRequest, ...]
    stack_id: str = field(default="", compare=False)
    """Whose image it is, for whoever asked; empty where that is the stack that the image's folder is named by."""

    @property
    def owner_id(self) -> str:
        """The id of the stack whose image it is."""
        return self.stack_id or self.layer_path.parent.name

    @property
    def frame_requests(self) -> tuple[SwapRequest, ...]:
        """What is asked for in this frame: without the requests that exclude it."""
        return requests_in_frame(self.requests, self.number)

    def warning_text(self, reason: object, *, is_incomplete: bool = False) -> str:
        """Return a warning that names strip and frame; `is_incomplete` where some of the faces are swapped."""
        shown = "other faces are swapped, this one is shown" if is_incomplete else "the original is shown"
        return f"{self.strip}, frame {self.frame}: {reason}; {shown}"


def job_from(
    values: Mapping[str, Any],
    clips: Mapping[int, ClipSource],
    requests: Mapping[int, tuple[SwapRequest, ...]],
) -> LayerJob:
    """Return a job that names its clip and its requests by their ids. Raises MessageError."""
    given = messages.entries(values, "id", "strip", "frame", "clip", "cast", "number", "picture")
    return LayerJob(
        strip=messages.text(given["strip"]),
        frame=messages.frame_number(given["frame"], -messages.MAX_FRAME_NUMBER),
        source=get_by_id(clips, given["clip"], "clip"),
        number=messages.frame_number(given["number"]),
        layer_path=messages.path(given["picture"]),
        requests=get_by_id(requests, given["cast"], "cast"),
    )


def get_by_id(items: Mapping[int, _T], value: object, kind: str) -> _T:
    """Return what was sent before by the id that a message names. Raises MessageError."""
    number = messages.integer(value)
    if number not in items:
        raise MessageError(f"there is no {kind} {number}")
    return items[number]


def source_values(source: ClipSource) -> dict[str, Any]:
    """Return a clip's files as values for JSON."""
    reading = {"reading": source.reading} if source.reading else {}
    return {"movie": source.movie, "paths": [str(path) for path in source.paths], **reading}


def source_from(values: Mapping[str, Any]) -> ClipSource:
    """Return what `source_values` was given. Raises MessageError."""
    paths = messages.listing(values.get("paths"), messages.path)
    if not paths:
        raise MessageError("a clip has no files")
    return ClipSource(messages.flag(values.get("movie")), paths, messages.text(values.get("reading", "")))


def request_values(request: SwapRequest) -> dict[str, Any]:
    """Return a request as values for JSON. Floats keep every bit, so keys stay the same."""
    identity, recipe = request.identity, request.recipe
    return {
        "name": identity.name,
        # The last day has no entry: a consent that has ended is none.
        "consent": "" if has_ended(identity.consent_until, date.today()) else identity.consent,
        "pictures": _image_values(identity.images),
        "replaced": _image_values(request.target_references),
        "forms": request.target_forms,
        "modifier": request.modifier,
        "exclusions": [[entry.first, entry.last, entry.fade] for entry in request.exclusions],
        "holds": [[entry.first, entry.last] for entry in request.holds],
        "landmark_edits": landmark_edit_values(request.landmark_edits),
        "roto": request.roto,
        "redetections": [[entry.first, entry.last, dict(entry.settings)] for entry in request.redetections],
        "recipe": {
            stage.name: {entry.name: getattr(group, entry.name) for entry in fields(group)}
            for stage in fields(Recipe)
            for group in [getattr(recipe, stage.name)]
        },
    }


def request_from(values: object) -> SwapRequest:
    """Return what `request_values` was given. Raises MessageError, or RecipeError for what no parameter may be."""
    given = messages.entries(
        values,
        "name",
        "consent",
        "pictures",
        "replaced",
        "forms",
        "modifier",
        "exclusions",
        "holds",
        "landmark_edits",
        "roto",
        "redetections",
        "recipe",
    )
    images, replaced = (
        messages.listing(given[name], _image_from, _MAX_IMAGES) for name in ("pictures", "replaced")
    )
    identity = Identity(images, messages.text(given["name"]), messages.text(given["consent"]))
    return SwapRequest(
        identity,
        _recipe_from(given["recipe"]),
        replaced,
        messages.text(given["modifier"]),
        messages.text(given["forms"], MAX_FORM_LETTERS),
        messages.listing(given["exclusions"], _exclusion_from, MAX_RANGES),
        messages.listing(given["holds"], _hold_from, MAX_RANGES),
        landmark_edits_from(given["landmark_edits"]),
        roto=messages.text(given["roto"], MAX_ROTO_LETTERS),
        redetections=messages.listing(given["redetections"], _redetection_from, MAX_RANGES),
    )


def _recipe_from(values: object) -> Recipe:
    default = Recipe()
    stages = messages.entries(values, *(stage.name for stage in fields(Recipe)))
    groups = {name: messages.arguments(type(getattr(default, name)), stages[name]) for name in stages}
    for parameter in parameters():
        # A number keeps its kind and every bit: keys are made from it.
        validate_value(parameter, groups[parameter.group][parameter.name])
    return Recipe(**{name: type(getattr(default, name))(**group) for name, group in groups.items()})


def _image_from(values: object) -> FaceImage:
    if not isinstance(values, list | tuple) or len(values) != 2:
        raise MessageError("a source image is a path and the number of a face")
    return FaceImage(messages.path(values[0]), messages.integer(values[1], 0, _MAX_FACES))


def _exclusion_from(values: object) -> Exclusion:
    return validate_exclusion(Exclusion(*_frame_numbers(values, 3)))


def _hold_from(values: object) -> Hold:
    return Hold(*_frame_numbers(values, 2)).require_order()


def _redetection_from(values: object) -> Redetection:
    if not isinstance(values, list | tuple) or len(values) != 3 or not isinstance(values[2], dict):
        raise MessageError("a range with settings of its own is two frames and an object")
    first, last = _frame_numbers(values[:2], 2)
    return make_redetection(first, last, values[2])


def _frame_numbers(values: object, count: int) -> tuple[int, ...]:
    numbers = messages.listing(values, messages.frame_number, count)
    if len(numbers) != count:
        raise MessageError(f"a range of frames has {count} numbers")
    return numbers


def _image_values(images: Sequence[FaceImage]) -> list[list[Any]]:
    return [[str(entry.path), entry.face_number] for entry in images]
