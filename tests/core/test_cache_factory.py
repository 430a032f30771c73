# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole cache as settings describe it: tiers, encryption, leases and permissions together."""

import os
import stat

import numpy as np
import pytest
from understudy.core.cache.base.compute import Uncoordinated
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.shared.lease import SingleFlight
from understudy.core.cache.stores.encryption import is_encrypted
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import CacheError
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.sessions.settings import settings_from

from tests.core.shared_places import redis_store

SECRET = bytes(range(32))


def key(number):
    return stage_key("test", 1, {"number": number})


def arrays(number):
    return {"a": np.full(1000, number, np.uint8)}


def modes(root):
    paths = [path for path in root.rglob("*") if path.is_file()]
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    return {stat.S_IMODE(path.stat().st_mode) for path in paths}, {
        stat.S_IMODE(path.stat().st_mode) for path in folders
    }


def test_two_machines_share_encrypted_results(tmp_path, redis_server):
    pytest.importorskip("cryptography")

    def machine(name):
        return open_cache(
            CacheSettings(tmp_path / name, 1 << 20, tmp_path / "share", redis_server.url, SECRET),
            schemas=STAGE_SCHEMAS,
        )

    first, second = machine("one"), machine("two")
    assert isinstance(first.flight, SingleFlight)
    assert first.flight.get_or_compute(first.store, key(1), lambda: arrays(1))[1] is False
    assert first.tiers.flush(10)
    got, known = second.flight.get_or_compute(second.store, key(1), lambda: arrays(2))
    assert known
    assert got["a"].tobytes() == arrays(1)["a"].tobytes()
    for store in (first.folder, PackStore(tmp_path / "share"), redis_store(redis_server.url)):
        assert is_encrypted(store.get(key(1)))
    for cache in (first, second):
        cache.close()
        assert cache.warnings == ()


def test_what_is_made_is_for_the_owner_unless_the_group_is_let_in(tmp_path):
    before = os.umask(0o077)
    try:
        for name, group in (("own", False), ("group", True)):
            settings = CacheSettings(
                tmp_path / f"local-{name}", shared_folder=tmp_path / name, shared_with_group=group
            )
            cache = open_cache(settings, schemas=STAGE_SCHEMAS)
            cache.flight.get_or_compute(cache.store, key(1), lambda: arrays(1))
            assert cache.tiers.flush(10)
            cache.close()
    finally:
        os.umask(before)
    assert modes(tmp_path / "own") == ({0o600}, {0o700})
    assert modes(tmp_path / "group") == ({0o660}, {0o2770})
    assert modes(tmp_path / "local-group") == ({0o660}, {0o2770})
    assert modes(tmp_path / "local-own") == ({0o600}, {0o700})


def test_shared_places_that_are_away_cost_a_warning_each_and_nothing_else(tmp_path):
    pytest.importorskip("redis")
    settings = CacheSettings(
        tmp_path / "local", shared_folder=tmp_path / "no mount" / "share", redis_url="redis://127.0.0.1:1/0"
    )
    cache = open_cache(settings, schemas=STAGE_SCHEMAS)
    for n in range(5):
        assert cache.flight.get_or_compute(cache.store, key(n), lambda n=n: arrays(n))[1] is False
    assert all(cache.flight.get_or_compute(cache.store, key(n), dict)[1] for n in range(5))
    cache.close()
    assert len(cache.warnings) == 3  # one each, and how many results were not shared
    assert not (tmp_path / "no mount").exists()


def test_who_works_in_a_folder_takes_leases_in_it_and_leaves_none(tmp_path):
    folder = tmp_path / "cache"
    with open_cache(settings_from({}, folder)) as cache:
        leases = []
        cache.get_or_compute(key(1), lambda: (leases.extend((folder / ".leases").iterdir()), arrays(1))[1])
        assert [path.name for path in leases] == [f"{key(1).hex}.lease"]
    assert list((folder / ".leases").iterdir()) == []


def test_who_keeps_nothing_or_may_not_write_takes_no_lease(tmp_path):
    assert isinstance(open_cache(CacheSettings(tmp_path / "a", keep=False)).flight, Uncoordinated)
    open_cache(CacheSettings(tmp_path / "b")).close()
    (tmp_path / "b").chmod(0o777)
    with open_cache(CacheSettings(tmp_path / "b")) as cache:
        assert cache.get_or_compute(key(1), lambda: arrays(1))[1] is False
    assert not (tmp_path / "b" / ".leases").exists()


def test_a_place_where_no_lease_can_be_made_costs_nothing_but_the_lease(tmp_path):
    with open_cache(CacheSettings(tmp_path)) as cache:
        (tmp_path / ".leases").write_text("not a folder")
        assert cache.get_or_compute(key(1), lambda: arrays(1))[1] is False
        assert cache.get_or_compute(key(1), dict)[1] is True
        assert cache.warnings == ()


def test_the_environment_completes_the_settings(tmp_path):
    environment = {
        "UNDERSTUDY_SHARED_CACHE": "/share/cache",
        "UNDERSTUDY_REDIS": "redis://me:secret@host/0",
        "UNDERSTUDY_CACHE_KEY": SECRET.hex(),
        "UNDERSTUDY_SHARED_WITH_GROUP": "1",
    }
    settings = settings_from(environment, tmp_path)
    assert (settings.secret, settings.shared_with_group) == (SECRET, True)
    assert "secret@" not in repr(settings)
    assert SECRET.hex() not in repr(settings)
    with pytest.raises(CacheError, match="UNDERSTUDY_CACHE_KEY"):
        settings_from({"UNDERSTUDY_CACHE_KEY": "short"}, tmp_path)
