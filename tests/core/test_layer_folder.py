# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a stack's layer files: what is ours in it, and how it is copied, made transparent and removed."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from understudy.core.cache.packs.layout import prepare_cache_folder
from understudy.core.errors import OutputError
from understudy.core.filesystem import Access
from understudy.core.layers.folder import LayerFolder, is_stack_id, layer_folder_of
from understudy.core.layers.label import Label, RequestSummary
from understudy.core.layers.placeholder import PLACEHOLDER
from understudy.core.layers.tiff import layer_pieces

STACK_ID, OTHER_STACK_ID = "0123456789abcdef", "fedcba9876543210"
FACE, OTHER_FACE = b"a face" * 1000, b"another face" * 1000
NAMES = [f"{number:06d}.tif" for number in range(4)]


@pytest.fixture
def folder(tmp_path: Path) -> LayerFolder:
    made = LayerFolder(tmp_path / "cache", STACK_ID)
    made.make()
    return made


def test_a_new_folder_lies_in_a_cache_folder_and_is_for_its_owner_only(folder: LayerFolder) -> None:
    root = folder.path.parents[1]
    assert (root / "format").is_file()
    assert (root / "CACHEDIR.TAG").is_file()
    assert folder.exists()
    for path in (folder.path, folder.path.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_folder_that_was_there_gets_our_permissions(folder: LayerFolder) -> None:
    for path in (folder.path, folder.path.parent):
        path.chmod(0o777)
    folder.write(NAMES[0], FACE)
    for path in (folder.path, folder.path.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.path / NAMES[0]).stat().st_mode) == 0o600


@pytest.mark.parametrize("has_links", [True, False])
def test_no_placeholder_takes_the_place_of_a_layer_that_another_process_finishes_meanwhile(
    folder: LayerFolder, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    """As on a share of Windows or an exFAT disk where there are no hard links."""
    link = os.link

    def link_late(source: str, target: str, **arguments: Any) -> None:
        if target == NAMES[2]:
            folder.write(NAMES[2], FACE)
        if not has_links:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        link(source, target, **arguments)

    monkeypatch.setattr(os, "link", link_late)
    folder.add_placeholders(NAMES)
    contents = {name: (folder.path / name).read_bytes() for name in NAMES}
    assert contents == {name: FACE if name == NAMES[2] else PLACEHOLDER for name in NAMES}
    assert len({(folder.path / name).stat().st_ino for name in NAMES}) == (2 if has_links else 4)
    assert [path.name for path in folder.path.iterdir() if path.name not in NAMES] == []


def test_a_group_gets_in_where_it_is_let_in(tmp_path: Path) -> None:
    folder = LayerFolder(tmp_path / "cache", STACK_ID, Access(shared_with_group=True))
    folder.make()
    folder.write(NAMES[0], FACE)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o2770
    assert stat.S_IMODE((folder.path / NAMES[0]).stat().st_mode) == 0o660


def test_placeholders_are_added_where_nothing_is(folder: LayerFolder) -> None:
    folder.write(NAMES[1], FACE)
    folder.add_placeholders(NAMES)
    assert folder.names() == NAMES
    assert (folder.path / NAMES[1]).read_bytes() == FACE
    assert (folder.path / NAMES[2]).samefile(folder.path / NAMES[0])
    assert sorted(folder.sizes()) == sorted([len(PLACEHOLDER)] * 3 + [len(FACE)])


def test_a_layer_that_is_written_leaves_other_names_of_its_placeholder(folder: LayerFolder) -> None:
    folder.add_placeholders(NAMES)
    folder.write(NAMES[0], FACE)
    assert (folder.path / NAMES[1]).read_bytes() == PLACEHOLDER


def test_a_copy_has_the_layers_in_place_of_its_placeholders(folder: LayerFolder, tmp_path: Path) -> None:
    folder.write(NAMES[0], FACE)
    copy = LayerFolder(tmp_path / "cache", OTHER_STACK_ID)
    copy.add_placeholders(NAMES)
    folder.copy_to(copy)
    assert (copy.path / NAMES[0]).read_bytes() == FACE
    assert (copy.path / NAMES[1]).read_bytes() == PLACEHOLDER
    assert sorted(path.name for path in copy.path.iterdir()) == NAMES
    folder.copy_to(copy)  # both names are of one file by now
    assert sorted(path.name for path in copy.path.iterdir()) == NAMES


def test_a_copy_is_linked_and_what_is_written_to_either_stays_out_of_the_other(
    folder: LayerFolder, tmp_path: Path
) -> None:
    for name in NAMES[:2]:
        folder.write(name, FACE)
    copy = LayerFolder(tmp_path / "cache", OTHER_STACK_ID)
    folder.copy_to(copy)
    assert all((folder.path / name).samefile(copy.path / name) for name in NAMES[:2])
    copy.write(NAMES[0], OTHER_FACE)
    folder.write(NAMES[1], OTHER_FACE)
    contents = {
        place.name: [(place / name).read_bytes() for name in NAMES[:2]] for place in (folder.path, copy.path)
    }
    assert contents == {STACK_ID: [FACE, OTHER_FACE], OTHER_STACK_ID: [OTHER_FACE, FACE]}
    assert (folder.blank(), (copy.path / NAMES[1]).read_bytes()) == (2, FACE)


def test_a_copy_of_a_cut_clip_leaves_out_placeholders(folder: LayerFolder, tmp_path: Path) -> None:
    folder.write(NAMES[0], FACE)
    folder.add_placeholders(NAMES)
    copies = [LayerFolder(tmp_path / "cache", stack_id) for stack_id in (OTHER_STACK_ID, "f" * 16)]
    folder.copy_to(copies[0])
    folder.copy_to(copies[1], placeholders=False)
    assert [copy.names() for copy in copies] == [NAMES, NAMES[:1]]
    assert (copies[0].path / NAMES[1]).samefile(copies[0].path / NAMES[2])
    assert (copies[0].path / NAMES[1]).read_bytes() == PLACEHOLDER


def test_two_threads_of_a_process_may_write_one_layer(folder: LayerFolder) -> None:
    """A preview may still be at a frame whose render has begun."""
    contents = [bytes([number]) * 200_000 for number in (1, 2)]

    def write(data: bytes) -> None:
        for _ in range(200):
            folder.write(NAMES[0], data)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(write, data) for data in contents]:
            done.result()
    assert (folder.path / NAMES[0]).read_bytes() in contents
    assert [path.name for path in folder.path.iterdir()] == NAMES[:1]


def test_a_layer_that_can_not_be_written_says_so_and_leaves_nothing(folder: LayerFolder) -> None:
    (folder.path / NAMES[0]).mkdir()
    with pytest.raises(OutputError, match=r"can't write the layer .*000000\.tif: Is a directory"):
        folder.write(NAMES[0], FACE)
    assert [path.name for path in folder.path.iterdir()] == NAMES[:1]


def test_labels_are_read_and_said_anew_in_a_folder_that_may_be_exchanged(folder: LayerFolder) -> None:
    pieces = layer_pieces("ab" * 32, None, (200, 100))
    folder.write(NAMES[0], *pieces)
    assert folder.label(NAMES[0]) == Label("ab" * 32, None)
    asked = RequestSummary("cd" * 32, 1)
    assert folder.relabel(NAMES[0], Label("ab" * 32, None), asked)
    assert folder.label(NAMES[0]) == Label("ab" * 32, asked)
    assert not folder.relabel(NAMES[0], Label("ab" * 32, None), asked)
    assert not folder.relabel(NAMES[1], Label("ab" * 32, None), asked)
    folder.path.rename(folder.path.with_name(OTHER_STACK_ID))
    assert folder.label(NAMES[0]) is None
    folder.write(NAMES[0], *pieces)
    assert folder.label(NAMES[0]) == Label("ab" * 32, None)
    folder.close()
    assert folder.label(NAMES[0]) == Label("ab" * 32, None)


def test_what_versions_before_left_open_to_all_is_closed_when_it_is_looked_at(folder: LayerFolder) -> None:
    folder.write(NAMES[0], *layer_pieces("ab" * 32, None, (200, 100)))
    (folder.path / NAMES[1]).write_bytes(b"no layer")
    for name in NAMES[:2]:
        (folder.path / name).chmod(0o644)
        folder.label(name)
    modes = [stat.S_IMODE((folder.path / name).stat().st_mode) for name in NAMES[:2]]
    assert modes == [0o600, 0o644]


def test_no_layers_are_no_trouble(tmp_path: Path) -> None:
    folder = LayerFolder(tmp_path / "cache", STACK_ID)
    assert (folder.exists(), folder.names(), folder.sizes(), folder.blank()) == (False, [], [], 0)
    folder.remove()
    folder.copy_to(LayerFolder(tmp_path / "other", OTHER_STACK_ID))
    assert list(tmp_path.iterdir()) == []


def test_what_is_removed_or_made_transparent_is_ours_alone(folder: LayerFolder) -> None:
    folder.write(NAMES[0], FACE)
    leftovers = [".000001.tif.1234-5678.tmp", ".000001.0123abcd.tif.tmp"]
    others = ["notes.txt", "1.tif", "mine.tif", ".000001.tif", "000001.tif.bak", "０００００１.tif"]
    for name in (*leftovers, *others):
        (folder.path / name).write_bytes(FACE)
    assert folder.blank() == 1
    assert (folder.path / NAMES[0]).read_bytes() == PLACEHOLDER
    assert sorted(path.name for path in folder.path.iterdir()) == sorted([NAMES[0], *others])
    folder.remove()
    assert sorted(path.name for path in folder.path.iterdir()) == sorted(others)
    assert all((folder.path / name).read_bytes() == FACE for name in others)


def test_an_empty_folder_is_removed_with_its_layers(folder: LayerFolder) -> None:
    folder.add_placeholders(NAMES)
    folder.remove()
    assert not folder.exists()


def test_a_folder_that_was_removed_is_made_again(folder: LayerFolder) -> None:
    folder.remove()
    folder.write(NAMES[0], FACE)
    assert folder.names() == NAMES[:1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        STACK_ID[:-1],
        STACK_ID + "0",
        STACK_ID.upper(),
        "/etc",
        "../" + STACK_ID,
        "０" * 16,
        STACK_ID + "\n",
    ],
)
def test_what_is_no_id_is_refused(tmp_path: Path, text: str) -> None:
    assert not is_stack_id(text)
    with pytest.raises(OutputError, match="is no id of a stack"):
        LayerFolder(tmp_path, text)


def test_a_layers_place_is_taken_apart(tmp_path: Path) -> None:
    folder, name = layer_folder_of(tmp_path / "cache/layers" / STACK_ID / NAMES[0])
    assert (folder.path, name) == (tmp_path / "cache/layers" / STACK_ID, NAMES[0])
    for other in (
        "cache/layers/x/000000.tif",
        f"layer/{STACK_ID}/000000.tif",
        f"layers/{STACK_ID}/0.tif",
        f"layers/{STACK_ID}/a.tif",
    ):
        with pytest.raises(OutputError, match="is no layer's"):
            layer_folder_of(tmp_path / other)


def test_another_folder_is_never_taken_for_a_cache(tmp_path: Path) -> None:
    root = tmp_path / "pictures"
    (root / "layers" / STACK_ID).mkdir(parents=True)
    (root / "mine.txt").write_text("mine")
    picture = root / "layers" / STACK_ID / NAMES[0]
    picture.write_bytes(FACE)
    folder = LayerFolder(root, STACK_ID)
    for act in (
        folder.make,
        folder.blank,
        folder.remove,
        folder.names,
        folder.sizes,
        lambda: folder.write(NAMES[0], b"x"),
        lambda: folder.add_placeholders(NAMES),
        lambda: folder.copy_to(LayerFolder(tmp_path / "cache", OTHER_STACK_ID)),
    ):
        with pytest.raises(OutputError):
            act()
    assert picture.read_bytes() == FACE
    prepare_cache_folder(tmp_path / "cache")
