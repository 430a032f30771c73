# SPDX-License-Identifier: GPL-3.0-or-later
"""V4: encryption, signatures and their codes, each alone: no forged record is used and none raises."""

from contextlib import closing
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hostile.secrets_and_keys import ID, OTHER, SECRET, clip_key
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.base.key import Key, stage_key
from understudy.core.cache.base.payload import decode, encode
from understudy.core.cache.stores.checked_store import CheckedStore
from understudy.core.cache.stores.encryption import EncryptedStore, Encryption
from understudy.core.cache.stores.local import PackStore
from understudy.core.cache.stores.signature import SIGNATURE_NAME, Signature
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS


def key(number: int) -> Key:
    return stage_key("test", 1, {"number": number})


def store(root: Path, secret: bytes | None = SECRET, signing: bytes | None = None) -> EncryptedStore:
    encryption = None if secret is None else Encryption(secret)
    return EncryptedStore(PackStore(root), encryption, None if signing is None else Signature(signing))


@pytest.mark.parametrize(
    "forged",
    [
        {"id": ID},
        {"id": ID, "tag": np.zeros(32, np.uint8)},
        {"id": ID, "tag": np.zeros(0, np.uint8)},
        {"id": ID, "tag": np.zeros((), np.float64)},
        {"id": ID, "aes-256-gcm": np.zeros(100, np.uint8)},
        {"aes-256-gcm": np.zeros((), np.bool_)},
        {SIGNATURE_NAME: np.zeros(32, np.uint8)},
        {SIGNATURE_NAME: np.zeros((2, 16), np.uint8), "id": ID},
        {SIGNATURE_NAME: np.zeros(4, np.float64), "id": ID},
        {f"a{number}": np.zeros(1, np.uint8) for number in range(500)}
        | {SIGNATURE_NAME: np.zeros(32, np.uint8)},
        {"x" * 5000: ID, SIGNATURE_NAME: np.zeros(32, np.uint8)},
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
    checked.put(clip_key(1), {"id": ID})
    assert checked.get(clip_key(1))["id"].tobytes() == ID.tobytes()
    assert len((*keyed.warnings, *checked.warnings)) == 1
    checked.close()
    dashboard("inputs")


def test_v4_a_tag_is_for_one_key_and_one_id_alone(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="cryptography is not installed: the extra 'encrypt'")
    encryption = Encryption(SECRET)
    tagged = encryption.encrypt(clip_key(1), {"id": ID})
    assert set(tagged) == {"id", "tag"}
    assert tagged["id"].tobytes() == ID.tobytes()
    assert encryption.decrypt(clip_key(1), tagged)["id"].tobytes() == ID.tobytes()
    assert encryption.decrypt(clip_key(2), tagged) is None
    assert Encryption(OTHER).decrypt(clip_key(1), tagged) is None
    for bit in range(256):
        for name in ("id", "tag"):
            changed = tagged[name].copy()
            changed[bit // 8] ^= 1 << bit % 8
            assert encryption.decrypt(clip_key(1), {**tagged, name: changed}) is None
    assert encryption.decrypt(clip_key(1), {**tagged, "more": ID}) is None


def test_a_signature_does_not_serve_as_a_tag_nor_a_key_as_another(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="cryptography is not installed: the extra 'encrypt'")
    signed = Signature(SECRET).sign(clip_key(1), {"id": ID})
    assert Encryption(SECRET).decrypt(clip_key(1), {"id": ID, "tag": signed[SIGNATURE_NAME]}) is None
    assert Signature(OTHER).verify(clip_key(1), signed) is None
    assert Signature(SECRET, "other").verify(clip_key(1), {"id": ID, "other": signed[SIGNATURE_NAME]}) is None


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
