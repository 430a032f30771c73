# SPDX-License-Identifier: GPL-3.0-or-later
"""What a crop is stored as is what it is read from: its names, dtypes and bytes, of today and of old caches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from old_project import FOLDER, read_entries, stage_of
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.base.payload import decode, encode
from understudy.core.cache.stores.checked_store import CheckedStore
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.swap.crops import (
    AlignedCrop,
    AlignedImage,
    MeshCrop,
    TargetCrop,
    crop_from_arrays,
)

RANDOM = np.random.default_rng(5)


def pixels(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, np.uint8)


def payload(arrays) -> bytes:
    chunks, _ = encode(arrays)
    return b"".join(bytes(chunk) for chunk in chunks)


IMAGE = AlignedImage(pixels(64, 64, 3), RANDOM.normal(0, 9, (2, 3)).astype(np.float32))
CROPS = {
    "enhanced": (IMAGE, {"pixels", "matrix"}),
    "neural": (AlignedCrop(IMAGE, pixels(160, 160, 3)), {"pixels", "matrix", "target"}),
    "dfm": (
        AlignedCrop(IMAGE, pixels(160, 160, 3), pixels(96, 96)),
        {"pixels", "matrix", "target", "mask"},
    ),
    "target": (TargetCrop(pixels(80, 70, 3), pixels(80, 70)), {"target", "bare"}),
    "mesh": (
        MeshCrop(pixels(90, 80, 3), pixels(90, 80), pixels(80, 70, 3), pixels(80, 70)),
        {"swapped", "cover", "target", "bare"},
    ),
}


@pytest.mark.parametrize("kind", CROPS)
def test_a_crop_comes_back_from_its_payload_with_the_same_bytes(kind: str) -> None:
    crop, names = CROPS[kind]
    arrays = crop.to_arrays()
    assert arrays.keys() == names
    assert {array.dtype.name for name, array in arrays.items() if name != "matrix"} == {"uint8"}
    raw = payload(arrays)
    read = decode(raw, 0)
    assert read is not None
    again = type(crop).from_arrays(read)
    assert payload(again.to_arrays()) == raw
    # Nothing is copied: a crop shows the bytes that were read.
    assert all(np.shares_memory(again.to_arrays()[name], read[name]) for name in names)


@pytest.mark.parametrize(
    ("kind", "form"), [("neural", AlignedCrop), ("dfm", AlignedCrop), ("mesh", MeshCrop)]
)
def test_a_stored_swap_says_of_which_kind_it_is(kind: str, form: type) -> None:
    crop, _ = CROPS[kind]
    read = crop_from_arrays(crop.to_arrays())
    assert type(read) is form
    assert payload(read.to_arrays()) == payload(crop.to_arrays())


@given(st.sets(st.sampled_from(["swapped", "cover", "target", "bare", "pixels", "matrix", "mask", "more"])))
def test_arrays_of_other_names_are_no_swap(names: set[str]) -> None:
    known = [names_of for kind, (_, names_of) in CROPS.items() if kind in ("neural", "dfm", "mesh")]
    arrays = {name: np.zeros((2, 3), np.uint8) for name in names}
    if names in known:
        assert crop_from_arrays(arrays).to_arrays().keys() == names
    else:
        with pytest.raises(ValueError, match="no kind of swapped crop"):
            crop_from_arrays(arrays)


def test_an_old_caches_crops_are_read_and_would_be_written_alike() -> None:
    stages = {"enhance": AlignedImage.from_arrays, "target": TargetCrop.from_arrays, "swap": crop_from_arrays}
    kinds = set()
    for text, arrays in read_entries(FOLDER).items():
        if (stage := stage_of(text)) in stages:
            crop = stages[stage](arrays)
            assert payload(crop.to_arrays()) == payload(arrays), text
            kinds.add(type(crop))
    assert kinds == {AlignedImage, AlignedCrop, TargetCrop, MeshCrop}


SWAP_KEYS = {
    "neural": stage_key("swap", 1, {"frame": "f", "swapper": "inswapper", "source": "s"}),
    "dfm": stage_key("swap", 1, {"frame": "f", "swapper": "dfm"}),
    "mesh": stage_key("swap", 2, {"frame": "f", "swapper": "mesh", "source": "s", "crop_size": 640}),
    "target": stage_key("target", 2, {"frame": "f", "crop_size": 640}),
    "enhanced": stage_key("enhance", 1, {"swap": "s"}),
}


@pytest.mark.parametrize("kind", CROPS)
def test_a_checked_store_hands_out_its_own_kind_and_no_other(kind: str) -> None:
    for other, (crop, _) in CROPS.items():
        backing = MemoryStore(1 << 20)
        backing.put(SWAP_KEYS[kind], crop.to_arrays())
        read = CheckedStore(backing, STAGE_SCHEMAS).get(SWAP_KEYS[kind])
        assert (read is not None) == (other == kind), other


@pytest.mark.parametrize("kind", CROPS)
def test_a_checked_store_refuses_arrays_of_another_dtype_or_size(kind: str) -> None:
    crop, names = CROPS[kind]
    for name in names:
        array = crop.to_arrays()[name]
        for wrong in (array.astype(np.float64), array[None], array[:0]):
            backing = MemoryStore(1 << 20)
            backing.put(SWAP_KEYS[kind], {**crop.to_arrays(), name: wrong})
            assert CheckedStore(backing, STAGE_SCHEMAS).get(SWAP_KEYS[kind]) is None, (name, wrong.dtype)
