# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted results: unreadable on the disk, exact for the holder of the key, a miss for everybody else."""

import base64
import subprocess
import sys
from dataclasses import replace

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.maintenance.verify import verify_folder
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.encryption import EncryptedStore, Encryption, secret_from
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import CacheError
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS

pytest.importorskip("cryptography", reason="cryptography is not installed: the extra 'encrypt'")

SECRET, OTHER = bytes(range(32)), bytes(32)
MARK = b"a face's own numbers"


def key(number):
    return stage_key("test", 1, {"number": number})


def marked_arrays():
    return {"embedding": np.frombuffer(MARK * 8, np.float32), "n": np.array([3], np.int64)}


def arrays_equal(arrays, expected):
    return arrays is not None and {n: (a.dtype, a.shape, a.tobytes()) for n, a in arrays.items()} == {
        n: (a.dtype, a.shape, a.tobytes()) for n, a in expected.items()
    }


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text("abcé", max_size=3),
        st.sampled_from(["u1", "<u2", "<i8", "<f2", "<f4", "<f8", "bool"]).flatmap(
            lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
        ),
        max_size=3,
    )
)
def test_the_holder_of_the_key_gets_every_bit_back(value):
    encryption = Encryption(SECRET)
    encrypted = encryption.encrypt(key(1), value)
    assert arrays_equal(encryption.decrypt(key(1), encrypted), value)
    assert encryption.decrypt(key(2), encrypted) is None
    assert Encryption(OTHER).decrypt(key(1), encrypted) is None
    assert encryption.encrypt(key(1), value)["aes-256-gcm"].tobytes() != encrypted["aes-256-gcm"].tobytes()


def test_nothing_readable_reaches_the_disk(tmp_path):
    store = EncryptedStore(PackStore(tmp_path / "encrypted"), Encryption(SECRET))
    plain = PackStore(tmp_path / "plain")
    for target in (store, plain):
        target.put(key(1), marked_arrays())
        target.close()
    readable = {
        name: any(MARK in path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file())
        for name in ("encrypted", "plain")
    }
    assert readable == {"encrypted": False, "plain": True}
    again = EncryptedStore(PackStore(tmp_path / "encrypted"), Encryption(SECRET))
    got = again.get(key(1))
    assert arrays_equal(got, marked_arrays())
    assert not got["embedding"].flags.writeable


@pytest.mark.parametrize("encryption", [None, Encryption(OTHER)], ids=["no key", "another key"])
def test_without_the_key_it_is_a_miss_with_one_warning(tmp_path, encryption):
    EncryptedStore(PackStore(tmp_path), Encryption(SECRET)).put(key(1), marked_arrays())
    store = EncryptedStore(PackStore(tmp_path), encryption)
    assert store.warnings == ()
    assert [store.get(key(1)) for _ in range(3)] == [None] * 3
    assert store.locked_count == 1
    assert len(store.warnings) == 1
    assert "UNDERSTUDY_CACHE_KEY" in store.warnings[0]
    # A run goes on with what its memory holds.
    memory = MemoryStore(1 << 20, store)
    memory.put(key(1), marked_arrays())
    assert arrays_equal(memory.get(key(1)), marked_arrays())


def test_another_key_takes_over_and_the_first_loses_nothing(tmp_path):
    EncryptedStore(PackStore(tmp_path), Encryption(SECRET)).put(key(1), marked_arrays())
    store = EncryptedStore(PackStore(tmp_path), Encryption(OTHER))
    assert store.get(key(1)) is None
    store.put(key(1), marked_arrays())
    for secret in (OTHER, SECRET, OTHER):
        again = EncryptedStore(PackStore(tmp_path), Encryption(secret))
        assert arrays_equal(again.get(key(1)), marked_arrays())
        again.put(key(1), marked_arrays())
    assert len(list(PackStore(tmp_path).walk_entries())) == 2
    assert verify_folder(tmp_path).damaged == 0


def test_what_was_encrypted_is_not_written_readable_for_want_of_the_key(tmp_path):
    EncryptedStore(PackStore(tmp_path), Encryption(SECRET)).put(key(1), marked_arrays())
    store = EncryptedStore(PackStore(tmp_path), None)
    assert store.get(key(1)) is None
    store.put(key(1), marked_arrays())
    assert not any(MARK in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_new_key_wins_in_every_tier(tmp_path, redis_server):
    first = CacheSettings(tmp_path / "one", 0, tmp_path / "share", redis_server.url, SECRET)

    def run(**changes):
        cache = open_cache(replace(first, **changes), schemas=STAGE_SCHEMAS)
        got, known = cache.flight.get_or_compute(cache.store, key(1), marked_arrays)
        assert arrays_equal(got, marked_arrays())
        assert cache.tiers.flush(30)
        cache.close()
        return known, len(cache.warnings)

    assert [run(), run()] == [(False, 0), (True, 0)]
    assert [run(secret=OTHER), run(secret=OTHER)] == [(False, 1), (True, 0)]
    assert len(list(PackStore(tmp_path / "one").walk_entries())) == 2
    # A machine that comes later with that key finds it in the shared places.
    assert run(secret=OTHER, folder=tmp_path / "two")[0] is True


def test_what_was_kept_before_there_was_a_key_is_computed_anew_and_said_once(tmp_path):
    PackStore(tmp_path).put(key(1), marked_arrays())
    PackStore(tmp_path).put(key(3), {"id": np.arange(32, dtype=np.uint8)})
    store = EncryptedStore(PackStore(tmp_path), Encryption(SECRET))
    store.put(key(2), marked_arrays())
    assert [store.get(key(n)) for n in (1, 3)] == [None, None]
    assert arrays_equal(store.get(key(2)), marked_arrays())
    (warning,) = store.warnings
    assert "kept without UNDERSTUDY_CACHE_KEY" in warning
    store.put(key(1), marked_arrays())
    store.put(key(3), {"id": np.arange(32, dtype=np.uint8)})
    for n in (1, 2):
        assert arrays_equal(store.get(key(n)), marked_arrays())
    assert arrays_equal(store.get(key(3)), {"id": np.arange(32, dtype=np.uint8)})
    # Whoever has no key reads the ids and what was never encrypted.
    below = EncryptedStore(PackStore(tmp_path), None)
    assert arrays_equal(below.get(key(1)), marked_arrays())
    assert arrays_equal(below.get(key(3)), {"id": np.arange(32, dtype=np.uint8)})
    store = EncryptedStore(PackStore(tmp_path), Encryption(SECRET))
    assert key(2) in store
    assert key(4) not in store


def test_ids_stay_readable_for_a_purge_without_the_key(tmp_path):
    frame = np.arange(32, dtype=np.uint8)
    store = EncryptedStore(PackStore(tmp_path), Encryption(SECRET))
    store.put(key(1), {"id": frame})
    store.put(key(2), {"id": frame, **marked_arrays()})
    below = PackStore(tmp_path)
    assert below.get(key(1))["id"].tobytes() == below.get(key(2))["id"].tobytes() == frame.tobytes()
    assert set(below.get(key(2))) == {"id", "aes-256-gcm"}
    assert arrays_equal(store.get(key(2)), {"id": frame, **marked_arrays()})
    assert EncryptedStore(PackStore(tmp_path), None).get(key(2)) is None


def test_every_flipped_bit_is_a_miss():
    encryption = Encryption(SECRET)
    raw = encryption.encrypt(key(1), marked_arrays())["aes-256-gcm"]
    random = np.random.default_rng(1)
    for _ in range(200):
        changed = raw.copy()
        changed[random.integers(len(raw))] ^= 1 << random.integers(8)
        assert encryption.decrypt(key(1), {"aes-256-gcm": changed}) is None
    for size in (0, 5, 12, 27, len(raw) - 1):
        assert encryption.decrypt(key(1), {"aes-256-gcm": raw[:size]}) is None


def test_the_secret_comes_as_hex_or_base64():
    assert secret_from({}) is None
    assert secret_from({"UNDERSTUDY_CACHE_KEY": " "}) is None
    assert secret_from({"UNDERSTUDY_CACHE_KEY": SECRET.hex()}) == SECRET
    assert secret_from({"UNDERSTUDY_CACHE_KEY": base64.b64encode(SECRET).decode() + "\n"}) == SECRET
    for bad in ("my dog's name", SECRET.hex()[:-2], base64.b64encode(SECRET[:16]).decode()):
        with pytest.raises(CacheError) as fault:
            secret_from({"UNDERSTUDY_CACHE_KEY": bad})
        assert bad not in str(fault.value)


@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("sys.modules['cryptography'] = None\nEncryption(bytes(32))", "understudy[encrypt]"),
        (
            "sys.modules['keyring'] = None\nsecret_from({'UNDERSTUDY_CACHE_KEY': 'keyring'})",
            "understudy[keyring]",
        ),
    ],
)
def test_a_missing_package_is_named(code, extra):
    program = (
        f"import sys\nfrom understudy.core.cache.stores.encryption import Encryption, secret_from\n{code}"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert extra in done.stderr.splitlines()[-1]
    assert "CacheError" in done.stderr.splitlines()[-1]


def test_the_keyring_gives_the_secret(tmp_path):
    keyring = pytest.importorskip("keyring", reason="keyring is not installed: the extra 'keyring'")
    from keyring.backend import KeyringBackend
    from keyring.backends import fail

    class InMemory(KeyringBackend):
        priority = 1

        def __init__(self):
            super().__init__()
            self.kept = {}

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            del self.kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    try:
        with pytest.raises(CacheError, match="keyring set understudy cache"):
            secret_from({"UNDERSTUDY_CACHE_KEY": "keyring"})
        keyring.set_password("understudy", "cache", SECRET.hex())
        assert secret_from({"UNDERSTUDY_CACHE_KEY": "keyring"}) == SECRET
        keyring.set_keyring(fail.Keyring())
        with pytest.raises(CacheError, match="no keyring: set UNDERSTUDY_CACHE_KEY"):
            secret_from({"UNDERSTUDY_CACHE_KEY": "keyring"})
    finally:
        keyring.set_keyring(before)
