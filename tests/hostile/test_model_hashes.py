# SPDX-License-Identifier: GPL-3.0-or-later
"""V9: what names a file's hash: the user's own memory alone, and the file that is run."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hostile.model_folders import OTHER_USER_ID, Count, folder, has_good_model_only, memory, time_limit
from models import stand_ins
from understudy.core.errors import ModelError
from understudy.core.models.catalog import load_catalogue
from understudy.core.models.hashes import FILE_NAME
from understudy.core.models.library import ModelLibrary
from understudy.core.models.model_file import ModelFile
from understudy.core.models.session import ModelPool
from understudy.core.swap.loaded_model import ModelRunner

__all__ = ["folder", "memory"]


# The smallest file of the catalogue: hashing one of its size takes no time.
PUBLISHED_BYTES, PUBLISHED = min(
    (model.size, model.sha256) for model in load_catalogue().models if model.size
)


def _one_node(folder: Path) -> Path:
    """Write a small model with nothing behind it, so that it is as large as the published one: others aren't hashed."""
    net = stand_ins.write_constant_model(folder / "net.onnx", "x", ["n", 1], {"y": np.zeros((1, 2))})
    os.truncate(net, PUBLISHED_BYTES)
    return net


def _forge_cache_entry(path: Path, name: str) -> str:
    status = path.stat()
    stamp = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    return json.dumps({name: [*stamp, PUBLISHED]})


def _old_form(path: Path) -> str:
    status = path.stat()
    return json.dumps({path.name: [status.st_size, status.st_mtime_ns, PUBLISHED]})


def is_taken_for_published(path: Path) -> bool:
    """Tell whether a file is taken for one of the catalogue's."""
    (one,) = [one for one in ModelLibrary([path.parent]).local_models() if one.file.path == path]
    return one.file.sha256 == PUBLISHED or bool(one.family) or one.card is not None


@pytest.mark.parametrize("name", [".understudy-models.json", FILE_NAME, f"understudy/{FILE_NAME}"])
@pytest.mark.parametrize("form", ["old", "new", "new and relative"])
def test_v9_a_memory_in_the_model_folder_counts_for_nothing(
    folder: Path, memory: Path, dashboard: Count, name: str, form: str
) -> None:
    dashboard("inputs")
    net = _one_node(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    text = (
        _old_form(net) if form == "old" else _forge_cache_entry(net, net.name if "rel" in form else str(net))
    )
    (folder / name).write_text(text)
    assert not is_taken_for_published(net)
    assert (folder / name).read_text() == text  # nor is it ours to delete


def test_the_users_own_memory_would_be_believed(folder: Path, memory: Path) -> None:
    """So that what follows proves something."""
    net = _one_node(folder)
    memory.parent.mkdir(parents=True, mode=0o700)
    memory.write_text(_forge_cache_entry(net, str(net)))
    memory.chmod(0o600)
    assert is_taken_for_published(net)


def _replace_by_link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to(path.with_name("other"))


NOT_THE_USERS: dict[str, Callable[[Path], object]] = {
    "writable by all": lambda memory: memory.chmod(0o666),
    "writable by a group": lambda memory: memory.chmod(0o660),
    "in a folder writable by all": lambda memory: memory.parent.chmod(0o777),
    "in a folder writable by a group": lambda memory: memory.parent.chmod(0o770),
    "below a folder writable by all": lambda memory: memory.parent.parent.chmod(0o777),
    "a link": _replace_by_link,
    "in a folder that is a link": lambda memory: _replace_by_link(memory.parent),
    "another user's": lambda memory: os.chown(memory, OTHER_USER_ID, OTHER_USER_ID),
    "in another user's folder": lambda memory: os.chown(memory.parent, OTHER_USER_ID, OTHER_USER_ID),
    "below another user's folder": lambda memory: os.chown(
        memory.parent.parent, OTHER_USER_ID, OTHER_USER_ID
    ),
}


@pytest.mark.parametrize("kind", NOT_THE_USERS)
def test_v9_a_memory_that_is_not_the_users_own_counts_for_nothing(
    kind: str, folder: Path, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    if "another user" in kind and os.geteuid() != 0:
        pytest.skip("giving files to another user takes root")
    net = _one_node(folder)
    memory.parent.mkdir(parents=True, mode=0o700)
    memory.write_text(_forge_cache_entry(net, str(net)))
    memory.chmod(0o600)
    NOT_THE_USERS[kind](memory)
    assert not is_taken_for_published(net)


GARBAGE: dict[str, Callable[[Path, str], object]] = {
    "nested deep": lambda memory, _: memory.write_text("[" * 200_000),
    "huge": lambda memory, _: os.truncate(memory, 1 << 40),
    "a list": lambda memory, _: memory.write_text("[1, 2]"),
    "a number": lambda memory, _: memory.write_text("7"),
    "no text": lambda memory, _: memory.write_bytes(b"\xff\xfe\x00"),
    "empty": lambda memory, _: memory.write_bytes(b""),
    "a hash in capitals": lambda memory, text: memory.write_text(text.replace(PUBLISHED, PUBLISHED.upper())),
    "a short hash": lambda memory, text: memory.write_text(text.replace(PUBLISHED, PUBLISHED[:10])),
    "a list as hash": lambda memory, text: memory.write_text(
        text.replace(f'"{PUBLISHED}"', f'["{PUBLISHED}"]')
    ),
    "one entry more": lambda memory, text: memory.write_text(text.replace("]", ", 1]")),
    "a number with a point": lambda memory, text: memory.write_text(text.replace(",", ".0,", 1)),
    "a pipe": lambda memory, _: (memory.unlink(), os.mkfifo(memory, 0o600)),
    "a folder": lambda memory, _: (memory.unlink(), memory.mkdir(0o700)),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_v9_a_damaged_memory_is_none(kind: str, folder: Path, memory: Path, dashboard: Count) -> None:
    dashboard("inputs")
    net = _one_node(folder)
    memory.parent.mkdir(parents=True, mode=0o700)
    text = _forge_cache_entry(net, str(net))
    memory.write_text(text)
    memory.chmod(0o600)
    GARBAGE[kind](memory, text)
    with time_limit():
        assert not is_taken_for_published(net)
        assert has_good_model_only(folder)


def test_v9_a_file_is_not_run_under_another_files_hash(folder: Path, memory: Path, dashboard: Count) -> None:
    """Also where the memory is the user's own: somebody may have had the same inode and times before."""
    dashboard("inputs")
    net = folder / "good.onnx"
    memory.parent.mkdir(parents=True, mode=0o700)
    memory.write_text(_forge_cache_entry(net, str(net)))
    memory.chmod(0o600)
    file = ModelLibrary([folder]).local_models()[-1].file
    assert file.sha256 == PUBLISHED
    pool = ModelPool(1)
    with pytest.raises(ModelError, match=r"good\.onnx changed while it was in use: run this again"):
        pool.run_all(file, np.zeros((1, 3, 112, 112), np.float32))
    assert pool.load_count == 0
    # And again it is what it is.
    model = ModelLibrary([folder]).model("embed", "sface")
    assert pool.run_all(model, np.zeros((1, 3, 112, 112), np.float32))[0].shape == (1, 128)


@pytest.mark.parametrize("means", ["run", "looked into"])
def test_v9_a_file_that_is_replaced_after_it_was_hashed_is_not_used(
    means: str, tmp_path: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    family = load_catalogue().find_family("embed/sface")
    file = ModelFile(stand_ins.write_recogniser(tmp_path / "a.onnx", "sface"))
    content, status = file.sha256, file.path.stat()
    stand_ins.write_recogniser(tmp_path / "b.onnx", "sface", seed=1).replace(file.path)
    os.utime(file.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.sha256 == content
    pool = ModelPool(1)
    use: dict[str, Callable[[], object]] = {
        "run": lambda: pool.run_batch(file, np.zeros((1, 3, 112, 112), np.float32)),
        "looked into": lambda: ModelRunner(pool).load(file, family),
    }
    with pytest.raises(ModelError, match=r"a\.onnx changed while it was in use"):
        use[means]()
