# SPDX-License-Identifier: GPL-3.0-or-later
"""The Redis tier against a real server: what it keeps, what it refuses, and a server that goes away."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from understudy.core.cache.base.key import Key
from understudy.core.cache.shared.redis_client import split_password, with_password
from understudy.core.cache.shared.redis_store import RedisStore
from understudy.core.errors import CacheError

from tests.core.folder_records import arrays_equal, key
from tests.core.shared_places import redis_store, wait_until

redis = pytest.importorskip("redis", reason="the Redis client is not installed: the extra 'redis'")


def arrays(number: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(number)
    return {
        "embedding": random.random(64, dtype=np.float32),
        "crop": random.integers(0, 255, (9, 5, 3), np.uint8),
    }


@pytest.fixture
def store(redis_server):
    store = redis_store(redis_server.url)
    yield store
    store.close()


def test_what_is_put_comes_back_to_another_client(redis_server, store) -> None:
    long = Key("stage=test\n" + "".join(f"line{n:04d}={n}\n" for n in range(300)))
    store.put(key(1), arrays(1))
    store.put(long, {})
    other = redis_store(redis_server.url)
    assert arrays_equal(other.get(key(1)), arrays(1))
    assert other.get(long) == {}
    assert key(1) in other
    assert key(2) not in other
    assert other.get(key(2)) is None
    assert sorted(entry.text for entry in other.entries()) == sorted([key(1).text, long.text])
    assert (other.counts.hits, other.counts.misses, other.fault_count) == (2, 1, 0)
    assert not other.get(key(1))["crop"].flags.writeable


def test_batches_hold_what_single_calls_hold(store) -> None:
    store.put_many((key(n), arrays(n)) for n in range(1200))
    got = store.get_many([key(n) for n in range(0, 2400, 2)])
    assert set(got) == {key(n) for n in range(0, 1200, 2)}
    assert all(arrays_equal(got[key(n)], arrays(n)) for n in range(0, 1200, 2))
    assert len(list(store.entries())) == 1200
    assert store.counts.puts == 1200


def test_every_damaged_or_foreign_value_is_a_miss_and_heals(redis_server, store) -> None:
    raw = redis.Redis.from_url(redis_server.url)
    store.put(key(1), arrays(1))
    store.put(key(2), arrays(2))
    name = f"understudy:{key(1).hex}"
    good = raw.get(name)
    random = np.random.default_rng(5)
    wrong = [
        b"",
        b"x",
        good[:-1],
        good + b"\0",
        raw.get(f"understudy:{key(2).hex}"),
        good.replace(b"number=1", b"number=7"),
    ]
    for _ in range(300):
        changed = bytearray(good)
        changed[random.integers(len(good))] ^= 1 << random.integers(8)
        wrong.append(bytes(changed))
    for value in wrong:
        raw.set(name, value)
        assert store.get(key(1)) is None
    raw.delete(name)
    raw.rpush(name, "a list")
    assert store.get(key(1)) is None
    assert [entry.text for entry in store.entries()] == [key(2).text]
    store.put(key(1), arrays(1))
    assert arrays_equal(store.get(key(1)), arrays(1))
    assert store.counts.corrupt == len(wrong)


def test_purge_by_key_text_leaves_other_values_and_other_prefixes(redis_server, store) -> None:
    raw = redis.Redis.from_url(redis_server.url)
    raw.set("somebody else", "stays")
    raw.set("understudy:unreadable", "could be anybody's")
    other = RedisStore(redis_server.url, "under*:")
    other.put(key(1), arrays(1))
    store.put_many((key(n), arrays(n)) for n in range(4))
    freed = store.purge(lambda text: "number=1\n" in text or "number=3\n" in text)
    assert freed > 2 * 256
    assert {entry.text for entry in store.entries()} == {key(0).text, key(2).text}
    assert raw.get("understudy:unreadable") is None
    assert store.purge() > 0
    assert raw.keys("understudy:*") == []
    assert raw.get("somebody else") == b"stays"
    assert arrays_equal(other.get(key(1)), arrays(1))


def test_a_server_that_dies_is_misses_and_one_warning_until_it_is_back(redis_server, store) -> None:
    store.put(key(1), arrays(1))
    redis_server.kill()
    assert store.get(key(1)) is None
    assert store.get_many([key(1), key(2)]) == {}
    assert key(1) not in store
    store.put(key(2), arrays(2))
    assert list(store.entries()) == []
    assert store.purge() == 0
    assert store.fault_count == 6
    assert len(store.warnings) == 1
    assert f"127.0.0.1:{redis_server.port}" in store.warnings[0]
    redis_server.start()
    store.put(key(2), arrays(2))
    assert arrays_equal(store.get(key(2)), arrays(2))
    assert store.fault_count == 6


def test_a_full_server_drops_puts(redis_server, store) -> None:
    raw = redis.Redis.from_url(redis_server.url)
    raw.config_set("maxmemory-policy", "noeviction")
    raw.config_set("maxmemory", raw.info("memory")["used_memory"])
    store.put(key(1), {"big": np.zeros(1 << 20, np.uint8)})
    assert store.counts.dropped == 1
    assert store.fault_count == 1
    assert store.get(key(1)) is None


def test_the_server_evicts_what_was_not_used(redis_server, store) -> None:
    raw = redis.Redis.from_url(redis_server.url)
    raw.config_set("maxmemory", raw.info("memory")["used_memory"] + (8 << 20))
    for n in range(400):
        store.put(key(n), {"crop": np.full(100_000, n % 256, np.uint8)})
    kept = [n for n in range(400) if store.get(key(n)) is not None]
    assert 10 < len(kept) < 200
    assert store.fault_count == 0


def test_several_threads_share_a_store(store) -> None:
    bad = []

    def work(first: int) -> None:
        for n in range(first, 200, 4):
            store.put(key(n), arrays(n))
            if not arrays_equal(store.get(key(n)), arrays(n)):
                bad.append(n)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bad == []


def test_connecting_leaves_no_thread_behind(redis_server) -> None:
    for _ in range(3):
        store = redis_store(redis_server.url)
        store.put(key(1), arrays(1))
        assert store.get(key(1)) is not None
    wait_until(lambda: not any("Redis" in thread.name for thread in threading.enumerate()))


def test_a_password_is_in_no_message(redis_server) -> None:
    store = RedisStore(f"redis://me:secret@127.0.0.1:{redis_server.port}/0")
    assert store.get(key(1)) is None
    assert store.warnings
    assert "secret" not in "".join(store.warnings)
    with pytest.raises(CacheError) as fault:
        RedisStore("http://me:secret@place:80/0")
    for place in ("me:secret@place:99999/0", "place:65536", "me:70000"):
        with pytest.raises(
            CacheError, match=r"^the port in the Redis address is none: give 1 to 65535 in [^0-9]*0$"
        ):
            RedisStore(f"redis://{place}")
    assert "place:80" in str(fault.value)
    assert "secret" not in str(fault.value)


def test_without_the_client_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from understudy.core.cache.shared.redis_store import RedisStore\n"
        "from understudy.core.errors import CacheError\n"
        "try: RedisStore('redis://127.0.0.1/0')\n"
        "except CacheError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "understudy[redis]" in done.stdout


@pytest.mark.parametrize(
    "url",
    [
        "me:secret@host:6379",
        "secret@host",
        "redis://me:secret@host:port/0",
        "//:secret@[host",
        "unix//secret@x",
    ],
)
def test_not_even_a_wrong_address_shows_its_password(url) -> None:
    with pytest.raises(CacheError) as fault:
        RedisStore(url)
    assert "secret" not in str(fault.value)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://:p%40ss@host/0", "redis://host/0"),
        ("rediss://me:p%40ss@host:1/2", "rediss://me@host:1/2"),
        ("redis://me@host", "redis://me@host"),
    ],
)
def test_a_password_is_parted_from_its_address_and_put_back(url, plain) -> None:
    address, password = split_password(url)
    assert address == plain
    assert password == ("p@ss" if ":p%40ss" in url else "")
    assert with_password(address, password) == url
