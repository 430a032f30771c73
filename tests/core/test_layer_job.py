# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed to another process arrives as it was."""

import json
from dataclasses import replace
from pathlib import Path

from understudy.core.layers.job import request_from, request_values, source_from, source_values
from understudy.core.media.source import ClipSource
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest


def through_json(values: object) -> dict[str, object]:
    return json.loads(json.dumps(values))


def test_castings_and_clips_come_back_from_json_with_everything_they_hold() -> None:
    full = SwapRequest(
        Identity((FaceImage(Path("a.png")), FaceImage(Path("b.png"), 2)), "somebody", "signed"),
        with_settings(Recipe(), ["fusion.blend=0.1", "detect.every=3", "fusion.mask_nose=off"]),
        (FaceImage(Path("who.png"), 1),),
    )
    for casting in (full, replace(full, target_references=()), SwapRequest(Identity(()))):
        assert request_from(through_json(request_values(casting))) == casting
    source = ClipSource(False, (Path("1.png"), Path("2.png")))
    assert source_from(through_json(source_values(source))) == source
