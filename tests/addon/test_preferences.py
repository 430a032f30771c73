# SPDX-License-Identifier: GPL-3.0-or-later
"""Every preference has its effect on a render in real Blender; the environment comes before all of them."""

import shutil
from pathlib import Path

import pytest
from report_stages import stage_runs
from understudy.core.cache.stores.encryption import is_encrypted
from understudy.core.cache.stores.local import PackStore

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT = 4
KEY = "00112233445566778899aabbccddeeff" * 2


@pytest.fixture
def begin(drive, footage, tmp_path):
    """Steps that make a project in a folder of the test's own, cast when the preferences are set."""

    def steps(*settings):
        return [
            ["project", {"size": [320, 240], "frames": (1, COUNT), "save": str(tmp_path / "project.blend")}],
            ["movie", {"name": "clip", "file": footage.movie}],
            *settings,
            ["cast_by_script", {"name": "clip", "picture": footage.person}],
        ]

    return steps


@pytest.fixture
def render(drive, tmp_path):
    """The step that renders."""
    return ["render", {"out": str(tmp_path / "out_"), "report": str(tmp_path / "report.json")}]


def packs(folder):
    return sorted(Path(folder).glob("*.pack"))


def entries(folder):
    return list(PackStore(Path(folder)).entries())


def test_the_cache_folder_and_nothing_at_all(drive, begin, render, tmp_path):
    drive(*begin(["prefer", {"cache_folder": str(tmp_path / "mine")}]), render)
    assert packs(tmp_path / "mine")
    assert list((tmp_path / "mine" / "layers").rglob("*.tif"))
    assert not (tmp_path / "understudy_cache").exists()
    shutil.rmtree(tmp_path / "mine")
    drive(
        *begin(["prefer", {"cache_folder": str(tmp_path / "mine"), "keep_results": False}]),
        render,
    )
    assert not packs(tmp_path / "mine")
    assert list((tmp_path / "mine" / "layers").rglob("*.tif"))


def test_a_farms_folder_comes_before_it_and_layers_stay_with_the_project(drive, begin, render, tmp_path):
    drive(
        *begin(
            ["prefer", {"cache_folder": str(tmp_path / "mine")}],
            ["environment", {"UNDERSTUDY_CACHE_DIR": str(tmp_path / "farm")}],
        ),
        render,
    )
    assert packs(tmp_path / "farm")
    assert not (tmp_path / "farm" / "layers").exists()
    assert not packs(tmp_path / "mine")
    assert list((tmp_path / "mine" / "layers").rglob("*.tif"))


def test_the_size_limit_holds_and_names_both_numbers_where_it_can_not(drive, begin, render, tmp_path):
    cache = tmp_path / "cache"

    def run(size_limit, **settings):
        settings = {path.replace("__", "."): value for path, value in settings.items()}
        report = drive(
            *begin(["prefer", {"cache_folder": str(cache), "size_limit": size_limit / 1024}]),
            ["tune", {"settings": settings}],
            render,
        )[-1]
        return report, PackStore(cache).size_on_disk()

    # What others left, unused for long, and what the first render needs no more, is above 4 MiB.
    _, before = run(0)
    drive(["fill_cache", {"folder": str(cache), "megabytes": 3}])
    assert PackStore(cache).size_on_disk() > before + 3e6 > 4 << 20
    report, after = run(4, swap__crop_size=128)
    assert report["warnings"] == []
    assert after <= 4 << 20
    assert sum("stage=other\n" in entry.text for entry in entries(cache)) < 30
    # What a render used itself is never dropped: 1 MiB is too little for it, and it says so.
    report, after = run(1, swap__crop_size=128, detect__score=0.55)
    (warning,) = report["warnings"]
    assert "more than its cap of 1.0 MB" in warning
    held = float(warning.partition(" holds ")[2].partition(" MB")[0])
    assert held == pytest.approx(after / 1e6, abs=0.06)
    report, _ = run(0, swap__crop_size=128, detect__score=0.55, fusion__blend=0.5)
    assert stage_runs(report) == {"fuse": COUNT}


def test_memory_age_group_and_threads_reach_the_run(drive, begin):
    settings = drive(
        *begin(
            ["prefer", {"memory_megabytes": 7, "unused_days": 3, "shared_with_group": True, "threads": 2}],
            ["prefer", {"shared_folder": "/mnt/nas/understudy", "size_limit": 2.5}],
        ),
        ["settings_now", {}],
    )[-1]
    assert settings["memory"] == 7 << 20
    assert settings["max_age"] == 3 * 86400
    assert settings["cap"] == round(2.5 * 2**30)
    assert (settings["group"], settings["threads"]) == (True, 2)
    assert "/mnt/nas/understudy" in settings["shown"]


def test_the_environment_comes_before_every_preference(drive, begin):
    settings = drive(
        *begin(
            ["prefer", {"memory_megabytes": 7, "unused_days": 3, "threads": 2, "provider": "cuda"}],
            ["prefer", {"shared_folder": "/mnt/nas/understudy", "redis_address": "redis://localhost:1/0"}],
            ["prefer", {"shared_with_group": True, "model_folder": "/mine"}],
            ["environment", {"UNDERSTUDY_MEMORY": "1M", "UNDERSTUDY_CACHE_UNUSED_FOR": "9"}],
            ["environment", {"UNDERSTUDY_THREADS": "5", "UNDERSTUDY_PROVIDER": "cpu"}],
            ["environment", {"UNDERSTUDY_SHARED_CACHE": "off", "UNDERSTUDY_REDIS": "off"}],
            ["environment", {"UNDERSTUDY_SHARED_WITH_GROUP": "0", "UNDERSTUDY_MODELS": "/farm"}],
            ["environment", {"UNDERSTUDY_CACHE_CAP": "lots"}],
        ),
        ["settings_now", {}],
    )[-1]
    assert (settings["memory"], settings["max_age"]) == (10**6, 9 * 86400)
    assert (settings["threads"], settings["provider"], settings["group"]) == (5, "cpu", False)
    assert (settings["redis"], "/mnt/nas" in settings["settings"]) == (None, False)
    assert "'/farm'" in settings["shown"]
    assert settings["cap"] == 50 << 30
    assert settings["left_out"] == [
        "UNDERSTUDY_CACHE_CAP is ignored: 'lots' is not a size such as 500M or 20G"
    ]


@pytest.mark.parametrize(
    "provider", ["cpu", "automatic", "cuda", pytest.param("directml", marks=pytest.mark.long)]
)
def test_the_provider_reaches_the_models(drive, begin, render, provider):
    report = drive(*begin(["prefer", {"provider": provider}]), render)[-1]
    # Here is none but the CPU: the pool of models says so of the one that it was asked for.
    passed_over = [text.partition(" can't run models here")[0] for text in report["warnings"]]
    assert passed_over == ([] if provider in ("cpu", "automatic") else [provider])
    assert report["faces"] == COUNT


def test_a_worker_gets_the_same_settings(drive, begin, tmp_path):
    run = drive(
        *begin(["prefer", {"provider": "openvino", "cache_folder": str(tmp_path / "mine")}]), ["work", {}]
    )[-1]
    assert run["written"] == COUNT
    assert packs(tmp_path / "mine")
    assert [text.partition(" can't")[0] for text in run["report"]["warnings"]] == ["openvino"]


def test_the_model_folder_is_searched(drive, begin, render, tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_ORIGINALS", "render")
    (tmp_path / "models").mkdir()
    answers = drive(
        *begin(["prefer", {"model_folder": str(tmp_path / "models")}]),
        ["tune", {"settings": {"embed.recogniser": "arcface"}}],
        render,
    )
    assert all(str(tmp_path / "models") in text for text in answers[-1]["warnings"])
    assert answers[-1]["warnings"]


def test_encrypted_with_the_environments_key_and_without_any_other(drive, begin, render, tmp_path):
    pytest.importorskip("cryptography")
    cache = tmp_path / "understudy_cache"
    answers = drive(*begin(["environment", {"UNDERSTUDY_CACHE_KEY": KEY}]), ["settings_now", {}], render)
    assert answers[-2]["encryption"] == "Results are encrypted with the key in UNDERSTUDY_CACHE_KEY"
    assert KEY not in str(answers)
    store = PackStore(cache)
    from understudy.core.cache.base.key import Key

    swapped = [entry for entry in store.entries() if "stage=swap\n" in entry.text]
    assert len(swapped) == COUNT
    assert all(is_encrypted(store.get(Key(entry.text))) for entry in swapped)
    # A keyring that is not there: nothing is kept, rather than kept for all to read.
    answers = drive(
        *begin(["prefer", {"key_in_keyring": True, "cache_folder": str(tmp_path / "open")}]),
        ["settings_now", {}],
        ["op", {"name": "understudy.check_key"}],
        render,
    )
    assert answers[-3]["encryption"].startswith(
        ("Nothing is kept", "Results are encrypted with the key in the")
    )
    assert "Nothing is kept" in answers[-2]
    assert any(text.startswith("nothing is kept for the next run") for text in answers[-1]["warnings"])
    assert not packs(tmp_path / "open")


def test_offline_redis_stays_shut_unless_it_is_this_machine(drive, begin, render, tmp_path, redis_server):
    address = redis_server.url.replace("127.0.0.1", "render-server.invalid")
    answers = drive(
        *begin(["prefer", {"redis_address": address}], ["go_online", {"allowed": False}]),
        ["settings_now", {}],
        render,
    )
    assert answers[3] is False
    assert answers[-2]["redis"] is None
    (warning,) = answers[-1]["warnings"]
    assert "Allow Online Access" in warning
    # Where it is allowed, the same address is asked: it is a name that nobody has.
    answers = drive(
        *begin(["prefer", {"redis_address": address}], ["go_online", {"allowed": True}]),
        ["settings_now", {}],
        render,
    )
    if answers[3]:
        assert answers[-2]["redis"] == address
        assert any("not used for now" in text for text in answers[-1]["warnings"])
    # This machine is no network.
    shutil.rmtree(tmp_path / "understudy_cache")
    report = drive(
        *begin(["prefer", {"redis_address": redis_server.url}], ["go_online", {"allowed": False}]), render
    )[-1]
    assert report["warnings"] == []
    import redis

    assert redis.Redis.from_url(redis_server.url).dbsize() > COUNT


def test_offline_no_model_is_fetched(drive, tmp_path):
    answers = drive(
        ["go_online", {"allowed": False}],
        ["command", {"words": ["models", "fetch", "inswapper_128.onnx", "--folder", str(tmp_path)]}],
    )
    code, said = answers[-1]
    assert code == 1
    assert "inswapper_128.onnx is not fetched" in said
    assert "Allow Online Access" in said


def test_a_redis_password_is_shown_nowhere(drive, begin):
    answers = drive(
        *begin(["prefer", {"redis_address": "redis://me:hidden%2F1@localhost:6379/0"}]),
        ["preferred", {"name": "redis_address"}],
        ["preferred", {"name": "redis_password"}],
        ["settings_now", {}],
        ["page_drawn", {}],
    )
    assert answers[-4] == "redis://me@localhost:6379/0"
    assert answers[-3] == "hidden/1"
    assert answers[-2]["redis"] == "redis://me:hidden%2F1@localhost:6379/0"
    assert "hidden" not in answers[-2]["shown"] + str(answers[-1])


def test_the_page_shows_every_preference_and_what_comes_before_it(drive, begin):
    plain, farm = drive(
        *begin(["prefer", {}]),
        ["page_drawn", {}],
        ["environment", {"UNDERSTUDY_REDIS": "redis://:hidden@farm/0", "UNDERSTUDY_THREADS": "3"}],
        ["prefer", {"provider": "tensorrt", "mark_outputs": False}],
        ["page_drawn", {}],
    )[-4::3]
    assert [name for name in plain if name.islower()] == [
        "cache_folder", "keep_results", "size_limit", "unused_days", "memory_megabytes", "shared_folder",
        "shared_with_group", "redis_address", "redis_password", "key_in_keyring", "model_folder", "provider", "threads",
        "originals", "require_commercial", "require_consent", "mark_outputs",
    ]  # fmt: skip
    assert "Results are not encrypted" in plain
    assert "UNDERSTUDY_REDIS is set, and comes before this" in farm
    assert "UNDERSTUDY_THREADS is set, and comes before this" in farm
    assert "This ONNX Runtime does not have it: models run on the CPU" in farm
    assert "hidden" not in str(farm)
    unmarked = "Renders do not say that a face was replaced, which the law may ask for"
    assert (unmarked in plain, unmarked in farm) == (False, True)
