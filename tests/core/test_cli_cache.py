# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache`: what it counts, finds damaged, takes out and in, and that what is purged is gone."""

import json
import os
import shutil
import stat
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, write_picture, write_sequence
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.factory import CacheSettings, open_cache
from understudy.core.cache.maintenance.statistics import folder_summary
from understudy.core.cache.shared.redis_store import RedisStore
from understudy.core.cache.stores.local import PackStore
from understudy.core.cli.main import main
from understudy.core.fusion.patch import Patch
from understudy.core.layers.label import layer_key
from understudy.core.layers.placeholder import PLACEHOLDER
from understudy.core.layers.tiff import layer_pieces
from understudy.core.media.open import file_fingerprint, open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

COUNT = 4


class Project:
    """A clip, two people who play the part, and runs over them."""

    def __init__(self, folder: Path) -> None:
        self.frames = write_sequence(folder / "clip", COUNT)
        self.clip = folder / "clip"
        self.green = write_picture(folder / "green.png", make_up_portrait())
        self.plain = write_picture(folder / "plain.png", portrait())
        self.cache = folder / "cache"

    def run(self, picture: Path, cache: Path, **more):
        """Make every layer; return the counts of stages that ran."""
        opened = open_cache(CacheSettings(cache, **more), schemas=STAGE_SCHEMAS)
        with open_sequence(self.frames) as clip, closing(opened):
            pipeline = Pipeline(opened.store, embedded_models(), flight=opened.flight)
            for number in range(COUNT):
                pipeline.execute(pipeline.plan(clip, number, [SwapRequest(Identity((FaceImage(picture),)))]))
            report = pipeline.report()
            pipeline.close()
        runs = {stage: counts["run"] for stage, counts in report.stages.items()}
        return runs | {"pictures": report.source_images["run"]}


ALL = {"detect": COUNT, "landmark": COUNT, "embed": COUNT, "swap": COUNT, "fuse": COUNT, "pictures": 3}
NO_RUNS = dict.fromkeys(ALL, 0) | {"fuse": COUNT}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project whose cache knows the clip with both people."""
    project = Project(tmp_path_factory.mktemp("project"))
    assert project.run(project.green, project.cache) == ALL
    assert project.run(project.plain, project.cache)["swap"] == COUNT
    return project


@pytest.fixture
def cache(made, tmp_path):
    """A copy of that cache."""
    return shutil.copytree(made.cache, tmp_path / "cache")


def call(capsys, *arguments, code=0):
    """Run `understudy cache` and return what it printed."""
    capsys.readouterr()
    assert main(["cache", *map(str, arguments)]) == code
    printed = capsys.readouterr()
    return printed.out if code == 0 else printed.out + printed.err


def stored_results(store):
    """Every result of a store by its key."""
    return {Key(entry.text): store.get(Key(entry.text)) for entry in store.entries()}


def stages(store):
    return sorted(
        next(line for line in key.text.split("\n") if "stage=" in line)[6:] for key in stored_results(store)
    )


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
    for stages in only:
        assert len(stages["swap"]) >= COUNT
        assert all(stages[stage] for stage in ("landmark", "embed", "texture"))
    return tuple(set().union(*stages.values()) for stages in only)


def test_stats_count_entries_by_stage_clip_and_age(made, cache, capsys):
    places = json.loads(call(capsys, "stats", "--cache-dir", cache, "--json"))["places"]
    assert len(places) == 1
    stats = places[0]
    store = PackStore(cache)
    entries = list(store.entries())
    assert stats["entries"] == len(entries)
    assert stats["payload_bytes"] == sum(entry.payload_bytes for entry in entries)
    assert stats["bytes_on_disk"] == sum(path.stat().st_size for path in cache.iterdir() if path.is_file())
    by_stage = {stage: share["entries"] for stage, share in stats["stages"].items()}
    assert by_stage["frame"] == by_stage["detect"] == by_stage["landmark"] == by_stage["embed"] == COUNT + 2
    assert (by_stage["swap"], by_stage["texture"], by_stage["source"], by_stage["clip"]) == (
        2 * COUNT,
        2,
        2,
        3,
    )
    with open_sequence(made.frames) as clip:
        clip_id = clip.clip_id
    by_clip = {clip: share["entries"] for clip, share in stats["clips"].items()}
    # clip, frame, detect, landmark, embed, target, two swaps a frame; clip, facts, frame, …, texture, source a picture
    pictures = [file_fingerprint(path) for path in (made.green, made.plain)]
    assert by_clip == {clip_id: 1 + 7 * COUNT} | dict.fromkeys(pictures, 8)
    assert stats["ages"]["today"]["entries"] == len(entries)
    assert (stats["uses"]["runs"], stats["uses"]["puts"]) == (2, len(entries))
    table = call(capsys, "stats", "--cache-dir", cache)
    assert f"clip {clip_id[:12]}" in table
    assert dict(line.split()[:2] for line in table.splitlines())["swap"] == str(2 * COUNT)


def test_verify_reads_everything_and_finds_a_flipped_bit(cache, capsys):
    assert "0 damaged" in call(capsys, "verify", "--cache-dir", cache)
    pack = max(cache.glob("*.pack"), key=lambda path: path.stat().st_size)
    raw = bytearray(pack.read_bytes())
    raw[-50] ^= 4
    pack.write_bytes(raw)
    assert "1 damaged" in call(capsys, "verify", "--cache-dir", cache, code=1)


def test_looking_is_no_use(cache, capsys):
    for pack in cache.glob("*.pack"):
        os.utime(pack, (1000, 1000))
    for action in ("stats", "verify"):
        call(capsys, action, "--cache-dir", cache)
    assert {pack.stat().st_mtime for pack in cache.glob("*.pack")} == {1000}


def test_verify_finds_a_torn_end_and_foreign_bytes(cache, capsys):
    packs = sorted(cache.glob("*.pack"), key=lambda path: path.stat().st_size)
    with packs[0].open("ab") as pack:
        pack.write(b"not a record" * 20)
    with packs[-1].open("r+b") as pack:
        pack.truncate(packs[-1].stat().st_size - 10)
    said = call(capsys, "verify", "--cache-dir", cache, code=1)
    total = len(list(PackStore(cache).entries()))
    assert f"{total} results are sound, 2 damaged" in said


def test_gc_keeps_to_a_cap(cache, capsys):
    store = PackStore(cache)
    for number in range(8):
        store.put(stage_key("test", 1, {"number": number}), {"a": np.zeros(2_000_000, np.uint8)})
    store.close()
    before = PackStore(cache).size_on_disk()
    said = call(capsys, "gc", "--cache-dir", cache, "--cap", "1M")
    after = PackStore(cache).size_on_disk()
    assert before > 16_000_000
    assert after <= 1_000_000
    assert f"{(before - after) / 1e6:.1f} MB freed" in said


@pytest.mark.parametrize("by", ["path", "hash"])
def test_a_purged_person_is_gone_from_every_byte_of_every_place(
    made, cache, tmp_path, redis_server, capsys, recognised, by
):
    share = shutil.copytree(cache, tmp_path / "share")
    server = RedisStore(redis_server.url)
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
        ["clip", "facts", "frame", "detect", "landmark", "embed", "texture", "source"] * 2
    )
    assert made.run(made.green, cache) == ALL | {"pictures": 0}


def test_old_results_are_purged_by_age_and_all_by_all(made, cache, redis_server, capsys):
    server = RedisStore(redis_server.url)
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


def test_what_is_older_than_no_days_is_everything(cache, capsys):
    PackStore(cache).put(stage_key("test", 1, {}), {})
    call(capsys, "purge", "--older-than", "0", "--cache-dir", cache)
    assert len(stages(PackStore(cache))) <= 1  # what was written within this second


def test_numpy_alone_reads_an_export_and_an_import_needs_no_model(made, cache, tmp_path, capsys):
    out, again = tmp_path / "out", tmp_path / "again"
    wanted = stored_results(PackStore(cache))
    assert f"{len(wanted)} results written" in call(capsys, "export", out, "--cache-dir", cache)
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*")} == {0o700, 0o600}
    for path in out.glob("swap/*.json"):
        said = json.loads(path.read_text())
        arrays = wanted[Key("".join(f"{line}\n" for line in said["key_text"]))]
        assert set(said["arrays"]) == set(arrays)
        for name, about in said["arrays"].items():
            assert np.load(path.parent / about["file"]).tobytes() == arrays[name].tobytes()
    assert f"{len(wanted)} results imported" in call(capsys, "import", out, "--cache-dir", again)
    got = stored_results(PackStore(again))
    assert got.keys() == wanted.keys()
    for key, arrays in wanted.items():
        assert {n: (a.dtype, a.shape, a.tobytes()) for n, a in arrays.items()} == {
            n: (a.dtype, a.shape, a.tobytes()) for n, a in got[key].items()
        }
    assert made.run(made.green, again) == NO_RUNS
    assert "not empty" in call(capsys, "export", out, "--cache-dir", cache, code=1)


def test_an_import_leaves_out_what_is_not_what_it_says(cache, tmp_path, capsys):
    out = tmp_path / "out"
    call(capsys, "export", out, "--cache-dir", cache)
    total = len(list(out.rglob("*.json")))
    first, second, third, fourth, fifth, *_ = sorted(out.glob("landmark/*.json"))
    first.write_text(first.read_text().replace("score=0.5", "score=0.4"))
    second.write_text("[1, 2")
    said = json.loads(third.read_text())
    said["arrays"]["scores"]["file"] = f"../detect/{said['key']}.0.npy"
    third.write_text(json.dumps(said))
    np.save(fourth.with_suffix(".0.npy"), np.array([object()]), allow_pickle=True)
    fifth.with_suffix(".1.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False")
    assert f"{total - 5} results imported" in call(capsys, "import", out, "--cache-dir", tmp_path / "again")
    assert len(stages(PackStore(tmp_path / "again"))) == total - 5


def test_a_sealed_cache_is_purged_without_the_key_and_exported_with_it(
    made, tmp_path, capsys, recognised, monkeypatch
):
    pytest.importorskip("cryptography")
    cache, secret = tmp_path / "sealed", bytes(range(32))
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
    clips = ["frame", "detect", "landmark", "embed", "target"]
    assert stages(PackStore(cache)) == sorted(["clip"] + clips * COUNT)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["purge"], "one of the arguments"),
        (["purge", "--all", "--older-than", "3"], "not allowed with"),
        (["purge", "--older-than", "soon"], "'soon' is not a number of days"),
        (["gc", "--cap", "big"], "'big' is not a size"),
    ],
)
def test_wrong_usage_is_one_line(capsys, tmp_path, arguments, said):
    assert said in call(capsys, *arguments, "--cache-dir", tmp_path, code=2)


def test_places_that_can_not_be_used_are_said_in_one_line(capsys, cache, tmp_path):
    for arguments, said in (
        (["--cache-dir", tmp_path / "none"], "there is no cache"),
        (["--cache-dir", cache, "--shared-dir", tmp_path / "no" / "share"], "mount the share"),
        (["--cache-dir", cache, "--redis", "redis://me:secret@127.0.0.1:1/0"], "127.0.0.1:1"),
    ):
        lines = call(capsys, "stats", *arguments, code=1).splitlines()
        # What the other places hold is listed all the same.
        assert [line for line in lines if line.startswith("understudy:")] == lines[-1:]
        assert said in lines[-1]
        assert "secret" not in " ".join(lines)


def layer(cache, name, age_days=0.0):
    """Write a layer picture that shows a face, made some days ago."""
    path = cache / "layers" / "0123456789abcdef" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    face = np.random.default_rng(3).integers(0, 255, (64, 64, 4), np.uint8)
    path.write_bytes(b"".join(layer_pieces("ab" * 32, Patch(0, 0, face), (128, 128))))
    os.utime(path, (time.time() - 86400 * age_days,) * 2)
    return path, face.tobytes()[1000:1200]


@pytest.mark.parametrize("what", ["--all", "--picture", "--clip"])
def test_layer_pictures_show_nobody_after_a_purge(made, cache, capsys, what):
    path, piece = layer(cache, "000000.tif")
    assert count_occurrences(cache, [piece]) == 1
    shown = [] if what == "--all" else [made.green if what == "--picture" else made.frames[0].parent]
    said = call(capsys, "purge", "--cache-dir", cache, what, *shown)
    assert "1 layer images" in said
    assert count_occurrences(cache, [piece]) == 0
    assert path.read_bytes() == PLACEHOLDER
    assert "layer images" not in call(capsys, "purge", "--cache-dir", cache, what, *shown)


def test_by_age_layer_pictures_go_too(cache, capsys):
    old, new = (layer(cache, f"{number:06d}.tif", age)[0] for number, age in enumerate((10, 1)))
    call(capsys, "purge", "--cache-dir", cache, "--older-than", 5)
    assert (layer_key(old), layer_key(new)) == (None, "ab" * 32)


def test_layer_pictures_are_distinguished_from_results(cache, capsys):
    before = folder_summary(cache)
    path, _ = layer(cache, "000000.tif")
    facts = folder_summary(cache)
    assert facts == replace(before, layer_bytes=path.stat().st_size)
    stats = json.loads(call(capsys, "stats", "--cache-dir", cache, "--json"))["places"][0]
    assert (stats["layer_bytes"], stats["entries"]) == (path.stat().st_size, facts.entries)
    assert {stage: vars(share) for stage, share in facts.stages.items()} == stats["stages"]
    assert "layer images" in call(capsys, "stats", "--cache-dir", cache)
    assert folder_summary(cache / "nothing").entries == 0
    assert not (cache / "nothing").exists()
