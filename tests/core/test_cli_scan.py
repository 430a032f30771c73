# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy scan`: it reads what a render kept, and computes nothing more."""

import io
import json
import shutil

import pytest
from PIL import Image
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cli.main import main
from understudy.core.media.clip_info_cache import CacheOnly
from understudy.core.media.open import open_clip
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import initial_recipe
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.scan.scan import scan_clip
from understudy.core.sessions.pipeline_factory import make_pipeline
from understudy.core.sessions.settings import RunSettings

from tests.core.rendered_clip import FRAMES, folder

pytestmark = pytest.mark.slow

__all__ = ["folder"]


@pytest.fixture(scope="module")
def rendered(folder):
    """The clip, rendered: it is analysed."""
    command = ["render", folder / "clip.mp4", "--face", folder / "red.png", "--output", folder / "out.mp4"]
    assert main([*map(str, command), "--quiet"]) == 0
    return folder


def scan(rendered, capsys, *arguments):
    """Return the exit code and what was printed."""
    code = main(["scan", *map(str, (rendered / "clip.mp4", "--face", rendered / "red.png", *arguments))])
    return code, capsys.readouterr()


def test_a_clean_clip_has_no_problem_and_is_not_analysed_again(rendered, capsys):
    code, printed = scan(rendered, capsys, "--json")
    assert (code, json.loads(printed.out), printed.err) == (0, {"frames": []}, "")
    code, printed = scan(rendered, capsys)
    assert (code, printed.out) == (0, f"0 of {FRAMES} frames flagged\n")


def test_no_model_runs_and_no_frame_is_decoded(rendered):
    settings = RunSettings(CacheSettings(rendered / "understudy_cache"))
    with open_cache(settings.cache, schemas=STAGE_SCHEMAS) as cache, open_clip(rendered / "clip.mp4") as clip:
        pipeline = make_pipeline(settings, cache.store, CacheOnly())
        result = scan_clip(pipeline, clip, range(FRAMES), SwapRequest(Identity(()), initial_recipe()))
        report = pipeline.report()
        pipeline.close()
    assert (result.frame_count, result.unknown_count) == (FRAMES, 0)
    assert (report.frames_decoded, report.models_loaded) == (0, 0)


def test_a_page_of_a_part_of_the_clip(rendered, capsys):
    page = rendered / "page.html"
    code, printed = scan(rendered, capsys, "--html", page, "--start", 2, "--end", 9)
    assert (code, printed.out) == (0, f"0 of 8 frames flagged: {page}\n")
    assert "Scan of clip.mp4" in page.read_text()


def test_a_correction_after_the_end_of_the_clip_is_said_by_every_command(rendered, capsys, tmp_path):
    corrections = tmp_path / "corrections.json"
    said = f"warning: clip.mp4 does not have frame {FRAMES + 700}, which is corrected: its frames are 0 to {FRAMES - 1}"
    for ranges, count in (((("dismiss", FRAMES + 700), ("exclude", 1)), 1), ((("exclude", 1),), 0)):
        listed = [{"kind": kind, "first": first, "last": 2000} for kind, first in ranges]
        corrections.write_text(json.dumps({"ranges": listed}))
        code, printed = scan(rendered, capsys, "--corrections", corrections)
        assert (code, printed.err.count(said), printed.err.count("\n")) == (0, count, count)
        for command, output in (("render", tmp_path / "out.mp4"), ("turnover", tmp_path / "turnover")):
            arguments = [command, rendered / "clip.mp4", "--face", rendered / "red.png", "--output", output]
            options = ["--corrections", corrections, "--end", 2, "--quiet"]
            assert main(list(map(str, [*arguments, *options]))) == 0
            assert capsys.readouterr().err.count(said) == count


def test_a_clip_that_is_not_analysed_is_and_that_is_said(rendered, capsys, tmp_path):
    shutil.copy(rendered / "clip.mp4", tmp_path / "new.mp4")
    assert main(["scan", str(tmp_path / "new.mp4"), "--end", "3"]) == 0
    printed = capsys.readouterr()
    assert "analyzing frames that are not in the cache" in printed.err
    assert printed.out == "0 of 4 frames flagged\n"
    assert (tmp_path / "understudy_cache").is_dir()


def broken_avif(path):
    content = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(content, "AVIF")
    path.write_bytes(content.getvalue()[: len(content.getvalue()) // 2])


@pytest.mark.parametrize(
    ("name", "write", "text"),
    [
        ("one.png", lambda path: Image.new("RGB", (1, 1)).save(path), "no face"),
        ("half.avif", broken_avif, "can't be read as an image"),
    ],
)
@pytest.mark.parametrize("is_fresh", [True, False])
def test_an_image_of_the_person_that_shows_nobody_is_refused(
    rendered, capsys, tmp_path, name, write, text, is_fresh
):
    write(tmp_path / name)
    options = ["--cache-dir", tmp_path / "cache"] if is_fresh else []
    assert main(list(map(str, ["scan", rendered / "clip.mp4", "--face", tmp_path / name, *options]))) == 1
    printed = capsys.readouterr()
    assert text in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--end", "99"], "does not have all of frames 0 to 99"),
        (["--html", "nowhere/page.html"], "there is no folder nowhere"),
        (["--set", "select.which=nobody"], "select.which"),
        (["--roto", "nowhere.json"], "can't read nowhere.json"),
    ],
)
def test_what_can_not_be_is_one_line(rendered, capsys, arguments, text):
    code, printed = scan(rendered, capsys, *arguments)
    assert code == 1
    assert text in printed.err
    assert printed.err.count("\n") == 1
