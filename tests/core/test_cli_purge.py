# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache purge`: what is purged is gone from every byte of every place, the rest stays."""

import shutil

import pytest
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.stores.local import PackStore
from understudy.core.layers.label import layer_key
from understudy.core.layers.placeholder import PLACEHOLDER
from understudy.core.media.open import file_fingerprint

from tests.core.cached_project import ALL, COUNT, NO_RUNS, cache, call, layer, made, stages, stored_results
from tests.core.shared_places import redis_store

pytestmark = pytest.mark.slow


__all__ = ["cache", "made"]


def count_occurrences(root, needles):
    """How many of the byte strings occur in any file under a folder."""
    blobs = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
    return sum(any(needle in blob for blob in blobs) for needle in needles)


def marks(project, picture, folder):
    """For each stage, pieces of what a run computes that could be recognised anywhere."""
    project.run(picture, folder)
    pieces = {}
    for key, arrays in stored_results(PackStore(folder)).items():
        stage = next(line[6:] for line in key.text.split("\n") if line.startswith("stage="))
        for array in arrays.values():
            piece = array.tobytes()[array.nbytes // 2 :][:200]
            if len(set(piece)) > 20:
                pieces.setdefault(stage, set()).add(piece)
    return pieces


@pytest.fixture(scope="module")
def recognised(made, tmp_path_factory):
    """Pieces that only one person's results hold: (of the green one, of the plain one)."""
    green, plain = (
        marks(made, picture, tmp_path_factory.mktemp("marks") / "cache")
        for picture in (made.green, made.plain)
    )
    only = [
        {stage: pieces - other.get(stage, set()) for stage, pieces in own.items()}
        for own, other in ((green, plain), (plain, green))
    ]
    for person in only:
        assert len(person["swap"]) >= COUNT
        assert all(person[stage] for stage in ("landmark", "embed", "texture"))
    return tuple(set().union(*stages.values()) for stages in only)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["path", "hash"])
def test_a_purged_person_is_gone_from_every_byte_of_every_place(
    made, cache, tmp_path, redis_server, capsys, recognised, by
):
    share = shutil.copytree(cache, tmp_path / "share")
    server = redis_store(redis_server.url)
    server.put_many(stored_results(PackStore(cache)).items())
    places = ["--cache-dir", cache, "--shared-dir", share, "--redis", redis_server.url]
    needles, others = recognised
    for root in (cache, share):
        assert count_occurrences(root, needles) == len(needles)
    who = made.green if by == "path" else file_fingerprint(made.green)
    said = call(capsys, "purge", "--identity", who, *places)
    assert said.count("nothing is left") == 3
    for root in (cache, share):
        assert count_occurrences(root, needles) == 0
        assert count_occurrences(root, others) == len(others)
    raw = pytest.importorskip("redis").Redis.from_url(redis_server.url)
    values = b"".join(raw.get(name) for name in raw.keys("*"))
    assert not any(needle in values for needle in needles)
    assert all(needle in values for needle in others)
    assert stages(server) == stages(PackStore(cache)) == stages(PackStore(share))
    # Nobody else has to pay.
    assert made.run(made.plain, cache) == NO_RUNS
    assert made.run(made.green, cache) == NO_RUNS | {"swap": COUNT, "pictures": 3}


def test_a_person_is_purged_even_where_the_links_to_them_were_evicted(made, cache, recognised, capsys):
    needles, _ = recognised
    assert count_occurrences(cache, needles) == len(needles)
    PackStore(cache).purge(lambda text: "stage=source" in text or "stage=detect" in text)
    said = call(capsys, "purge", "--picture", made.green, "--cache-dir", cache)
    assert "can't be traced" in said
    assert count_occurrences(cache, needles) == 0
    assert "swap" not in stages(PackStore(cache))


def test_a_purged_clip_leaves_the_people(made, cache, capsys):
    call(capsys, "purge", "--clip", made.clip, "--cache-dir", cache)
    assert stages(PackStore(cache)) == sorted(
        ["clip", "facts", "frame", "detect", "landmark", "embed", "look", "texture", "source"] * 2
    )
    assert made.run(made.green, cache) == ALL | {"pictures": 0}


def test_old_results_are_purged_by_age_and_all_by_all(made, cache, redis_server, capsys):
    server = redis_store(redis_server.url)
    server.put_many(stored_results(PackStore(cache)).items())
    places = ["--cache-dir", cache, "--redis", redis_server.url]
    before = stages(PackStore(cache))
    call(capsys, "purge", "--older-than", 1, *places)
    assert stages(PackStore(cache)) == stages(server) == before
    freed = call(capsys, "purge", "--all", *places)
    assert "0.0 MB" not in freed
    assert stages(PackStore(cache)) == stages(server) == []
    assert not list(cache.glob("*.pack"))
    assert call(capsys, "stats", "--cache-dir", cache).split() == ["all", "0", "0.0", "MB"]


def test_an_image_that_is_not_there_is_named(cache, tmp_path, capsys):
    said = call(capsys, "purge", "--cache-dir", cache, "--picture", tmp_path / "gone.png", code=1)
    assert (
        said
        == f"understudy: can't find the image {tmp_path}/gone.png: no such file or directory; check the path\n"
    )


def test_what_is_older_than_no_days_is_everything(cache, capsys):
    PackStore(cache).put(stage_key("test", 1, {}), {})
    call(capsys, "purge", "--older-than", "0", "--cache-dir", cache)
    assert len(stages(PackStore(cache))) <= 1  # what was written within this second


def test_an_encrypted_cache_is_purged_without_the_key_and_exported_with_it(
    made, tmp_path, capsys, recognised, monkeypatch
):
    pytest.importorskip("cryptography")
    cache, secret = tmp_path / "encrypted", bytes(range(32))
    assert made.run(made.green, cache, secret=secret) == ALL
    assert made.run(made.green, cache, secret=secret) == NO_RUNS
    assert count_occurrences(cache, recognised[0]) == 0
    assert made.run(made.green, cache) == ALL  # without the key everything is a miss
    left_out = call(capsys, "export", tmp_path / "none", "--cache-dir", cache)
    assert not list((tmp_path / "none").glob("swap/*"))
    assert " 0 skipped" not in left_out
    monkeypatch.setenv("UNDERSTUDY_CACHE_KEY", secret.hex())
    assert " 0 skipped" in call(capsys, "export", tmp_path / "all", "--cache-dir", cache)
    monkeypatch.delenv("UNDERSTUDY_CACHE_KEY")
    call(capsys, "purge", "--picture", made.green, "--cache-dir", cache)
    clips = ["frame", "detect", "landmark", "embed", "look", "target"]
    assert stages(PackStore(cache)) == sorted(["clip"] + clips * COUNT)


@pytest.mark.parametrize("what", ["--all", "--picture", "--clip"])
def test_layer_images_show_nobody_after_a_purge(made, cache, capsys, what):
    path, piece = layer(cache, "000000.tif")
    assert count_occurrences(cache, [piece]) == 1
    shown = [] if what == "--all" else [made.green if what == "--picture" else made.frames[0].parent]
    said = call(capsys, "purge", "--cache-dir", cache, what, *shown)
    assert "1 layer images" in said
    assert count_occurrences(cache, [piece]) == 0
    assert path.read_bytes() == PLACEHOLDER
    assert "layer images" not in call(capsys, "purge", "--cache-dir", cache, what, *shown)


def test_by_age_layer_images_go_too(cache, capsys):
    old, new = (layer(cache, f"{number:06d}.tif", age)[0] for number, age in enumerate((10, 1)))
    call(capsys, "purge", "--cache-dir", cache, "--older-than", 5)
    assert (layer_key(old), layer_key(new)) == (None, "ab" * 32)
