# SPDX-License-Identifier: GPL-3.0-or-later
"""A project from a stranger: opened, previewed, rendered, purged; no file outside its own folder changes."""

import pytest
from blender_driver import Footage
from hostile.strangers_project import (
    ID,
    IDS,
    LAST,
    UNREADABLE,
    ProjectCases,
    add_cases,
    cache_in,
    is_unchanged,
    shows_new_face,
)
from shared_result import shared_result

pytestmark = pytest.mark.blender


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="module")
def world(tmp_path_factory, footage):
    return shared_result(tmp_path_factory, "world", lambda folder: use_all(folder, footage))


def use_all(folder, footage):
    """Make the projects, and use them in one Blender."""
    made = ProjectCases(folder, footage)
    victim = str(made.victim)
    for name, strip_id in IDS.items():
        made.case(f"id_{name}", strip_id=victim if strip_id == "VICTIM" else strip_id)
    made.case("id_empty", strip_id="")
    links = {
        "layers": lambda cache: (cache / "layers").symlink_to(victim),
        "stack": lambda cache: ((cache / "layers").mkdir(), (cache / "layers" / ID).symlink_to(victim)),
        "leases": lambda cache: (cache / ".leases").symlink_to(victim),
        "engines": lambda cache: (cache / "engines").symlink_to(victim),
    }
    for name, link in links.items():
        link(cache_in(made.case(f"link_{name}", strip_id=ID)))
    (made.case("link_cache", strip_id=ID) / "understudy_cache").symlink_to(victim)
    for name, folder in {"absolute": victim, "above": "//../victim/", "dots": "//x/../../victim"}.items():
        made.case(f"cache_{name}", strip_id=ID, scene={"understudy__cache_folder": folder})
    made.case("cache_none", strip_id=ID, scene={"understudy__cache_folder": ""})
    made.case("cache_beside", strip_id=ID, scene={"understudy__cache_folder": "//"})
    made.case("directory", strip_id=ID, layer={"directory": victim + "/"})
    made.case(
        "elements",
        strip_id=ID,
        layer={"elements": ["../../../../victim/notes.txt", "٠٠٠٠٠١.tif", "-00001.tif"]},
    )
    made.case(
        "values",
        strip_id=ID,
        strip={
            "understudy_rate": "NaN",
            "understudy_searched": [2_000_000_000, -5],
            "understudy_lifted": f"{ID} ٣",
        },
        scene={"understudy__modifiers__0__identity__consent": "\x1b[31m" + "x" * 100_000},
    )
    made.case("names", strip_id=ID, effect="blur\x1b[31m\nUnderstudy: Error: forged\u202e")
    made.case("scene", strip_id=ID, scene={"name": UNREADABLE})
    made.case("crowd", strip_id=ID, crowd=300)
    made.case("colour", strip_id=ID, colour="Non-Color")
    made.case("elsewhere", strip_id=ID, scene={"understudy__cache_folder": str(made.folder / "shared")})
    made.more = add_cases(made)
    made.run()
    return made


def test_the_project_that_they_are_made_of_shows_the_new_face(world, footage):
    for frame, pixels in world.rendered_frames("base").items():
        assert (pixels != footage.frames[frame - 1]).mean() > 0.02
    assert world.answers["base"]["report"]["warnings"] == []
    assert world.answers["base"]["purged"] == [["FINISHED"], ["FINISHED"]]
    assert world.answers["base"]["thread"] == []


@pytest.mark.parametrize("name", IDS)
def test_v1_an_id_of_another_form_is_no_path(world, dashboard, name):
    dashboard("projects")
    facts = world.answers[f"id_{name}"]
    assert is_unchanged(world)
    # On a render's own thread nothing can be put right: the frame does not count as it should be.
    assert len(facts["thread"]) == 1
    assert "invalid Understudy id" in facts["thread"][0]
    # It is said once, by whoever put it right.
    said = facts["report"]["warnings"] if name == "dots" else [facts["trouble"]]
    assert len(said) == 1
    assert "invalid Understudy id" in said[0]
    # Once it is, the project works.
    assert shows_new_face(world, f"id_{name}")
    assert facts["report"]["shown"]["swapped"] == LAST
    assert all(len(entry) == 16 and set(entry) <= set("0123456789abcdef") for entry in facts["ids"])
    assert facts["removed"] == ["FINISHED"]


def test_v1_an_empty_id_is_no_stack(world, dashboard):
    dashboard("projects")
    assert is_unchanged(world)
    assert world.answers["id_empty"]["purged"] == []


@pytest.mark.parametrize("name", ["layers", "stack", "leases", "engines"])
def test_v2_v3_v10_a_link_in_the_projects_own_cache_is_not_followed(world, dashboard, name):
    dashboard("projects")
    facts = world.answers[f"link_{name}"]
    assert is_unchanged(world)
    assert shows_new_face(world, f"link_{name}")
    assert facts["report"]["failed"] == []


@pytest.mark.parametrize("name", ["link_cache", "cache_absolute", "cache_above", "cache_dots"])
def test_v1_a_cache_folder_elsewhere_is_used_only_after_a_yes(world, dashboard, name):
    dashboard("projects")
    facts = world.answers[name]
    assert is_unchanged(world)
    assert shows_new_face(world, name)
    assert facts["refused"] == [str(world.victim.resolve())]
    warnings = [text for text in facts["report"]["warnings"] if "UNDERSTUDY_TRUST" in text]
    assert len(warnings) == 1
    assert str(world.victim) in warnings[0]


def test_v1_no_folder_and_the_projects_own_are_no_reason_to_go_elsewhere(world, dashboard):
    dashboard("projects")
    assert is_unchanged(world)
    assert shows_new_face(world, "cache_none")
    assert (world.folder / "cache_none" / "understudy_cache" / "format").is_file()
    assert sorted(path.name for path in (world.folder / "cache_beside").iterdir()) == ["p.blend"]


def test_v1_a_layer_that_reads_from_elsewhere_is_not_written_there(world, dashboard):
    dashboard("projects")
    facts = world.answers["directory"]
    assert is_unchanged(world)
    assert any("another folder" in text for text in facts["thread"])
    assert shows_new_face(world, "directory")


def test_v1_a_layers_elements_are_names_of_layers(world, dashboard):
    dashboard("projects")
    assert is_unchanged(world)
    assert any("reads from" in text for text in world.answers["elements"]["thread"])
    assert shows_new_face(world, "elements")


def test_v1_values_that_no_strip_has_do_no_harm(world, dashboard):
    dashboard("projects")
    assert is_unchanged(world)
    assert shows_new_face(world, "values")
    assert world.answers["values"]["report"]["warnings"] == []


def test_v1_a_scene_whose_name_is_no_text_is_rendered(world, dashboard):
    dashboard("projects")
    assert is_unchanged(world)
    assert shows_new_face(world, "scene")
    assert world.answers["scene"]["report"]["warnings"] == []
    assert world.answers["scene"]["trouble"] == ""


def test_v11_more_modifiers_than_a_clip_can_have_are_not_rendered(world, dashboard):
    dashboard("inputs")
    report = world.answers["crowd"]["report"]
    assert is_unchanged(world)
    assert report["shown"]["swapped"] == 0
    assert report["warnings"] == ["clip has 300 modifiers, so its layer is not made: remove all but 256"]
    assert len(report["shown"]["failures"]) == LAST


def test_a_colour_space_that_nobody_has_ends_nothing(world, dashboard):
    dashboard("inputs")
    facts = world.answers["colour"]
    assert facts["report"]["shown"]["swapped"] == LAST
    assert facts["trouble"] == ""


def test_v11_a_still_of_a_million_frames_has_one_layer_file(world, dashboard):
    dashboard("inputs")
    assert world.last["long still"] == [[], ["000000.tif"]]


def test_v15_what_is_printed_is_ours(world, dashboard):
    dashboard("inputs")
    assert any("feeds the effect blur\\x1b[31m\\n" in line for line in world.output.splitlines())
    assert "\x1b" not in world.output
    assert "\u202e" not in world.output
    assert not any(line.startswith("Understudy: Error: forged") for line in world.output.splitlines())


def test_v1_a_yes_to_a_folder_is_remembered_until_it_is_taken_back(world):
    before, yes, then, directory, page, again, no, after = world.last["trusted"]
    shared = str(world.folder / "shared")
    assert before != shared
    assert (yes, then) == (["FINISHED"], shared)
    assert directory == f"{shared}/layers/{ID}/"
    assert shared in str(page)
    assert "no folder but its own" in again
    assert (no, after) == (["FINISHED"], before)
    assert (world.folder / "configuration" / "understudy" / "trusted-folders").read_text() == ""


def test_v1_the_panel_asks_and_the_environment_answers(world):
    drawn, named = world.drawn, world.last["named"]
    for section in ("", "Cache"):
        assert "understudy.trust_folder" in drawn[section]
        assert str(world.folder) in "".join(drawn[section]).replace(
            " ", ""
        )  # in as many lines as there is room for
    assert named["refused"] == named["report"]["warnings"] == []
    assert (world.folder / "shared" / "format").is_file()
    assert {frame: pixels.tobytes() for frame, pixels in world.rendered_frames("trusted").items()} == {
        frame: pixels.tobytes() for frame, pixels in world.rendered_frames("base").items()
    }


def test_v1_a_strict_render_takes_away_no_image_that_is_not_its_own(world, dashboard):
    dashboard("projects")
    assert is_unchanged(world)
    last = world.last
    assert "not an image" in last["no picture"][0]
    assert "UNDERSTUDY_TRUST" in last["earlier"][0]
    assert [last[name] for name in ("old", "own", "written", "still")] == [[]] * 4
    assert "can't remove" in last["link"][0]
    assert "not an image" in last["notes"][0]
    assert sorted(path.name for path in (world.folder / "output").iterdir()) == ["out_0003.png"]
    base = {path.name for path in (world.folder / "base").iterdir()}
    assert "earlier_0002.png" not in base
    assert "earlier_0003.png" in base
    assert last["movie"] == [[], str(world.victim / "film_0001-0003.mp4")]
    assert last["own movie"] == [[], str(world.folder / "base" / "film_0001-0003.mp4")]
    assert "film_0001-0003.failed.mp4" in base


def test_v11_numbers_that_no_clip_has_are_no_reason_for_long_lists(world, dashboard):
    dashboard("inputs")
    huge, long, before, after, rates, timeline = world.last["claims"]
    assert "huge has 2147483648 frames" in huge
    assert "long has 4294967296 frames" in long
    assert before.startswith("before shows frames")
    assert after.startswith("after shows frames")
    assert rates == [24.0] * 5
    assert timeline == [24.0] * 3


def test_scenes_that_play_each_other_are_shown_once(world, dashboard):
    dashboard("inputs")
    assert world.last["circle"] <= 5
