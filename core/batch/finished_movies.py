# SPDX-License-Identifier: GPL-3.0-or-later
"""Which movies are finished already: they were made of the same, and nobody has changed them since."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ..cache.base.key import SHA256_HEX
from ..export.image_names import image_path, is_image_pattern
from ..filesystem import open_input, read_input
from ..layers.job import LayerJob
from ..provenance.sidecar import sidecar_name
from ..sessions.request_digest import RequestDigester
from .job import OpenJob
from .movie_render import Marker
from .render_counts import RenderCounts

_MAX_SIDECAR_BYTES = 1 << 24
_REQUEST, _CONTENT = "request", "content"
"""Entries of the file beside a movie: what the movie was asked to be, and what its files are."""


class FinishedMovies:
    """Knows movies by what was asked for and by their content, as the files beside them say it."""

    def __init__(self, digester: RequestDigester) -> None:
        self._digester = digester

    def digest(self, opened: OpenJob) -> str:
        """Return what a movie is asked to be as 64 hex digits; empty where that can't be told.

        It is made of the clip and the images, how and where faces are swapped, how the movie is written, the code
        and the models.
        """
        job = opened.job
        everywhere = tuple(
            replace(request, exclusions=(), holds=(), landmark_edits=(), redetections=())
            for request in job.requests
        )
        layer = LayerJob("", 0, opened.clip.source, 0, opened.output, everywhere)
        digest = self._digester.digest(layer)
        if digest is None:
            return ""
        places = {request: place for place, request in enumerate(job.requests)}
        swaps = [
            [(places[span.request], span.first, span.last) for span in (swap.span, *swap.ranges)]
            for swap in job.swaps
        ]
        written = {
            "swaps": swaps,
            "consent": [swap.span.request.identity.consent for swap in job.swaps],
            "frames": [opened.numbers.start, opened.numbers.stop],
            "fps": str(opened.fps),
            "name": job.output.name,
            "encoding": asdict(job.choice),
            "sound": job.sound,
            "copy_untouched": job.copy_untouched,
        }
        ranges = [
            [[asdict(entry) for entry in request.exclusions], [asdict(entry) for entry in request.holds]]
            for request in job.requests
        ]
        if any(request.exclusions or request.holds for request in job.requests):
            written["ranges"] = ranges
        if any(request.landmark_edits for request in job.requests):
            written["landmarks"] = [
                [asdict(entry) for entry in request.landmark_edits] for request in job.requests
            ]
        if any(request.redetections for request in job.requests):
            written["redetections"] = [
                [asdict(entry) for entry in request.redetections] for request in job.requests
            ]
        return hashlib.sha256(f"{digest}\n{json.dumps(written)}".encode()).hexdigest()

    def marker(self, opened: OpenJob) -> Marker:
        """Return what knows a movie that is about to be made; it raises OSError.

        It knows none in which frames failed, which may be mended, and none of whose files one has changed meanwhile.
        """
        request = self.digest(opened)

        def mark(files: Sequence[Path], outcome: RenderCounts) -> Mapping[str, str]:
            is_known = request and not outcome.failed_frames and request == self.digest(opened)
            return {_REQUEST: request, _CONTENT: _content_digest(files)} if is_known else {}

        return mark

    def is_finished(self, opened: OpenJob) -> bool:
        """Tell whether a job's movie is there, was made of the same, and is as it was made."""
        output = opened.output
        said = _read_sidecar(output.with_name(sidecar_name(output.name)))
        request, content = said.get(_REQUEST), said.get(_CONTENT)
        if not request or not isinstance(content, str) or not SHA256_HEX.fullmatch(content):
            return False
        if request != self.digest(opened):
            return False
        files = [output]
        if is_image_pattern(output):
            files = [image_path(output, number) for number in opened.numbers]
        try:
            return content == _content_digest(files)
        except OSError:
            return False


def _content_digest(files: Sequence[Path]) -> str:
    """Return the hash of the content of files in their order. Raises OSError."""
    digests = []
    for path in files:
        with open_input(path) as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _read_sidecar(path: Path) -> Mapping[str, object]:
    """Return what the file beside a movie says; nothing where there is none, or none of ours."""
    try:
        values = json.loads(read_input(path, _MAX_SIDECAR_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
