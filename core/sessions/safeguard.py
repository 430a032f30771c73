# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate that every layer passes before it is made: a shot that shows nudity is recast with named consent alone."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from ..analysis.frame_reader import FrameReader
from ..analysis.shots import VisitFrame
from ..concurrency.lru import LruCache
from ..consent.consent_file import read_records
from ..consent.nude_scenes import NUDE_SCENES, nude_scene_fault
from ..consent.record import ConsentRecord
from ..errors import ConsentError, RefusalError
from ..media.clip import Clip
from ..media.file_status import status_if_there
from ..pipeline.nudity_stage import NudityStage, ShotVerdict
from ..pipeline.plan import LayerPlan
from ..recipe.request import SwapRequest
from ..reporting.quoting import quote

_MAX_CACHED_FAULTS = 64


class Safeguard:
    """Lets plans pass, or refuses them."""

    def __init__(self, stage: NudityStage, frames: FrameReader, consent_file: Path | None) -> None:
        """`stage` looks at what `frames` reads; `consent_file` has records that count beside requests' own."""
        self._stage = stage
        self._frames = frames
        self._consent_file = consent_file
        self._cached_faults: LruCache[object, str] = LruCache(_MAX_CACHED_FAULTS)

    def admit(self, plan: LayerPlan) -> LayerPlan:
        """Return a plan that may be executed.

        Parameters
        ----------
        plan : LayerPlan
            What a layer is to be made of.

        Returns
        -------
        LayerPlan
            The plan. That of a shot that shows nudity labels no image: the next run asks for consent again.

        Raises
        ------
        RefusalError
            The shot shows nudity, and somebody's consent does not name such scenes.
        ClipChangedError, ModelError, NotCachedError
            See `NudityStage.verdict`.
        """
        if not plan.faces:
            return plan
        verdict = self.verdict(plan.clip, plan.number)
        if not verdict.is_nude:
            return plan
        fault = self._fault(plan.clip, [face.request for face in plan.faces])
        if fault:
            raise RefusalError(_refusal_text(plan.clip, verdict, fault))
        return replace(plan, may_label=False)

    def verdict(self, clip: Clip, number: int, visit: VisitFrame = lambda _number: None) -> ShotVerdict:
        """Return the verdict on the shot that a frame lies in; see `NudityStage.verdict`."""
        return self._stage.verdict(clip, number, visit)

    def _fault(self, clip: Clip, requests: list[SwapRequest]) -> str:
        try:
            records = () if self._consent_file is None else read_records(self._consent_file)
        except ConsentError as error:
            return str(error)
        return self._fault_of_records(self._frames.clip_id(clip), requests, records)

    def _fault_of_records(
        self, clip_id: str, requests: list[SwapRequest], records: tuple[ConsentRecord, ...]
    ) -> str:
        # The images of people are hashed for it: not for every frame of the shot.
        today = date.today()
        people = tuple((one.identity, one.target_references) for one in requests)
        images = (image for person, replaced in people for image in (*person.images, *replaced))
        statuses = tuple(status_if_there(image.path) for image in images)
        asked = clip_id, people, statuses, records, today
        known = self._cached_faults.get(asked)
        if known is None:
            known = self._cached_faults.put(asked, nude_scene_fault(requests, clip_id, records, today))
        return known


def _refusal_text(clip: Clip, verdict: ShotVerdict, fault: str) -> str:
    shot = verdict.shot
    frames = f"frames {shot[0]} to {shot[-1]}" if len(shot) > 1 else f"frame {shot[0]}"
    return (
        f"{quote(clip.info.path.name)}, {frames}: the shot shows nudity (at {verdict.frame}), so that no face in it "
        f'is replaced, since {fault}; record the use "{NUDE_SCENES}" for each person: `understudy consent add '
        "--nude-scenes`"
    )
