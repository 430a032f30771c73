# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys: equal inputs give equal text, different inputs never do."""

import hashlib

import numpy as np
import pytest
from understudy.core.cache.base.key import Key, canonical_text, stage_key


def test_key_text_is_sorted_lines_and_the_digest_is_its_sha256() -> None:
    inner = Key("stage=frame\n")
    key = stage_key("detect", 3, {"size": 640, "a": 0.1, "model": b"\x01\xff", "frame": inner, "on": True})
    assert key.text == (f"a=0.1\nframe={inner.hex}\nmodel=01ff\non=true\nsize=640\nstage=detect\nversion=3\n")
    assert key.digest == hashlib.sha256(key.text.encode()).digest()
    assert key.hex == key.digest.hex()


def test_order_of_inputs_does_not_matter_but_every_value_does() -> None:
    base = {"a": 1.0, "b": 2, "c": "x"}
    key = stage_key("s", 1, base)
    assert stage_key("s", 1, dict(reversed(base.items()))) == key
    others = [stage_key("s", 1, {**base, name: value}) for name, value in [("a", 1.5), ("b", 3), ("c", "y")]]
    others += [stage_key("s", 2, base), stage_key("t", 1, base)]
    assert len({key.digest, *(other.digest for other in others)}) == 6


def test_numbers_read_the_same_whoever_computed_them() -> None:
    assert canonical_text(np.float64(0.1)) == canonical_text(0.1) == "0.1"
    assert canonical_text(-0.0) == canonical_text(0.0) == "0.0"
    assert canonical_text(np.nextafter(0.1, 1)) != canonical_text(0.1)


@pytest.mark.parametrize("name", ["", "a=b", "a\nb", "stage", "version"])
def test_a_name_that_would_forge_a_line_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        stage_key("s", 1, {name: 1})


def test_a_value_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="line break"):
        stage_key("s", 1, {"a": "x\nb=2"})
