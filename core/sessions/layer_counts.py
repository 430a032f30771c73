# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the layer images of a strip by what they show, from their labels alone: nothing is opened or computed."""

from collections import Counter
from collections.abc import Callable, Iterable

from ..layers.job import LayerJob
from ..layers.label import LabelPeek
from ..reporting.strip_state import FrameCounts
from .layer_state import matching_summary
from .request_digest import RequestDigester


def count_layers(
    jobs: Iterable[LayerJob],
    digester: RequestDigester,
    peek_label: Callable[[str], LabelPeek | None],
    *,
    any_request: bool = False,
) -> FrameCounts:
    """Return how many of the images that jobs name are what is asked for, and what they show.

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
    total = outdated = 0
    shown: Counter[bool] = Counter()
    silent: Counter[bool] = Counter()
    for job in jobs:
        total += 1
        peek = peek_label(job.layer_path.name)
        if peek is None:
            continue
        label = peek.label
        if label.summary is None:
            silent[peek.has_pixels] += 1
        elif any_request or matching_summary(label, digester.digest(job)) is not None:
            shown[label.summary.face_count > 0] += 1
        else:
            outdated += 1
    if outdated and not shown:
        outdated += silent.total()
    else:
        shown += silent
    return FrameCounts(total, shown[True], shown[False], outdated)
