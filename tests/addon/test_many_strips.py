# SPDX-License-Identifier: GPL-3.0-or-later
"""A timeline of many recast strips: what did not change is not looked at, and what did is noticed whoever did it."""

import pytest

pytestmark = [pytest.mark.blender]

COUNT = 30
NOTHING = {"open_clip": 0, "sync_elements": 0, "add_placeholders": 0, "_write_elements": 0}


def _project(drive, name, fps=24):
    (drive.folder / name).mkdir()
    path = str(drive.folder / name / "p.blend")
    return ["project", {"size": [320, 240], "frames": [1, 8], "save": path, "fps": fps}]


def test_a_second_sync_opens_no_movie_lists_no_elements_and_touches_no_folder(drive, footage):
    # At another rate than the movie's the length of the movie matters.
    answers = drive(
        _project(drive, "twice", fps=30),
        ["many_movies", {"file": footage.movie, "count": COUNT}],
        ["sync_counts", {}],
        ["layer_facts", {}],
        ["sync_counts", {}],
        ["sync_counts", {}],
        ["save", {}],
        ["load", {"path": str(drive.folder / "twice" / "p.blend")}],
        ["sync_counts", {}],
        ["layer_facts", {}],
    )
    first, facts, second, third = answers[2:6]
    assert (first["open_clip"], first["_write_elements"]) == (1, COUNT)
    assert second == third == NOTHING
    # Another file may have been loaded, so all is looked at, but the movie is the one that it was.
    assert answers[8] == {**NOTHING, "sync_elements": COUNT, "add_placeholders": COUNT}
    assert answers[9] == facts
    assert len(facts) == COUNT
    assert all(len(entry[-1]) > 1 for entry in facts.values())


def test_a_layer_that_was_changed_outside_is_put_right_and_it_alone_is_looked_at(drive, footage):
    answers = drive(
        _project(drive, "outside"),
        ["many_movies", {"file": footage.movie, "count": COUNT}],
        ["sync_counts", {}],
        ["layer_facts", {}],
        ["spoil_layer", {"name": "many 003", "element": 0}],
        ["sync_counts", {}],
        ["layer_facts", {}],
        ["spoil_layer", {"name": "many 005", "directory": "//elsewhere/"}],
        ["sync_counts", {}],
        ["layer_facts", {}],
        ["set_properties", {"many 007": {"animation_offset_start": 2}}],
        ["sync_counts", {}],
        ["layer_facts", {}],
    )
    facts = answers[3]
    assert answers[5] == {**NOTHING, "sync_elements": 1, "add_placeholders": 1, "_write_elements": 1}
    assert answers[6] == facts
    assert answers[8] == NOTHING  # to set the folder right takes no look at what is in it
    assert answers[9] == facts
    assert answers[11] == {**NOTHING, "sync_elements": 1, "add_placeholders": 1, "_write_elements": 1}
    changed = {name for name in facts if answers[12][name] != facts[name]}
    assert changed == {"many 007"}


@pytest.mark.parametrize("count", [COUNT, 3 * COUNT])
def test_after_an_edit_only_what_changed_is_looked_at_however_many_strips_there_are(drive, footage, count):
    settle = ["settle_counts", {}]
    answers = drive(
        _project(drive, f"edits {count}"),
        ["many_movies", {"file": footage.movie, "count": count}],
        settle,
        settle,
        ["adjust", {"name": "many 003", "frame_start": 65}],
        settle,
        ["adjust", {"name": "many 003", "frame_offset_start": 1}],
        settle,
        ["adjust", {"name": "many 004", "animation_offset_start": 2}],
        settle,
        ["many_movies", {"file": footage.movie, "count": 1, "start": count}],
        settle,
        ["split", {"name": "many 005", "frame": 105}],
        settle,
        settle,
    )
    made, nothing, moved, trimmed, slipped, added, cut, after = [
        answers[step] for step in (2, 3, 5, 7, 9, 11, 13, 14)
    ]
    assert made["make_layer"] == made["_write_elements"] == count
    # Moved or trimmed, a layer is in step before: no clip is looked at closely.
    assert nothing == moved == trimmed == after == {"timeline_fingerprint": 1}
    # The layer of what was trimmed before is looked at with the next change: it may show other images.
    once = {"sync_scene": 1, "timeline_fingerprint": 2}
    assert slipped == {
        **once,
        "sync_layer": 2,
        "elements_state": 4,
        "sync_elements": 2,
        "_write_elements": 1,
        "add_placeholders": 2,
    }
    assert (added["make_layer"], added["sync_layer"], added["_write_elements"]) == (1, 1, 1)
    assert (cut["make_layer"], cut["sync_layer"], cut["_write_elements"], cut["copy_to"]) == (1, 2, 1, 1)


def test_a_layer_that_is_edited_alone_is_put_in_order_though_its_clip_did_not_change(drive, footage):
    settle, timeline = ["settled", {}], ["timeline", {}]
    layers = [f"many {number:03d} Understudy" for number in range(4)]
    answers = drive(
        _project(drive, "alone"),
        ["many_movies", {"file": footage.movie, "count": 4}],
        settle,
        ["adjust", {"name": "many 003", "animation_offset_start": 2}],
        settle,
        timeline,
        ["set_properties", {layers[0]: {"mute": True}}],
        ["set_properties", {layers[1]: {"lock": True, "channel": 6}}],
        ["delete", {"names": [layers[2]]}],
        settle,
        timeline,
        ["reports", {}],
    )
    assert answers[10] == answers[5]
    assert set(answers[10]) >= set(layers)
    muted, removed = (text for _, text in answers[11])
    assert muted.startswith(f"{layers[0]} is muted with many 000 only")
    assert removed.startswith("The layer strip of many 002 was removed and made again")


def test_the_keys_of_a_retimed_clip_are_read_when_it_changed_and_not_at_other_edits(drive, footage):
    settle = ["settle_counts", {}]
    answers = drive(
        _project(drive, "keys"),
        ["many_movies", {"file": footage.movie, "count": 3}],
        settle,
        ["retime", {"name": "many 000", "keys": [3, 6], "moves": [[1, 5]]}],
        settle,
        ["adjust", {"name": "many 001", "animation_offset_start": 2}],
        settle,
    )
    assert "read_retimings" not in answers[2]
    assert answers[4]["read_retimings"] == 1
    assert answers[6]["sync_layer"] == 1
    assert "read_retimings" not in answers[6]


def test_a_colour_space_is_followed_at_once_where_an_editor_sets_it_and_by_the_next_sync_elsewhere(
    drive, footage
):
    answers = drive(
        _project(drive, "colours"),
        ["many_movies", {"file": footage.movie, "count": 3}],
        ["sync_counts", {}],
        ["deselect_all", {}],
        ["set_properties", {"many 000": {"colorspace_settings__name": "Linear Rec.709"}}],
        ["colours", {}],
        ["set_properties", {"many 001": {"select": True, "colorspace_settings__name": "Linear Rec.709"}}],
        ["set_properties", {"many 002": {"colorspace_settings__name": "Non-Color"}}],
        ["colours", {}],
        ["sync_counts", {}],
        ["colours", {}],
    )
    linear = ["Linear Rec.709"] * 2
    assert answers[5] == {"many 000": ["Linear Rec.709", "sRGB"]}
    assert answers[8] == {**answers[5], "many 001": linear, "many 002": ["Non-Color"] * 2}
    assert answers[10] == {"many 000": linear, "many 001": linear, "many 002": ["Non-Color"] * 2}


def test_images_that_somebody_removed_are_there_again_after_a_sync(drive, footage):
    answers = drive(
        _project(drive, "removed"),
        ["many_movies", {"file": footage.movie, "count": 3}],
        ["sync_counts", {}],
        ["layer_images", {}],
        ["remove_layer_folders", {}],
        ["sync_counts", {}],
        ["layer_images", {}],
    )
    assert answers[3] > 3
    assert answers[6] == answers[3]


def test_what_is_done_at_every_edit_and_frame_grows_with_the_strips_and_not_faster(drive, footage):
    answers = drive(
        _project(drive, "growth"),
        ["many_movies", {"file": footage.movie, "count": COUNT}],
        ["sync_counts", {}],
        ["looking_calls", {}],
        ["many_movies", {"file": footage.movie, "count": 3 * COUNT, "start": COUNT}],
        ["sync_counts", {}],
        ["looking_calls", {}],
    )
    few, many = answers[3], answers[6]
    assert set(few) == set(many)
    for what in ("timing", "edit", "sync", "fingerprint", "warnings"):
        assert many[what] < 4.2 * few[what], (what, few, many)
    # At a frame only what lies there is looked at, but for its place: a few calls.
    assert many["frame"] < few["frame"] + 3 * COUNT


def test_to_add_a_modifier_reads_the_strips_once_and_looks_at_no_other_layer(drive, footage):
    # At another rate than the movie's Blender tells how a movie is played only by its length in a copied scene.
    answers = drive(
        _project(drive, "added", fps=30),
        ["many_movies", {"file": footage.movie, "count": COUNT}],
        ["sync_counts", {}],
        ["add_counts", {"file": footage.movie, "start": COUNT, "count": 3}],
        ["layer_facts", {}],
        ["sync_counts", {}],
        ["layer_facts", {}],
    )
    once = {"_levels": 1, "sync_layer": 1, "make_layer": 1}
    first, *others = answers[3]
    assert first == {**once, "durations_at_other_rate": 1}
    assert others == [once, once]
    # A full sync finds nothing to do for what was added.
    assert answers[5]["_write_elements"] == 0
    assert answers[6] == answers[4]
    assert len(answers[6]) == COUNT + 3


def test_what_a_script_does_to_any_clip_reaches_its_layer_at_once(drive, footage):
    edits = {
        "many 001": {"transform__offset_x": 7.0},
        "many 002": {"crop__min_x": 5},
        "many 003": {"color_saturation": 0.5},
        "many 004": {"use_flip_x": True},
        "many 005": {"mute": True},
        "many 006": {"strobe": 2.0},
        "many 007": {"transform__origin": [0.25, 0.5]},
    }
    answers = drive(
        _project(drive, "script"),
        ["many_movies", {"file": footage.movie, "count": 8}],
        ["sync_counts", {}],
        ["deselect_all", {}],
        ["set_properties", edits],
        ["looks", {"paths": [path.replace("__", ".") for values in edits.values() for path in values]}],
    )
    looks = answers[5]
    assert all(clip == layer for clip, layer in looks.values())
    assert len({str(clip) for clip, _ in looks.values()}) == len(edits) + 1


def test_the_index_of_channels_finds_the_strips_that_a_look_at_each_finds(drive):
    answers = drive(
        _project(drive, "index"),
        *[["index_faults", {"seed": seed, "count": 40}] for seed in range(5)],
    )
    for faults, looks in answers[1:]:
        assert faults == 0
        assert looks > 1000
