# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy verify`: what it says of files, and its exit codes."""

import json
import shutil

import pytest
from understudy.core.cli.main import main
from understudy.core.provenance.sidecar import file_digest, sidecar_name

from tests.core.marked_files import FACTS, make_file, mark


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    make_file(folder, "unmarked.png")
    for name in ("shot.png", "shot.mp4"):
        mark(make_file(folder, name))
    return folder


def run(capsys, *arguments):
    code = main(["verify", *map(str, arguments)])
    return code, capsys.readouterr().out


def test_it_says_in_words_what_was_done(folder, capsys):
    code, text = run(capsys, folder / "shot.png", folder / "shot.mp4")
    assert code == 0
    assert "shot.png: intact" in text
    assert "A face was replaced with Understudy 1.2: a trained model made the new face." in text
    assert f"2 images, SHA-256 {'a' * 16}…, {'b' * 16}…" in text
    assert "It is not signed" in text


def test_one_file_without_a_mark_is_a_failure(folder, capsys):
    code, text = run(capsys, folder / "shot.png", folder / "unmarked.png", folder / "missing.png", folder)
    assert code == 1
    assert "unmarked.png: no mark" in text
    assert "missing.png: can't be checked: it can't be read: no such file" in text
    assert f"{folder}: can't be checked: it is a folder: name the files in it" in text


def test_a_changed_file_is_named(folder, tmp_path, capsys):
    content = bytearray((folder / "shot.mp4").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "shot.mp4").write_bytes(content)
    code, text = run(capsys, "--json", tmp_path / "shot.mp4")
    assert code == 1
    (verdict,) = json.loads(text)
    assert (verdict["state"], verdict["xmp"]) == ("changed", {"intact": False})
    assert verdict["facts"] == FACTS.as_dict()


def test_a_file_that_holds_no_mark_is_known_by_the_one_beside_it(tmp_path, capsys):
    movie = make_file(tmp_path, "shot.mkv")
    values = {"facts": FACTS.as_dict(), "consent": "on\npaper", "content": file_digest(movie)}
    movie.with_name(sidecar_name("shot.mkv")).write_text(json.dumps(values))
    code, text = run(capsys, movie)
    assert code == 0
    assert "By what right (the file beside it, which is not signed): on\\npaper" in text
    with movie.open("ab") as file:
        file.write(b"\0")
    code, text = run(capsys, movie)
    assert code == 1
    assert "CHANGED" in text


def test_images_of_a_sequence_share_what_is_said_beside_them(tmp_path, capsys):
    for number in (1, 2):
        mark(make_file(tmp_path, f"out_{number:05}.png"))
    values = {"consent": "on paper", "content": "0" * 64}  # the hash of all images, as a batch keeps it
    (tmp_path / sidecar_name("out_%05d.png")).write_text(json.dumps(values))
    code, text = run(capsys, *tmp_path.glob("*.png"))
    assert code == 0
    assert text.count("on paper") == 2
    assert "of a sequence" not in text
    # Where a face was replaced in the others, nothing says that one was in this image.
    make_file(tmp_path, "out_00003.png")
    code, text = run(capsys, tmp_path / "out_00003.png")
    assert code == 1
    assert "no face was replaced, or its mark is gone" in text


def test_the_page_has_all_hashes_in_full_and_runs_nothing(folder, tmp_path, capsys):
    path = tmp_path / "<script>alert(1)</script>.png".replace("/", "")
    shutil.copy(folder / "shot.png", path)
    code, _ = run(capsys, path, folder / "missing.png", "--html", tmp_path / "page.html")
    assert code == 1
    page = (tmp_path / "page.html").read_text()
    assert file_digest(path) in page
    assert all(digest in page for digest in (*FACTS.source_images, *FACTS.models, *FACTS.clips))
    assert "<script" not in page
    assert str(tmp_path) not in page
    assert run(capsys, path, "--html", tmp_path / "none" / "page.html")[0] == 1


def test_hostile_sidecars_end_nothing(folder, tmp_path, capsys):
    path = tmp_path / "shot.png"
    shutil.copy(folder / "shot.png", path)
    beside = path.with_name(sidecar_name(path.name))
    for text in ("[", "[1]", '{"content": 5, "facts": 7, "consent": {}}', "[" * 100_000, "\x00"):
        beside.write_text(text)
        assert run(capsys, path)[0] == 0
