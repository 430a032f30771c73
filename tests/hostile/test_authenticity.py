# SPDX-License-Identifier: GPL-3.0-or-later
"""V4: with a key, what somebody without it has written is not used; with it everything is as before."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hostile.poison import Project, RenderResult, entries, poison_cache
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.base.payload import decode, encode
from understudy.core.cache.factory import CacheSettings
from understudy.core.cache.maintenance.statistics import statistics
from understudy.core.cache.removal.purge import walk_packs
from understudy.core.cache.stores.checked_store import CheckedStore
from understudy.core.cache.stores.encryption import EncryptedStore, Encryption
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.signature import SIGNATURE_NAME, Signature
from understudy.core.cli.main import main
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

SECRET, OTHER = bytes(range(32)), bytes(32)
_ID = np.arange(32, dtype=np.uint8)


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def clip_key(number: int) -> Key:
    return stage_key("clip", 1, {"stamp": number.to_bytes(32, "big")})


class ProjectCaches:
    """A project, its right pixels, a cache that was filled without a key, and one for each kind of key."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder)
        self.plain = folder / "plain"
        self.right: RenderResult = self.project.render("mesh", CacheSettings(self.plain))
        assert self.right.whole

    def make_cache(self, folder: Path, kind: str, secret: bytes = SECRET) -> CacheSettings:
        chosen = {"sealed": {"secret": secret}, "signed": {"signing_key": secret}}
        chosen["both"] = chosen["sealed"] | chosen["signed"]
        return CacheSettings(folder, **chosen[kind])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ProjectCaches:
    return ProjectCaches(tmp_path_factory.mktemp("made"))


@pytest.fixture(params=["sealed", "signed", "both"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param != "signed":
        pytest.importorskip("cryptography", reason="cryptography is not installed: the extra 'encrypt'")
    return request.param


def replace_plausibly(stage: str, there: Key, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    """What fits in every way and is wrong: other pixels, another frame's id."""
    if stage == "swap":
        return {**arrays, "swapped": 255 - arrays["swapped"]}
    if stage in ("clip", "frame"):
        return {**arrays, "id": 255 - arrays["id"]}
    if stage == "landmark":
        return {**arrays, "landmarks": arrays["landmarks"] + np.float32(20)}
    return None


def test_v4_plausible_values_without_a_key_do_change_pixels(made: ProjectCaches, tmp_path: Path) -> None:
    """Without a key whoever may write is believed, as the docs say: so the tests below are able to fail."""
    assert poison_cache(made.plain, tmp_path / "cache", replace_plausibly) == {
        "swap",
        "clip",
        "frame",
        "landmark",
    }
    got = made.project.render("mesh", CacheSettings(tmp_path / "cache"))
    assert got.shown != made.right.shown
    assert got.warnings == ()


def test_v4_what_somebody_without_the_key_writes_is_not_used(
    made: ProjectCaches, tmp_path: Path, kind: str, dashboard: Callable[[str], None]
) -> None:
    poison_cache(made.plain, tmp_path / "cache", replace_plausibly)
    keyed = made.make_cache(tmp_path / "cache", kind)
    got = made.project.render("mesh", keyed)
    assert got.shown == made.right.shown
    assert len(got.warnings) == 1
    assert "are not used" in got.warnings[0]
    dashboard("inputs")
    # Computed anew, it is kept, and found behind what is passed over.
    again = made.project.render("mesh", keyed)
    assert again.shown == made.right.shown


def test_v4_a_shared_place_is_believed_no_more_than_ones_own(
    made: ProjectCaches, tmp_path: Path, kind: str, dashboard: Callable[[str], None]
) -> None:
    poison_cache(made.plain, tmp_path / "share", replace_plausibly)
    keyed = replace(made.make_cache(tmp_path / "own", kind), shared_folder=tmp_path / "share")
    got = made.project.render("mesh", keyed)
    assert got.shown == made.right.shown
    assert len(got.warnings) == 1
    dashboard("inputs")
    # Whoever has the key too uses what this run put there.
    other = replace(keyed, folder=tmp_path / "other")
    assert made.project.render("mesh", other).shown == made.right.shown


@pytest.mark.parametrize("attack", ["another key", "moved", "cut off", "flipped", "without its code"])
def test_v4_forged_codes(
    made: ProjectCaches, tmp_path: Path, kind: str, attack: str, dashboard: Callable[[str], None]
) -> None:
    keyed = made.make_cache(tmp_path / "right", kind)
    written = OTHER if attack == "another key" else SECRET
    assert made.project.render("mesh", made.make_cache(tmp_path / "right", kind, written)).whole
    held: dict[str, list[dict[str, np.ndarray]]] = {}
    for stage, _, arrays in entries(tmp_path / "right"):
        held.setdefault(stage, []).append(arrays)

    def forged(stage: str, there: Key, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if attack == "moved":  # another entry of the stage, sealed, tagged and signed rightly for its own key
            return next(
                (one for one in held[stage] if one is not arrays and arrays_differ(one, arrays)),
                held["facts"][0],
            )
        codes = [name for name in (SIGNATURE_NAME, "aes-256-gcm", "tag") if name in arrays]
        assert codes
        if attack == "without its code":
            return {name: array for name, array in arrays.items() if name != codes[0]}
        if attack == "cut off":
            return {**arrays, codes[0]: arrays[codes[0]][:-1]}
        if attack == "flipped":
            flipped = arrays[codes[0]].copy()
            flipped[-1] ^= 1
            return {**arrays, codes[0]: flipped}
        return arrays

    poison_cache(tmp_path / "right", tmp_path / "cache", forged)
    got = made.project.render("mesh", replace(keyed, folder=tmp_path / "cache"))
    assert got.shown == made.right.shown
    assert 1 <= len(got.warnings) <= 2
    assert made.project.render("mesh", replace(keyed, folder=tmp_path / "cache")).shown == made.right.shown
    dashboard("inputs")


def arrays_differ(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return {name: array.tobytes() for name, array in one.items()} != {
        name: array.tobytes() for name, array in other.items()
    }


def test_v4_results_from_before_the_key_are_computed_anew_and_said_once(
    made: ProjectCaches, tmp_path: Path, kind: str, dashboard: Callable[[str], None]
) -> None:
    poison_cache(made.plain, tmp_path / "cache", lambda *_: None)
    got = made.project.render("mesh", made.make_cache(tmp_path / "cache", kind))
    assert got.shown == made.right.shown
    (warning,) = got.warnings
    assert "purge --all" in warning
    dashboard("inputs")


def test_with_the_key_all_is_read_and_without_it_what_is_not_sealed(
    made: ProjectCaches, tmp_path: Path, kind: str
) -> None:
    keyed = made.make_cache(tmp_path / "cache", kind)
    assert made.project.render("mesh", keyed).shown == made.right.shown
    again = made.project.render("mesh", keyed)
    assert (again.shown, again.warnings) == (made.right.shown, ())
    without = made.project.render("mesh", CacheSettings(tmp_path / "cache"))
    assert without.shown == made.right.shown
    assert len(without.warnings) == (0 if kind == "signed" else 1)


def test_ids_are_there_for_statistics_and_purging_without_the_key(
    made: ProjectCaches, tmp_path: Path, kind: str
) -> None:
    made.project.render("mesh", made.make_cache(tmp_path / "cache", kind))
    ids = {
        kept.info.text: kept.id
        for kept in walk_packs(PackStore(tmp_path / "cache")._pack_folder)
        if kept.id is not None
    }
    assert ids == {
        there.text: arrays["id"].tobytes().hex() for _, there, arrays in entries(made.plain) if "id" in arrays
    }
    with closing(PackStore(tmp_path / "cache")) as folder, closing(PackStore(made.plain)) as plain:
        assert statistics(folder).clips.keys() == statistics(plain).clips.keys()


def test_export_opens_and_import_signs(
    made: ProjectCaches, tmp_path: Path, kind: str, monkeypatch, capsys
) -> None:
    made.project.render("mesh", made.make_cache(tmp_path / "cache", kind))
    with closing(PackStore(tmp_path / "cache")) as folder:  # and one that somebody else has written
        folder.put(clip_key(77), {"id": _ID})
    for variable in {"sealed": ["CACHE"], "signed": ["SIGNING"], "both": ["CACHE", "SIGNING"]}[kind]:
        monkeypatch.setenv(f"UNDERSTUDY_{variable}_KEY", SECRET.hex())

    def run(action: str, cache: str) -> str:
        where = str(tmp_path / "out")
        assert main(["cache", action, where, "--cache-dir", str(tmp_path / cache)]) == 0
        return capsys.readouterr().out

    count = sum(1 for _ in entries(tmp_path / "cache")) - 1
    assert run("export", "cache").startswith(f"{count} results written")
    assert not any(SIGNATURE_NAME in path.read_text() for path in (tmp_path / "out").rglob("*.json"))
    assert run("import", "new").startswith(f"{count} results imported")
    got = made.project.render("mesh", made.make_cache(tmp_path / "new", kind))
    assert (got.shown, got.warnings) == (made.right.shown, ())
    assert main(["cache", "verify", "--cache-dir", str(tmp_path / "new")]) == 0


# The parts


def store(root: Path, secret: bytes | None = SECRET, signing: bytes | None = None) -> EncryptedStore:
    seal = None if secret is None else Encryption(secret)
    return EncryptedStore(PackStore(root), seal, None if signing is None else Signature(signing))


@pytest.mark.parametrize(
    "forged",
    [
        {"id": _ID},
        {"id": _ID, "tag": np.zeros(32, np.uint8)},
        {"id": _ID, "tag": np.zeros(0, np.uint8)},
        {"id": _ID, "tag": np.zeros((), np.float64)},
        {"id": _ID, "aes-256-gcm": np.zeros(100, np.uint8)},
        {"aes-256-gcm": np.zeros((), np.bool_)},
        {SIGNATURE_NAME: np.zeros(32, np.uint8)},
        {SIGNATURE_NAME: np.zeros((2, 16), np.uint8), "id": _ID},
        {SIGNATURE_NAME: np.zeros(4, np.float64), "id": _ID},
        {f"a{number}": np.zeros(1, np.uint8) for number in range(500)}
        | {SIGNATURE_NAME: np.zeros(32, np.uint8)},
        {"x" * 5000: _ID, SIGNATURE_NAME: np.zeros(32, np.uint8)},
        {},
    ],
)
@pytest.mark.parametrize("keys", [(SECRET, None), (None, SECRET), (SECRET, SECRET)])
def test_v4_no_forged_record_raises_or_is_used(tmp_path: Path, forged, keys, dashboard) -> None:
    if keys[0] is not None:
        pytest.importorskip("cryptography", reason="cryptography is not installed: the extra 'encrypt'")
    with closing(PackStore(tmp_path)) as folder:
        folder.put(clip_key(1), forged)
    keyed = store(tmp_path, *keys)
    checked = CheckedStore(keyed, STAGE_SCHEMAS)
    assert checked.get(clip_key(1)) is None
    checked.put(clip_key(1), {"id": _ID})
    assert checked.get(clip_key(1))["id"].tobytes() == _ID.tobytes()
    assert len((*keyed.warnings, *checked.warnings)) == 1
    checked.close()
    dashboard("inputs")


def test_v4_a_tag_is_for_one_key_and_one_id_alone(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="cryptography is not installed: the extra 'encrypt'")
    seal = Encryption(SECRET)
    tagged = seal.encrypt(clip_key(1), {"id": _ID})
    assert set(tagged) == {"id", "tag"}
    assert tagged["id"].tobytes() == _ID.tobytes()
    assert seal.decrypt(clip_key(1), tagged)["id"].tobytes() == _ID.tobytes()
    assert seal.decrypt(clip_key(2), tagged) is None
    assert Encryption(OTHER).decrypt(clip_key(1), tagged) is None
    for bit in range(256):
        for name in ("id", "tag"):
            changed = tagged[name].copy()
            changed[bit // 8] ^= 1 << bit % 8
            assert seal.decrypt(clip_key(1), {**tagged, name: changed}) is None
    assert seal.decrypt(clip_key(1), {**tagged, "more": _ID}) is None


def test_a_signature_does_not_serve_as_a_tag_nor_a_key_as_another(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="cryptography is not installed: the extra 'encrypt'")
    signed = Signature(SECRET).sign(clip_key(1), {"id": _ID})
    assert Encryption(SECRET).decrypt(clip_key(1), {"id": _ID, "tag": signed[SIGNATURE_NAME]}) is None
    assert Signature(OTHER).verify(clip_key(1), signed) is None
    assert (
        Signature(SECRET, "other").verify(clip_key(1), {"id": _ID, "other": signed[SIGNATURE_NAME]}) is None
    )


_values = st.dictionaries(
    st.text(max_size=4).filter(
        lambda name: name not in (SIGNATURE_NAME, "__metadata__") and name.isprintable()
    ),
    st.sampled_from(["u1", "<u2", "<i8", "<f2", "<f4", "<f8", "bool"]).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
    ),
    max_size=4,
)


def read(arrays) -> dict[str, np.ndarray]:
    """What a store reads of what it was given."""
    chunks, _ = encode(arrays)
    return decode(b"".join(bytes(chunk) for chunk in chunks), 0)


def comparable(arrays) -> dict[str, tuple[object, ...]]:
    return {name: (array.dtype, array.shape, array.tobytes()) for name, array in arrays.items()}


@settings(max_examples=120, deadline=None)
@given(value=_values, data=st.data())
def test_what_is_signed_is_verified_and_nothing_else(value, data) -> None:
    signature = Signature(SECRET)
    signed = signature.sign(key(1), value)
    for way in (dict(signed), read(signed)):  # as it was put, and as it is read: the quick way and the other
        assert comparable(signature.verify(key(1), way)) == comparable(value)
        assert signature.verify(key(2), way) is None
        assert Signature(OTHER).verify(key(1), way) is None
    names = sorted(signed)
    name = data.draw(st.sampled_from(names))
    array = signed[name]
    changes = [{k: v for k, v in signed.items() if k != name}]
    if name != SIGNATURE_NAME:
        changes.append({(k if k != name else f"{k}é"): v for k, v in signed.items()})
        changes.append({**signed, name: array[None]})
        if array.dtype.itemsize == 8:
            changes.append({**signed, name: array.view("<u8" if array.dtype.kind != "u" else "<i8")})
    if array.nbytes:
        raw = bytearray(array.tobytes())
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] ^= 1 if array.dtype.kind == "b" else 1 << data.draw(st.integers(0, 7))
        changes.append({**signed, name: np.frombuffer(bytes(raw), array.dtype).reshape(array.shape)})
    changes.append({**signed, "more": np.zeros(0, np.uint8)} if "more" not in signed else {})
    for changed in changes:
        for way in (changed, read(changed)):
            assert signature.verify(key(1), way) is None
