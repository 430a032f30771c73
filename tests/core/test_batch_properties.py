# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a file of a batch says: its rows say the same, or it is refused."""

import json
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from batch_place import CLIPS, FACES, command_line, make_place, rows_of
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.batch.row_layers import ROW_NAMES
from understudy.core.batch.rows import read_rows
from understudy.core.batch.tables import Table, read_table
from understudy.core.errors import BatchError, UnderstudyError
from understudy.core.export.options import CODECS


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return make_place(tmp_path_factory.mktemp("rows"))


rows = st.fixed_dictionaries(
    {"clip": st.sampled_from(CLIPS), "face": st.sampled_from(FACES)},
    optional={
        "start": st.integers(0, 10**6),
        "end": st.integers(0, 10**6),
        "codec": st.sampled_from(CODECS),
        "quality": st.integers(0, 100),
        "sdr": st.booleans(),
        "take": st.text("abcäöü ./'\"\\#[]{}=", min_size=1, max_size=9),
        "blend": st.integers(0, 10).map(lambda tenths: tenths / 10),
    },
)


@given(st.lists(rows, max_size=6), st.lists(st.sampled_from(CLIPS), unique=True, min_size=1), st.booleans())
def test_every_row_says_what_its_table_says(place, tables, clips, has_rows):
    lines = [f"clips = {json.dumps([f'shots/{clip}' for clip in clips])}", "output = '{clip_stem}_{face_stem}.mkv'",
             "faces = ['cast/anna.png', 'cast/ben.png']"]  # fmt: skip
    for table in tables if has_rows else []:
        lines.append("[[row]]")
        for name, value in table.items():
            text = {"clip": f"shots/{value}", "face": f"cast/{value}.png"}.get(name, value)
            written = json.dumps(text, ensure_ascii=False)
            lines.append(f"set.fusion.blend = {value}" if name == "blend" else f"{name} = {written}")
    listing = rows_of(place, "\n".join(lines))
    assert listing.faults == []
    if not (has_rows and tables):
        assert [(row.job.clip.name, row.take) for row in listing.rows] == [
            (clip, face) for clip in clips for face in ("anna", "ben")
        ]
        return
    assert [row.number for row in listing.rows] == list(range(1, len(tables) + 1))
    for row, table in zip(listing.rows, tables, strict=True):
        job = row.job
        assert job.clip == place / "shots" / table["clip"]
        assert job.requests[0].identity.images[0].path == place / "cast" / f"{table['face']}.png"
        assert (job.start, job.end) == (table.get("start"), table.get("end"))
        assert (job.choice.codec, job.choice.quality) == (table.get("codec", ""), table.get("quality"))
        assert job.choice.sdr == table.get("sdr", False)
        assert job.requests[0].recipe.fusion.blend == table.get("blend", 1.0)
        assert row.take == table.get("take", table["face"])
        assert job.output == place / f"{Path(table['clip']).stem}_{row.take}.mkv"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from((*ROW_NAMES, "row", "range", "x")), values, max_size=6))
def test_whatever_a_file_says_is_rows_or_faults(place, said):
    with suppress(UnderstudyError):
        read_rows(command_line(place), Table(said, "batch.toml", place))


@given(
    st.text(max_size=60) | st.lists(st.sampled_from("[]{}='\"\n.,#=atruefls10-"), max_size=40).map("".join)
)
def test_whatever_is_in_a_file_it_is_read_or_refused(place, text):
    path = place / "any.toml"
    path.write_bytes(text.encode())
    try:
        expected = tomllib.loads(text.encode().decode())
    except ValueError:
        expected = None
    try:
        assert read_table(path).values == expected
    except BatchError:
        assert expected is None
