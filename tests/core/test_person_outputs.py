# SPDX-License-Identifier: GPL-3.0-or-later
"""Which outputs were made with a person: by XMP, a manifest or the file beside, in folders, and never by a name."""

import json
from dataclasses import replace

import pytest
from understudy.core.cli.main import main
from understudy.core.consent.consent_file import add_record
from understudy.core.consent.person_outputs import inspect_outputs
from understudy.core.consent.record import ConsentRecord
from understudy.core.consent.request_consent import image_hashes
from understudy.core.errors import OutputError
from understudy.core.provenance.certificates import local_identity
from understudy.core.provenance.manifest import has_manifest_library
from understudy.core.provenance.sidecar import sidecar_name

from tests.core.marked_files import FACTS, make_file, mark, sign_copy

NAME = "Jane-Q-Planted"


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Outputs of a person and of another; returns the person's image, the folder, and the names of the outputs."""
    person = make_file(tmp_path, "person.png")
    (digest,) = image_hashes([person])
    facts = replace(FACTS, source_images=("0" * 64, digest))
    outputs = tmp_path / "outputs"
    below = outputs / "a" / "b"
    below.mkdir(parents=True)
    for folder, name in ((outputs, "still.jpg"), (below, "shot.mp4"), (outputs, "a.exr")):
        mark(make_file(folder, name), facts)
    mark(make_file(outputs, "other.png"))
    make_file(outputs, "unmarked.png")
    (outputs / "broken.png").write_bytes(b"\x89PNG")
    beside = {"shot.mkv": {"facts": facts.as_dict()}, "old.webm": {"swaps": [{"pictures": [digest]}]}}
    for name, values in {**beside, "hostile.webm": {"pictures": {"a": 1}, "swaps": [7], "facts": 7}}.items():
        (outputs / name).write_bytes(b"movie")
        (outputs / sidecar_name(name)).write_text(json.dumps(values))
    cache = outputs / "understudy_cache"
    cache.mkdir()
    mark(make_file(cache, "cached.png"), facts)
    (outputs / "link").symlink_to(tmp_path)
    names = {"still.jpg", "a/b/shot.mp4", "a.exr", "shot.mkv", "old.webm"}
    if has_manifest_library():
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
        sign_copy(make_file(tmp_path, "plain.tif"), outputs / "c.tif", facts, local_identity())
        names.add("c.tif")
    return person, outputs, names


def test_every_kind_of_mark_is_read_and_nothing_else_is_listed(made):
    person, outputs, names = made
    inspected = list(inspect_outputs([outputs], image_hashes([person])))
    listed = {one.path.relative_to(outputs).as_posix() for one in inspected if one.is_made_with}
    assert listed == names
    assert len(inspected) == len(names) + 4
    with pytest.raises(OutputError, match="can't read the folder"):
        list(inspect_outputs([outputs / "gone"], frozenset()))


def test_the_command_lists_by_image_hash_or_record_and_says_no_name(made, tmp_path, capsys):
    person, outputs, names = made
    (digest,) = image_hashes([person])
    records = tmp_path / "records.json"
    add_record(records, ConsentRecord(NAME, images=(digest,)))
    add_record(records, ConsentRecord("Bea"))
    for who in (["--face", person], ["--picture", digest.upper()], ["--person", NAME.lower()]):
        assert main(["consent", "outputs", "--file", str(records), *map(str, who), str(outputs)]) == 0
        said = capsys.readouterr()
        assert {line.removeprefix(f"{outputs}/") for line in said.out.splitlines()} == names
        assert NAME not in said.out + said.err
    assert main(["consent", "outputs", "--json", "--picture", "f" * 64, str(outputs)]) == 0
    assert json.loads(capsys.readouterr().out)["outputs"] == []
    for who, reason in (
        ([], "say whose outputs"),
        (["--person", "Bea"], "no record of that person names images"),
    ):
        assert main(["consent", "outputs", "--file", str(records), *who, str(outputs)]) == 1
        assert reason in capsys.readouterr().err
