# SPDX-License-Identifier: GPL-3.0-or-later
"""From TOML and a command line to the rows of a batch, and from there to errors that name the place."""

import re
from pathlib import Path

import pytest
from batch_place import CLIPS, IMAGE, command_line, make_place, rows_of
from understudy.core.batch.output_name import format_output
from understudy.core.batch.rows import read_rows
from understudy.core.batch.swap_tables import SwapDefaults, read_swap_file
from understudy.core.batch.tables import read_table
from understudy.core.errors import BatchError
from understudy.core.export.options import EncodingChoice


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return make_place(tmp_path_factory.mktemp("rows"))


def test_patterns_give_all_pairs_in_the_order_of_numbers(place):
    listing = read_rows(
        command_line(place, clips=["shots/*"], faces=["cast/*"], output="{clip_stem}_{face_stem}.mp4"), None
    )
    assert [(row.job.clip.name, row.take) for row in listing.rows] == [
        (clip, face) for clip in CLIPS for face in ("anna", "ben", "eve.v2", "team")
    ]
    assert listing.rows[3].job.output == place / "a_team.mp4"
    images = listing.rows[3].job.requests[0].identity.images
    assert [image.path.name for image in images] == ["2.png", "10.png"]
    assert listing.faults == []
    assert [note.partition("/")[2].partition(" ")[0] for note in listing.notes] == [
        *(f"{place}/shots/a_anna.mp4".partition("/")[2],),
        *(f"{place}/cast/notes.txt".partition("/")[2],),
    ]


def test_a_movie_of_ours_is_a_clip_where_it_is_named(place):
    text = 'clips = ["shots/a_anna.mp4", "shots/a.*"]\nface = "cast/anna.png"\noutput = "{clip_stem}.mkv"'
    assert [row.job.clip.name for row in rows_of(place, text).rows] == ["a_anna.mp4", "a.mp4"]


def test_the_command_line_comes_first_then_the_row_then_the_file(place):
    text = """
        clip = "shots/a.mp4"
        face = "cast/anna.png"
        output = "{face_stem}.mp4"
        quality = 10
        colorspace = "AgX Log"
        preset = "slow"
        set = ["fusion.blend=0.1", "fusion.opacity=0.1", "fusion.sharpen=0.1"]
        [[row]]
        quality = 20
        colorspace = "ACEScct"
        set.fusion = {opacity = 0.2, sharpen = 0.2}
        [[row]]
        face = ["cast/ben.png", "cast/team"]
        take = "Ben, older"
        consent = "his own"
    """
    one, two = rows_of(place, text, quality=30, set=["fusion.sharpen=0.3"]).rows
    fusion = one.job.requests[0].recipe.fusion
    assert (fusion.blend, fusion.opacity, fusion.sharpen) == (0.1, 0.2, 0.3)
    assert one.job.choice == EncodingChoice(quality=30, preset="slow")
    assert (one.job.colorspace, two.job.colorspace) == ("ACEScct", "AgX Log")
    assert (two.take, two.job.output.name) == ("Ben, older", "Ben, older.mp4")
    assert two.job.requests[0].recipe.fusion.opacity == 0.1
    identity = two.job.requests[0].identity
    assert identity.consent == "his own"
    assert [image.path.name for image in identity.images] == ["ben.png", "2.png", "10.png"]


def test_several_people_in_a_clip_with_ranges(place):
    text = """
        clips = "shots/b*"
        output = "{clip_stem}_{face_stem}.mov"
        set = "fusion.blend=0.5"
        [[swap]]
        face = "cast/anna.png"
        set = ["select.which=leftmost"]
        start = 2
        [[swap.range]]
        end = 4
        set = ["fusion.blend=0.25"]
        [[swap]]
        face = "cast/team"
        face-number = [0, 2]
        replace = "cast/ben.png"
        set.embed.recogniser = "sface"
        consent = "signed"
    """
    listing = rows_of(place, text)
    assert [row.job.output.name for row in listing.rows] == ["b 2_anna+team.mov", "b 10_anna+team.mov"]
    left, team = listing.rows[0].job.swaps
    assert (left.span.first, left.span.last) == (2, None)
    assert left.span.request.recipe.select.which == "leftmost"
    assert [left.request_at(number).recipe.fusion.blend for number in (2, 4, 5)] == [0.25, 0.25, 0.5]
    assert team.span.request.recipe.select.which == "reference"
    assert team.span.request.recipe.embed.recogniser == "sface"
    assert team.span.request.target_references[0].path.name == "ben.png"
    assert [image.face_number for image in team.span.request.identity.images] == [0, 2]
    assert team.span.request.identity.consent == "signed"


RANGE = "[[swap.range]]\nset = 'fusion.blend=0'"
FAULTS = {
    "syntax": ("quality = 1\nface = \n", "is not TOML: invalid value (at line 2, column 8)"),
    "twice": ("quality = 1\nquality = 2\n", "(at line 2, column 12)"),
    "unknown name": ("faec = 'x'", "batch.toml: there is no entry 'faec': did you mean face?"),
    "unknown name in a row": ("[[row]]\nface_number = 1", "[[row]] 1: there is no entry 'face_number'"),
    "no clip": ("face = 'cast/anna.png'", "there is no clip: give one with clip"),
    "no face": ("clip = 'shots/a.mp4'", "there is no face: give one with face"),
    "no match": ("clips = 'shots/*.mkv'", "there is no clip "),
    "no output": ("clip = 'a'\nface = 'cast/anna.png'", "row 1 (a, anna): there is no output: give one"),
    "clip twice": ("clip = 'a'\nclips = 'a'", "it has clip and clips: give one of them"),
    "face twice": ("clip = 'a'\nface = 'a'\nfaces = 'a'", "it has face and faces: give one of them"),
    "missing image": ("clip = 'a'\nface = 'x.png'\noutput = 'o.mp4'", "row 1 (a, x): can't find the image "),
    "no image": ("clip = 'a'\nface = 'cast/notes.txt'\noutput = 'o.mp4'", "notes.txt is not an image"),
    "empty folder": ("clip = 'a'\nface = 'empty'\noutput = 'o.mp4'", "there is no image in "),
    "parameter": ("set = 'fusion.blnd=1'", "there is no parameter 'fusion.blnd': did you mean fusion.blend?"),
    "parameter in a row": ("[[row]]\nset = {fusion = {blend = 2}}", "[[row]] 1: fusion.blend must be from 0 to 1"),
    "setting": ("set = ['fusion.blend']", "a setting is written name=value"),
    "setting of a list": ("set = {fusion = {blend = [1]}}", "batch.toml: fusion.blend is one value, not [1]"),
    "number": ("start = '1'", "batch.toml: start is a whole number from 0 up, not '1'"),
    "negative": ("start = -1", "batch.toml: start is a whole number from 0 up, not -1"),
    "switch": ("sdr = 1", "batch.toml: sdr is true or false, not 1"),
    "text": ("take = 1", "batch.toml: take is a text, not 1: put it in quotes"),
    "line": ('take = "a\\nb"', "batch.toml: take can't be 'a\\nb': write one line of text"),
    "quality": ("quality = 101", "batch.toml: quality must be from 0 to 100, not 101"),
    "codec": ("codec = 'vp9'", "batch.toml: codec can't be 'vp9': use one of h264, "),
    "field": ("clip = 'a'\nface = 'cast/anna.png'\noutput = '{clip}.mp4'", "is none of {clip_stem}, {face_stem}"),
    "swap is no list": ("clip = 'a'\nswap = {face = 'a'}", "swap is a list of tables: write [[swap]]"),
    "swap without face": ("clip = 'a'\n[[swap]]", "[[swap]] 1: there is no face: give an image"),
    "swap's name": ("clip = 'a'\n[[swap]]\nclip = 'b'", "[[swap]] 1: there is no entry 'clip'"),
    "swap's value": ("clip = 'a'\n[[swap]]\nface = 'cast/anna.png'\nset = 'swap.shape=9'", "[[swap]] 1: swap.shape"),
    "swap's number": ("clip = 'a'\nface-number = 1\n[[swap]]\nface = 'a'", "face-number belongs into each [[swap]]"),
    "backwards": (
        "clip = 'a'\n[[swap]]\nface = 'cast/anna.png'\nstart = 3\nend = 2",
        "[[swap]] 1: start 3 comes after end 2",
    ),
    "empty range": (
        "clip = 'a'\n[[swap]]\nface = 'cast/anna.png'\n[[swap.range]]\nend = 2",
        "[[swap]] 1, [[range]] 1: it sets nothing",
    ),
    "two ranges": (
        f"clip = 'a'\n[[swap]]\nface = 'cast/anna.png'\n{RANGE}\nend = 5\n{RANGE}\nstart = 5",
        "[[swap]] 1: frame 5 is in two ranges",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_named_with_its_place(place, text, said):
    try:
        faults = rows_of(place, text).faults
    except BatchError as error:
        faults = [str(error)]
    assert len(faults) == 1
    assert said in faults[0]
    assert "\n" not in faults[0]


def test_faults_of_all_rows_are_found_at_once(place):
    text = "clip = 'shots/a.mp4'\noutput = '{face_stem}.mp4'\n" + "".join(
        f"[[row]]\nface = 'cast/{name}.png'\n" for name in ("gone", "anna", "lost")
    )
    listing = rows_of(place, text)
    assert [row.number for row in listing.rows] == [2]
    assert [fault.partition(":")[0] for fault in listing.faults] == [
        "row 1 (a.mp4, gone)",
        "row 3 (a.mp4, lost)",
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"face = 'a'\nclip = '\xff'", "is not UTF-8 in line 2"),
        (b"x = " + b"[" * 100_000, "can't be read as TOML"),
        (b"x = " + b"9" * 100_000, "can't be read as TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_in_one_line(tmp_path, data, said):
    (tmp_path / "bad.toml").write_bytes(data)
    with pytest.raises(BatchError, match=said):
        read_table(tmp_path / "bad.toml")


def test_a_file_of_swaps_holds_nothing_else(place):
    (place / "swaps.toml").write_text("clip = 'a'\n[[swap]]\nface = 'cast/anna.png'")
    with pytest.raises(BatchError, match=r"swaps.toml: there is no entry 'clip': known are swap"):
        read_swap_file(place / "swaps.toml", SwapDefaults())
    (place / "swaps.toml").write_text("")
    with pytest.raises(BatchError, match="there is no swap in it"):
        read_swap_file(place / "swaps.toml", SwapDefaults())


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("{clip_stem}_{face_stem}.mp4", "a_b.mp4"), ("{{{face_stem}}}/x_%05d.png", "{b}/x_%05d.png")],
)
def test_names_of_outputs(pattern, name):
    assert format_output(pattern, "a", "b") == name


@pytest.mark.parametrize(
    "pattern", ["{}", "{0}", "{clip_stem.__class__}", "{clip_stem!r}", "{face_stem:>9}", "{a", "}"]
)
def test_other_fields_are_refused(pattern):
    with pytest.raises(BatchError):
        format_output(pattern, "a", "b")


def test_consent_is_the_command_lines_then_the_swaps_then_the_rows(place):
    text = """
        clip = "a"
        output = "o.mp4"
        consent = "all"
        [[swap]]
        face = "cast/anna.png"
        consent = "hers"
        [[swap]]
        face = "cast/ben.png"
    """
    for more, expected in (({}, ["hers", "all"]), ({"consent": "theirs"}, ["theirs", "theirs"])):
        (row,) = rows_of(place, text, **more).rows
        assert [swap.span.request.identity.consent for swap in row.job.swaps] == expected


def test_the_examples_of_the_manual_are_understood(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "command_line.md").read_text()
    swaps, batch = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    for name in ("cast/ben", "shots"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("anna.jpg", "actor_a.jpg", "ben_1.jpg", "ben_2.jpg", "cast/anna.jpg", "cast/ben/1.jpg"):
        (tmp_path / name).write_bytes(IMAGE)
    for name in ("010", "020", "021", "040"):
        (tmp_path / "shots" / f"{name}.mp4").touch()
    (tmp_path / "swaps.toml").write_text(swaps)
    anna, ben = read_swap_file(tmp_path / "swaps.toml", SwapDefaults())
    assert anna.span.request.recipe.embed.recogniser == "sface"
    assert [ben.request_at(number).recipe.fusion.blend for number in (199, 200, 240, 241)] == [1, 0.5, 0.5, 1]
    listing = rows_of(tmp_path, batch)
    assert listing.faults == []
    assert [(row.job.clip.stem, row.take) for row in listing.rows] == [
        ("010", "anna"), ("020", "anna"), ("020", "ben"), ("021", "anna"), ("021", "ben"), ("030", "anna"),
        ("030", "ben"), ("040", "both"),
    ]  # fmt: skip
    assert {row.job.requests[0].recipe.fusion.colour_match for row in listing.rows} == {0.8}
