# SPDX-License-Identifier: GPL-3.0-or-later
"""V4: with a key, what somebody without it has written is not used; with it everything is as before."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hostile.poison import Project, RenderResult, entries, poison_cache
from hostile.secrets_and_keys import ID, OTHER, SECRET, clip_key
from understudy.core.cache.base.key import Key
from understudy.core.cache.maintenance.statistics import statistics
from understudy.core.cache.removal.purge import walk_packs
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.signature import SIGNATURE_NAME
from understudy.core.cli.main import main


class ProjectCaches:
    """A project, its right pixels, a cache that was filled without a key, and one for each kind of key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.project = Project(folder)
        self.plain = folder / "plain"
        self.right: RenderResult = self.project.render("mesh", CacheSettings(self.plain))
        assert self.right.whole

    def make_cache(self, folder: Path, kind: str, secret: bytes = SECRET) -> CacheSettings:
        chosen = {"encrypted": {"secret": secret}, "signed": {"signing_key": secret}}
        chosen["both"] = chosen["encrypted"] | chosen["signed"]
        return CacheSettings(folder, **chosen[kind])

    def fill_cache(self, kind: str, secret: bytes) -> Path:
        """Return a cache folder that a render with a key has filled, made once; nothing writes to it again."""
        folder = self._folder / f"{kind} {secret.hex()[:8]}"
        if not folder.exists():
            assert self.project.render("mesh", self.make_cache(folder, kind, secret)).whole
        return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ProjectCaches:
    return ProjectCaches(tmp_path_factory.mktemp("made"))


@pytest.fixture(params=["encrypted", "signed", "both"])
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


@pytest.mark.parametrize(
    ("kind", "attack"),
    [
        # Where both codes are there, it is the signature that is forged, as where it is the only one.
        pytest.param(kind, attack, marks=pytest.mark.long if kind == "both" and attack != "moved" else ())
        for kind in ("encrypted", "signed", "both")
        for attack in ("another key", "moved", "cut off", "flipped", "without its code")
    ],
    indirect=["kind"],
)
def test_v4_forged_codes(
    made: ProjectCaches, tmp_path: Path, kind: str, attack: str, dashboard: Callable[[str], None]
) -> None:
    right = made.fill_cache(kind, OTHER if attack == "another key" else SECRET)
    keyed = made.make_cache(tmp_path / "cache", kind)
    held: dict[str, list[dict[str, np.ndarray]]] = {}
    for stage, _, arrays in entries(right):
        held.setdefault(stage, []).append(arrays)

    def forged(stage: str, there: Key, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if (
            attack == "moved"
        ):  # another entry of the stage, encrypted, tagged and signed rightly for its own key
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

    poison_cache(right, tmp_path / "cache", forged)
    got = made.project.render("mesh", keyed)
    assert got.shown == made.right.shown
    assert 1 <= len(got.warnings) <= 2
    assert made.project.render("mesh", keyed).shown == made.right.shown
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


def test_with_the_key_all_is_read_and_without_it_what_is_not_encrypted(
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
        folder.put(clip_key(77), {"id": ID})
    for variable in {"encrypted": ["CACHE"], "signed": ["SIGNING"], "both": ["CACHE", "SIGNING"]}[kind]:
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
