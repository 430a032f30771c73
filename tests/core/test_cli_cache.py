# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy cache`: what it counts, finds damaged, evicts, takes out and in."""

import json
import os
import stat
from dataclasses import replace

import numpy as np
import pytest
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.maintenance.statistics import folder_summary
from understudy.core.cache.stores.local import PackStore
from understudy.core.media.open import file_fingerprint, open_sequence

from tests.core.cached_project import COUNT, NO_RUNS, cache, call, layer, made, stages, stored_results

pytestmark = pytest.mark.slow


__all__ = ["cache", "made"]


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
    # clip, frame, detect, landmark, embed, look, target, two swaps and their looks a frame; clip, …, source a picture
    pictures = [file_fingerprint(path) for path in (made.green, made.plain)]
    assert by_clip == {clip_id: 1 + 10 * COUNT} | dict.fromkeys(pictures, 9)
    assert stats["ages"]["today"]["entries"] == len(entries)
    assert (stats["uses"]["runs"], stats["uses"]["puts"]) == (2, len(entries))
    table = call(capsys, "stats", "--cache-dir", cache)
    assert {line.split()[1] for line in table.splitlines() if line.startswith("clip ")} >= {clip_id[:12]}
    assert {line.split()[1] for line in table.splitlines() if line.startswith("image ")} == {
        name[:12] for name in pictures
    }
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["purge"], "one of the arguments"),
        (["purge", "--all", "--older-than", "3"], "not allowed with"),
        (["purge", "--older-than", "soon"], "'soon' is not a number of days"),
        (["gc", "--cap", "big"], "'big' is not a size"),
        (["gc", "--cap", "20"], "'20' would be bytes: give a unit, such as 20M or 20G"),
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


def test_layer_images_are_distinguished_from_results(cache, capsys):
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
