# SPDX-License-Identifier: GPL-3.0-or-later
"""The index of a folder's entries: 25 bytes each, and what a plain list would find."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.cache.packs.index import Index, IndexEntry, Pack
from understudy.core.cache.packs.table import build_columns


def test_an_entry_takes_25_bytes_however_it_became_known() -> None:
    index, pack = Index(), Pack("p")
    digests = np.random.default_rng(0).bytes(32 * 100_000)
    for number in range(100_000):
        index.add(digests[32 * number : 32 * number + 32], IndexEntry(pack, 100 * number, 100))
    assert index.held_bytes() <= 25 * 100_000 + 400 * 4096
    assert len(index._recent) < 4096
    assert sum(map(len, index._tables)) + len(index._recent) == 100_000
    assert len(index._tables) <= 4
    for number in range(0, 100_000, 37):
        assert index.find(digests[32 * number : 32 * number + 32]) == IndexEntry(pack, 100 * number, 100)


DIGESTS = st.integers(0, 30).map(lambda number: bytes([number]) * 32)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "columns", "forget", "drop", "find", "use"]), DIGESTS, st.integers(0, 3)
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS)
def test_the_index_finds_what_a_plain_list_would(steps) -> None:
    index = Index()
    packs = [Pack(f"p{number}") for number in range(4)]
    listed: list[tuple[bytes, IndexEntry]] = []
    used: set[tuple[str, int]] = set()
    for at, (step, digest, number) in enumerate(steps):
        entry = IndexEntry(packs[number], 1000 * at, 100)
        copies = [held for held_digest, held in listed if held_digest == digest and not held.pack.removed]
        if step == "add" and not entry.pack.removed:
            index.add(digest, entry)
            listed.append((digest, entry))
        elif step == "columns" and not entry.pack.removed:
            columns, _ = build_columns(digest[:8] * 2, [1000 * at, 1000 * at + 500], [100, 100])
            index.add_columns([(entry.pack, columns)])
            listed += [(digest, entry), (digest, entry._replace(offset=1000 * at + 500))]
        elif step == "drop":
            packs[number].removed = True
            index.compact()
        else:
            index_entry = index.find(digest, mark_used=step == "use")
            assert (index_entry in copies) if copies else index_entry is None
            if index_entry is not None and step == "forget":
                index.forget(digest, index_entry)
                listed.remove((digest, index_entry))
                used.discard((index_entry.pack.name, index_entry.offset))
            elif index_entry is not None and step == "use":
                used.add((index_entry.pack.name, index_entry.offset))
    there = {digest for digest, entry in listed if not entry.pack.removed}
    assert sorted(entry.offset for entry in index.entries()) == sorted(
        {index.find(digest).offset for digest in there}
    )
    for pack in packs:
        if not pack.removed:
            marked = {(pack.name, offset) for offset in index.used_records(pack).offsets.tolist()}
            assert {mark for mark in used if mark[0] == pack.name} <= marked
