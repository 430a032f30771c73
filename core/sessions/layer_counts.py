# SPDX-License-Identifier: GPL-3.0-or-later
"""What the layer images of a strip show, from their labels alone: nothing is opened or computed."""

from collections import Counter
from collections.abc import Callable, Iterable
from enum import IntEnum

from ..layers.job import LayerJob
from ..layers.label import LabelPeek
from ..reporting.strip_state import FrameCounts
from .layer_state import matching_summary
from .request_digest import RequestDigester


class LayerContent(IntEnum):
    """What a layer image shows now."""

    MISSING = 0
    """It is not made, or lacks a face that it was asked for."""
    OUTDATED = 1
    """It is made, but for other settings, images or models than there are now."""
    ORIGINAL = 2
    """It is made, and the original by right: no face to replace is in the frame."""
    SWAPPED = 3


def layer_contents(
    jobs: Iterable[LayerJob],
    digester: RequestDigester,
    peek_label: Callable[[str], LabelPeek | None],
    *,
    any_request: bool = False,
) -> bytes:
    """Return the `LayerContent` of each image that jobs name.

    An image whose making gave a warning does not say what it was asked to be: it counts as the others do.

    Parameters
    ----------
    jobs : iterable of LayerJob
        One for each image.
    digester : RequestDigester
        Tells what each image is asked to be.
    peek_label : callable
        Returns the label of the layer of a file name; None for a placeholder, or where there is none.
    any_request : bool
        Whether an image of whatever request counts, as where parameters are keyframed: what is asked for at each
        frame can't be told then without going there.
    """
    contents = bytearray()
    silent = []
    for job in jobs:
        peek = peek_label(job.layer_path.name)
        if peek is None or peek.label.is_incomplete:
            contents.append(LayerContent.MISSING)
            continue
        label = peek.label
        if label.summary is None:
            silent.append(len(contents))
            contents.append(_shows(has_face=peek.has_pixels))
        elif any_request or matching_summary(label, digester.digest(job)) is not None:
            contents.append(_shows(has_face=label.summary.face_count > 0))
        else:
            contents.append(LayerContent.OUTDATED)
    others = Counter(contents) - Counter(contents[place] for place in silent)
    if others[LayerContent.OUTDATED] and not (others[LayerContent.SWAPPED] or others[LayerContent.ORIGINAL]):
        for place in silent:
            contents[place] = LayerContent.OUTDATED
    return bytes(contents)


def count_layers(contents: bytes) -> FrameCounts:
    """Count images by what they show, as `layer_contents` returns it."""
    counts = Counter(contents)
    return FrameCounts(
        len(contents),
        counts[LayerContent.SWAPPED],
        counts[LayerContent.ORIGINAL],
        counts[LayerContent.OUTDATED],
    )


def _shows(*, has_face: bool) -> LayerContent:
    return LayerContent.SWAPPED if has_face else LayerContent.ORIGINAL
