# SPDX-License-Identifier: GPL-3.0-or-later
"""V1: layers that a hostile project names: nothing outside a cache of ours changes."""

import os
from pathlib import Path

import pytest
from hostile.layer_folders import (
    FACE,
    ID,
    NAMES,
    NOBODY,
    OTHER,
    ROOT,
    Count,
    Project,
    cache,
    do_everything,
    fill_layers,
    posix_only,
    project,
    snapshot,
    victim,
)
from understudy.core.errors import OutputError
from understudy.core.filesystem import Access
from understudy.core.layers.blanking import blank_layers
from understudy.core.layers.folder import LayerFolder
from understudy.core.layers.label import layer_label
from understudy.core.layers.placeholder import PLACEHOLDER

__all__ = ["cache", "project", "victim"]


@pytest.mark.parametrize("depth", ["absolute", "up", "here", "short", "upper", "line", "null", "long"])
def test_v1_a_stack_id_is_no_path(dashboard: Count, victim: Path, cache: Path, depth: str) -> None:
    dashboard("projects")
    text = {
        "absolute": str(victim),
        "up": "../../../victim",
        "here": ".",
        "short": ID[:-1],
        "upper": ID.upper(),
        "line": ID + "\n",
        "null": ID[:-1] + "\0",
        "long": ID * 1000,
    }[depth]
    with pytest.raises(OutputError, match="is no id of a stack"):
        LayerFolder(cache, text)
    do_everything(lambda: LayerFolder(cache, text))


@posix_only
@pytest.mark.parametrize("level", ["layers", "id", "both"])
def test_v1_no_link_leads_out_of_the_cache(dashboard: Count, victim: Path, cache: Path, level: str) -> None:
    dashboard("projects")
    fill_layers(cache, OTHER)
    if level == "layers":
        (cache / "layers").rename(cache / "moved")
        (cache / "layers").symlink_to(victim)
    elif level == "id":
        (cache / "layers" / ID).symlink_to(victim)
    else:
        (cache / "layers").rename(cache / "moved")
        (cache / "layers").symlink_to(victim / "layers")
        blank = pytest.raises(OutputError, match="a link or a file is in its place")
        with blank:
            blank_layers(cache)
    with pytest.raises(OutputError, match="a link or a file is in the place of a folder"):
        LayerFolder(cache, ID).make()
    do_everything(lambda: LayerFolder(cache, ID))


@posix_only
def test_v1_a_link_in_a_layers_place_is_replaced_and_not_followed(
    dashboard: Count, victim: Path, cache: Path
) -> None:
    dashboard("projects")
    folder = LayerFolder(cache, ID)
    folder.make()
    for name in NAMES:
        (folder.path / name).symlink_to(victim / name)
    assert folder.label(NAMES[0]) is None
    folder.write(NAMES[0], FACE[::-1])
    folder.add_placeholders([NAMES[1]])
    assert (folder.path / NAMES[1]).read_bytes() == PLACEHOLDER
    assert folder.names() == NAMES[:2]
    assert folder.blank() == len(NAMES) - 1
    assert not any((folder.path / name).is_symlink() for name in NAMES)
    (folder.path / NAMES[2]).unlink()
    (folder.path / NAMES[2]).symlink_to(victim / NAMES[2])
    folder.remove()
    assert not folder.exists()


@posix_only
def test_v1_a_second_name_of_somebodys_file_is_replaced_and_not_written_to(
    dashboard: Count, victim: Path, cache: Path
) -> None:
    dashboard("projects")
    before = snapshot(victim)
    folder = LayerFolder(cache, ID)
    folder.make()
    for name in NAMES:
        os.link(victim / name, folder.path / name)
    folder.write(NAMES[0], b"x")
    folder.blank()
    folder.remove()
    assert snapshot(victim) == before


@posix_only
@pytest.mark.parametrize("level", ["root", "other root", "other layers", "other id"])
def test_v1_folders_of_others_or_open_to_all_are_not_written(
    dashboard: Count, cache: Path, level: str
) -> None:
    if level != "root" and not ROOT:
        pytest.skip("only root can make folders of another user")
    dashboard("projects")
    folder = fill_layers(cache)
    if level == "root":
        cache.chmod(0o777)
    else:
        place = {"other root": cache, "other layers": cache / "layers", "other id": folder.path}[level]
        os.chown(place, NOBODY, NOBODY)
    before = snapshot(folder.path)
    with pytest.raises(OutputError, match=r"everybody may write to it|belongs to another user"):
        folder.write(NAMES[0], b"x")
    do_everything(lambda: LayerFolder(cache, ID))
    with pytest.raises(OutputError):
        blank_layers(cache)
    assert snapshot(folder.path) == before
    if level != "root":
        LayerFolder(cache, ID, Access(trusted_folders=(cache,))).write(NAMES[0], b"x")
        assert (folder.path / NAMES[0]).read_bytes() == b"x"


@pytest.mark.parametrize(
    "form", ["victim/{0}/000000.tif", "victim/000000.tif", "victim/layers/x/000000.tif",
             "victim/layers/{0}/000000.tif", "victim/layers/{0}/a.tif", "project/cache/../../victim/{0}/000000.tif",
             "project/cache/layers/../../../victim/layers/{0}/000000.tif"]
)  # fmt: skip
def test_v1_a_job_writes_to_no_place_but_a_layers(
    dashboard: Count, victim: Path, cache: Path, project: Project, tmp_path: Path, form: str
) -> None:
    dashboard("projects")
    session, written = project.run_update(tmp_path / form.format(ID), cache)
    assert not written
    assert session.write_count == 0
    assert len(session.warnings) == 1
    assert "strip, frame 7" in session.warnings[0]
    assert session.outcomes.swapped_count == 0


@posix_only
def test_v1_where_the_place_must_not_be_written_a_render_has_its_layers_elsewhere(
    dashboard: Count, cache: Path, project: Project, victim: Path, tmp_path: Path
) -> None:
    dashboard("projects")
    (cache / "layers" / ID).symlink_to(victim)
    picture = cache / "layers" / ID / NAMES[0]
    session, written = project.run_update(picture, tmp_path / "results", tmp_path / "spare")
    assert written
    (place,) = session.redirections.values()
    assert layer_label(place / NAMES[0]) is not None
    assert len(session.warnings) == 1
    again, written = project.run_update(place / NAMES[0], tmp_path / "results", tmp_path / "spare")
    assert not written
    assert again.warnings == ()
