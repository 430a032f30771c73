# SPDX-License-Identifier: GPL-3.0-or-later
"""Why nothing can be swapped for a request, as far as that shows without running or loading anything."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..models.library import ModelLibrary
from ..recipe import Detect
from ..recipe.mesh_requirement import landmarker_fault
from ..recipe.request import FaceImage, SwapRequest
from .required_models import IMAGELESS_SWAPPER, required_models

_NO_SOURCE = "no source face yet: choose a face image"


@dataclass(frozen=True)
class RequestFault:
    """Why no frame can be swapped as a modifier asks."""

    modifier: str
    """Its name; empty where it has none."""
    text: str
    """What is wrong; after a colon, what to do about it."""
    has_others: bool = False
    """Whether the strip has other modifiers."""

    @property
    def state_text(self) -> str:
        """The same as a strip's state has it: what to do stands beside the image of the only modifier anyway."""
        return self.full_text if self.has_others else self.text.partition(": ")[0]

    @property
    def full_text(self) -> str:
        """The same with the modifier's name."""
        return f"{self.modifier}: {self.text}" if self.modifier else self.text


def has_source(requests: Sequence[SwapRequest]) -> bool:
    """Tell whether every request has an image of the source person, or needs none."""
    return all(request.identity.images or not _needs_image(request) for request in requests)


def sourceless_modifier(requests: Sequence[SwapRequest]) -> str:
    """Return the name of the modifier that has no image of the source person yet; empty where it is the only one."""
    missing = (request.modifier for request in requests if not has_source((request,)))
    return next(missing, "") if len(requests) > 1 else ""


def request_fault(requests: Sequence[SwapRequest], library: ModelLibrary) -> RequestFault | None:
    """Return why no frame can be swapped as requests ask; None where nothing stands in the way.

    Looks at files only: for what images show see `image_fault`.
    """
    return _first_fault(requests, lambda request: _file_fault(request, library))


def image_fault(
    requests: Sequence[SwapRequest], fault_of: Callable[[FaceImage, Detect], str]
) -> RequestFault | None:
    """Return which image of the source person can't be used, and why; None where all can.

    Parameters
    ----------
    requests : sequence of SwapRequest
        What the modifiers of a strip ask for.
    fault_of : callable
        Returns why an image can't be used, its faces being looked for by these settings; empty where it can, or where
        that is not known.
    """

    def first_image_fault(request: SwapRequest) -> str:
        images = request.identity.images if _needs_image(request) else ()
        return next(filter(None, (fault_of(image, request.recipe.detect) for image in images)), "")

    return _first_fault(requests, first_image_fault)


def _first_fault(
    requests: Sequence[SwapRequest], fault_of: Callable[[SwapRequest], str]
) -> RequestFault | None:
    for request in requests:
        text = fault_of(request)
        if text:
            return RequestFault(request.modifier, text, len(requests) > 1)
    return None


def _file_fault(request: SwapRequest, library: ModelLibrary) -> str:
    """Say which file of a request is missing or does not suit, and what to do about it; empty where none is."""
    if not has_source((request,)):
        return _NO_SOURCE
    if _needs_image(request):
        for image in request.identity.images:
            if not image.path.is_file():
                return f"image missing ({image.path.name}): put it back, or choose another"
    fault = landmarker_fault(request.recipe)
    if fault:
        return fault
    missing = (model for model in required_models((request.recipe,), library) if model.path is None)
    model = next(missing, None)
    return f"model missing ({model.title}): add it in the preferences, or choose another" if model else ""


def _needs_image(request: SwapRequest) -> bool:
    return request.recipe.swap.swapper != IMAGELESS_SWAPPER
