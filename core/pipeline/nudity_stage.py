# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the shot that a frame lies in shows nudity: one verdict for the whole shot, whatever range is rendered."""

from dataclasses import dataclass

import numpy as np

from ..analysis.frame_reader import FrameReader
from ..analysis.nudity import NudityClassifier, nudity_key
from ..analysis.shots import ShotFinder, VisitFrame, skip_unreadable_frames
from ..cache.base.compute import Flight
from ..cache.base.store import Arrays, Store
from ..concurrency.lru import LruCache
from ..media.clip import Clip
from ..reporting.stage_counts import StageCounter

MIN_NUDITY_SCORE = 0.5
"""Of ../shared/footage, which shows none, 589 images (five a second, and portraits) score 0.241 at most."""
_IMAGES_PER_SECOND = 24
"""Of image sequences, which have no rate."""
_STAGE = "nudity"
_MAX_CLIPS = 16


@dataclass(frozen=True)
class ShotVerdict:
    """What the frames of a shot that were looked at show.

    Attributes
    ----------
    shot : range
        The frames of the shot.
    frame : int
        The one with the highest score.
    score : float
        That score, 0 to 1; see `NudityClassifier.score`.
    """

    shot: range
    frame: int
    score: float

    @property
    def is_nude(self) -> bool:
        """Whether the shot counts as one that shows nudity."""
        return self.score >= MIN_NUDITY_SCORE


class NudityStage:
    """Looks at a frame for each second of a shot, and at its first and its last; each score is kept by its frame."""

    def __init__(
        self,
        store: Store,
        flight: Flight,
        frames: FrameReader,
        classifier: NudityClassifier,
        counter: StageCounter,
    ) -> None:
        """`frames` reads the clips, and `classifier` looks at what it reads."""
        self._store = store
        self._flight = flight
        self._frames = frames
        self._classifier = classifier
        self._counter = counter
        self._shots = ShotFinder(store, flight, frames)
        self._verdicts: LruCache[str, list[ShotVerdict]] = LruCache(_MAX_CLIPS)

    def verdict(self, clip: Clip, number: int, visit: VisitFrame = lambda _number: None) -> ShotVerdict:
        """Return the verdict on the shot that a frame lies in.

        Parameters
        ----------
        clip : Clip
            The clip.
        number : int
            The frame, counted from 0.
        visit : callable
            Called for each frame of the shot, and some beside it, that is decoded to find the shot; see `VisitFrame`.

        Returns
        -------
        ShotVerdict
            It is the same for every frame of the shot. Frames that can't be read show nothing.

        Raises
        ------
        ClipChangedError
            The clip is another than it was.
        ModelError
            The network can't be run.
        NotCachedError
            Something would have to be decoded or computed, and nothing may be.
        """
        name = self._frames.map_id(clip)
        known = self._verdicts.get(name) or []
        for verdict in known:
            if number in verdict.shot:
                return verdict
        verdict = self._judge(clip, number, visit)
        self._verdicts.put(name, [*known, verdict])
        return verdict

    def _judge(self, clip: Clip, number: int, visit: VisitFrame) -> ShotVerdict:
        step = max(1, round(clip.info.fps or _IMAGES_PER_SECOND))
        scores: dict[int, float] = {}

        def look_at(frame: int) -> None:
            if frame not in scores:
                with skip_unreadable_frames():
                    scores[frame] = self._score(clip, frame)

        def look_each_second(frame: int) -> None:
            if frame % step == 0:
                look_at(frame)
            visit(frame)

        def look_beside_cut(cut: int) -> None:
            look_at(cut - 1)
            look_at(cut)

        # Frames are looked at while they are read, so that finding the cuts and this decode a shot once.
        shot = self._shots.shot(clip, number, look_each_second, look_beside_cut)
        samples = sorted({shot[0], shot[-1], *(frame for frame in shot if frame % step == 0)})
        for frame in samples:
            look_at(frame)
        highest = max(samples, key=lambda frame: scores.get(frame, 0.0))
        return ShotVerdict(shot, highest, scores.get(highest, 0.0))

    def _score(self, clip: Clip, number: int) -> float:
        key = nudity_key(
            self._frames.frame_id(clip, number), self._classifier, self._classifier.pool.key_inputs
        )

        def compute() -> Arrays:
            pixels = self._frames.frame(clip, number)
            with self._counter.measure(_STAGE):
                return {"score": np.array([self._classifier.score(pixels)], np.float32)}

        arrays, hit = self._flight.get_or_compute(self._store, key, compute)
        if hit:
            self._counter.record_hit(_STAGE)
        return float(arrays["score"][0])
