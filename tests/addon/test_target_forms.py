# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender: a modifier keeps the form that was learned, so that a clip that is cut anew keeps its swaps."""

import av
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT, CUT = 12, 5
# At a cut, landmarks would be steadied by other neighbours.
SETTINGS = {"swap.shape": 1.0, "landmark.steady": 0.0, "landmark.gaps": 0}
MOVIE = {"name": "clip", "channel": 1}


@pytest.fixture(scope="module")
def cut(footage, tmp_path_factory):
    """The movie from its frame 5 on, a key frame, by stream copy."""
    path = tmp_path_factory.mktemp("cut") / "cut.mp4"
    with av.open(footage.movie) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        keys = [place for place, packet in enumerate(packets) if packet.is_keyframe]
        start = packets[keys[1]].pts
        for packet in packets[keys[1] :]:
            packet.pts, packet.dts = packet.pts - start, packet.dts - start
            packet.stream = copy
            target.mux(packet)
    assert keys[1] == CUT
    return str(path)


def project(drive, name, movie, footage, count):
    folder = drive.folder / name
    folder.mkdir()
    return [
        ["project", {"size": [320, 240], "frames": [1, count], "save": str(folder / "p.blend")}],
        ["prefer", {"cache_folder": str(drive.folder / "cache")}],
        ["movie", {"name": "clip", "file": movie}],
        ["cast", {"name": "clip", "picture": footage.person, "settings": SETTINGS}],
    ]


def test_what_was_learned_is_kept_and_holds_in_another_cut(drive, footage, cut):
    whole = drive(
        *project(drive, "whole", footage.movie, footage, COUNT),
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["target_forms", {}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["tune", {"settings": {"swap.shape": 0.0}}],
        ["strip_state_surfaces", {"name": "clip"}],
    )
    (forms,) = whole[5]
    assert forms.startswith("form1:")
    # To keep them makes no image outdated: the clip itself gives the same.
    assert whole[6]["json"]["text"] == f"All {COUNT} ready"
    assert whole[8]["json"]["text"].endswith("outdated")
    part = drive(
        *project(drive, "part", cut, footage, COUNT - CUT),
        ["tune", {"settings": {"target_forms": forms}}],
        ["work", {}],
        ["target_forms", {}],
        ["op", {"name": "understudy.target_form_learn", "active": "clip"}],
        ["target_forms", {}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["op", {"name": "understudy.purge", "active": "clip", "what": "STRIP"}],
        ["target_forms", {}],
    )
    assert part[5]["report"]["stages"]["swap"] == {"run": 0, "hit": COUNT - CUT, "seconds": 0}
    assert part[6] == [forms]
    assert part[8][0].startswith("form1:")
    assert part[8] != [forms]
    assert part[9]["json"]["text"].endswith("outdated")
    assert part[11] == [""], "what describes people goes with a purge"


def test_nothing_is_kept_in_a_file_that_anyone_can_read_where_results_are_encrypted(drive, footage):
    answers = drive(
        ["environment", {"UNDERSTUDY_CACHE_KEY": "ab" * 32}],
        *project(drive, "private", footage.movie, footage, 3),
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["target_forms", {}],
        # Who asks for it decides otherwise.
        ["op", {"name": "understudy.target_form_learn", "active": "clip"}],
        ["target_forms", {}],
    )
    assert answers[6] == [""]
    assert answers[8][0].startswith("form1:")
