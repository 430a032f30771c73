# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that the environment names, that are here, and that a render can't use."""

from understudy.core.cache.packs.layout import prepare_cache_folder
from understudy.core.cli.main import main
from understudy.core.farm.places import unusable_places


def test_places_that_are_here_and_can_not_be_used_are_named(tmp_path):
    file, full, cache = tmp_path / "text.jpg", tmp_path / "full", tmp_path / "cache"
    file.write_text("text")
    full.mkdir()
    (full / "letter.txt").write_text("mine")
    prepare_cache_folder(cache)
    for shared, text in ((file, "(Not a directory)"), (full, "holds other files")):
        (fault,) = unusable_places({"UNDERSTUDY_SHARED_CACHE": str(shared)})
        assert str(shared) in fault
        assert text in fault
    (fault,) = unusable_places({"UNDERSTUDY_MODELS": str(file)})
    assert (
        fault == f"UNDERSTUDY_MODELS names {file}, which can't be used (Not a directory): name another folder"
    )
    for shared, models in ((cache, full), (tmp_path / "new", tmp_path / "none"), ("off", "off"), ("", "")):
        assert (
            unusable_places({"UNDERSTUDY_SHARED_CACHE": str(shared), "UNDERSTUDY_MODELS": str(models)}) == []
        )
    assert list(full.iterdir()) == [full / "letter.txt"]


def test_the_doctor_finds_a_shared_folder_that_can_not_be_used(tmp_path, monkeypatch, capsys):
    (tmp_path / "letter.txt").write_text("mine")
    monkeypatch.setenv("UNDERSTUDY_SHARED_CACHE", str(tmp_path))
    assert main(["doctor"]) == 1
    assert f"UNDERSTUDY_SHARED_CACHE: {tmp_path} holds other files" in capsys.readouterr().out
