# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracing: which lines of a key text name other results, and what can't be traced back to anything."""

import numpy as np
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.maintenance.lineage import (
    derived_from,
    references,
    untraceable_digests,
    walk_entries,
)
from understudy.core.cache.maintenance.statistics import SEVERAL_CLIPS, UNKNOWN, statistics
from understudy.core.cache.packs.record import EntryInfo

MODEL = bytes(range(32))


def clip_id(number):
    return bytes([number]) * 32


class Results:
    """A store with a chain of results: frame, detect, landmark, swap, each made from the one before."""

    warnings = ()

    def __init__(self) -> None:
        self.held = {}

    def add(self, stage, payload=None, written=1000, **inputs):
        key = stage_key(stage, 1, inputs)
        self.held[key] = payload or {}, written
        return key

    def chain(self, clip, number, frame):
        self.add("frame", {"id": np.frombuffer(frame, np.uint8)}, clip=clip, number=number)
        detect = self.add("detect", frame=frame, model=MODEL, model00=MODEL, pose_model01=MODEL)
        landmark = self.add("landmark", detect=detect, model=MODEL)
        return detect, landmark, self.add("swap", frame=frame, landmarks=MODEL, converter_model=MODEL)

    def get(self, key):
        return self.held[key][0] if key in self.held else None

    def entries(self):
        for key, (arrays, written) in self.held.items():
            yield EntryInfo(key.text, 40 * len(arrays), written)

    def purge(self, matches=None):
        self.held = {key: value for key, value in self.held.items() if matches and not matches(key.text)}
        return 0


def test_hashes_of_models_values_and_files_are_no_references():
    key = stage_key(
        "x", 1, {"model": MODEL, "model00": MODEL, "pose_model01": MODEL, "clip": MODEL, "stamp": MODEL}
    )
    assert references(key.text) == []
    key = stage_key(
        "x", 1, {"frame": clip_id(1), "source": clip_id(2), "anything": clip_id(3), "short": "ab"}
    )
    assert sorted(references(key.text)) == [clip_id(n).hex() for n in (1, 2, 3)]


def test_dependents_of_a_clip_are_listed_and_nothing_else():
    results = Results()
    first = results.chain(clip_id(1), 0, b"A" * 32)
    second = results.chain(clip_id(2), 0, b"B" * 32)
    matches, lost = derived_from(lambda: walk_entries(results), {clip_id(1).hex()})
    assert lost == 0
    assert [matches(key.text) for key in (*first, *second)] == [True] * 3 + [False] * 3
    results.purge(matches)
    assert len(results.held) == 4


def test_what_lost_a_link_is_untraceable_and_so_is_what_comes_from_it():
    results = Results()
    detect, landmark, swap = results.chain(clip_id(1), 0, b"A" * 32)
    embed = results.add("embed", landmark=landmark)
    assert untraceable_digests(lambda: walk_entries(results)) == set()
    del results.held[detect]
    assert untraceable_digests(lambda: walk_entries(results)) == {landmark.digest, embed.digest}
    assert swap.digest not in untraceable_digests(lambda: walk_entries(results))


def test_statistics_separate_clips_in_whatever_order_results_are_listed():
    results = Results()
    results.chain(clip_id(1), 0, b"A" * 32)
    results.chain(clip_id(2), 0, b"B" * 32)
    results.chain(clip_id(3), 0, b"A" * 32)  # the first clip's frame, pixel for pixel
    results.add("detect", frame=b"C" * 32)
    results.held = dict(reversed(results.held.items()))
    summary = statistics(results, now=1000 + 8 * 86400)
    assert {clip: share.entries for clip, share in summary.clips.items()} == {
        clip_id(1).hex(): 1,
        clip_id(2).hex(): 4,
        clip_id(3).hex(): 1,
        SEVERAL_CLIPS: 3,
        UNKNOWN: 1,
    }
    assert summary.ages["this month"].entries == summary.total.entries == 10
    assert summary.stages["frame"].entries == 3
