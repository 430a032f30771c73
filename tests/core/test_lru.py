# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cache of the values used last keeps, and what makes room."""

from understudy.core.concurrency.lru import LruCache


def test_the_value_used_longest_ago_makes_room() -> None:
    cache: LruCache[str, int] = LruCache(2)
    assert cache.put("a", 1) == 1
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert ("a" in cache, "b" in cache, "c" in cache) == (True, False, True)
    assert cache.get("b") is None
    assert len(cache) == 2


def test_a_value_that_is_put_again_counts_as_just_used() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 3)
    cache.put("c", 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (3, None, 4)


def test_to_look_whether_a_value_is_there_does_not_use_it() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert "a" in cache
    cache.put("c", 3)
    assert "a" not in cache


def test_what_makes_room_or_is_cleared_is_handed_on_oldest_first() -> None:
    evicted: list[int] = []
    cache: LruCache[str, int] = LruCache(2, evicted.append)
    for number, name in enumerate("abcd"):
        cache.put(name, number)
    assert cache.discard("c")
    assert not cache.discard("c")
    assert evicted == [0, 1]
    cache.clear()
    assert evicted == [0, 1, 3]
    assert len(cache) == 0


def test_a_value_of_none_is_kept_like_any_other() -> None:
    cache: LruCache[str, None] = LruCache(1)
    cache.put("a", None)
    assert "a" in cache
    assert cache.discard("a")
