# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processor runs the models, with which options, and how keys tell what one computed from what another did."""

import json
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from models import stand_ins
from understudy.core.analysis.detect import detect_key
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.cache.base.key import stage_key
from understudy.core.cache.factory import open_cache
from understudy.core.cache.removal.purge import purge_all
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import ModelError
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.models.embedded import embedded_models
from understudy.core.models.engine_folder import make_engine_folder
from understudy.core.models.library import ModelLibrary
from understudy.core.models.model_file import ModelFile
from understudy.core.models.onnx_file import read_onnx_info
from understudy.core.models.onnx_writer import GraphWriter
from understudy.core.models.processor import Processor, available_providers, open_session, session_options
from understudy.core.models.providers import PROVIDERS
from understudy.core.models.session import ModelPool
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Detect
from understudy.core.sessions.settings import RunSettings

ABSENT = [name for name in PROVIDERS if name not in available_providers()]
ENGINES = Path("/cache/engines")


def test_the_cpu_is_not_named_in_keys_and_every_other_processor_is() -> None:
    assert Processor().key_inputs == {}
    assert Processor().picture_key_inputs == {}
    named = {Processor(name).picture_key_inputs["processor"] for name in PROVIDERS if name != "cpu"}
    assert named == set(PROVIDERS) - {"cpu"}


def test_what_bfloat16_never_computes_has_the_keys_of_32_bits() -> None:
    apart = {name for name in PROVIDERS if Processor(name).key_inputs != Processor(name).picture_key_inputs}
    assert apart == {"openvino-bf16"}
    assert Processor("openvino-bf16").key_inputs == Processor("openvino-cpu").key_inputs
    assert Processor("openvino-bf16").reduced_roles == ("swap", "enhance")
    assert Processor("openvino-cpu").reduced_roles == ()
    assert Processor("openvino-fp16").reduced_roles == ("occlude", "swap", "enhance")


def test_results_of_another_processor_have_another_key() -> None:
    engines = ModelAdapters(embedded_models(), ModelLibrary(), ModelPool(1), load_topology())
    detector = engines.detector(Detect())
    plain = detect_key("f", Detect(), detector)
    keys = {detect_key("f", Detect(), detector, Processor(name).key_inputs).hex for name in PROVIDERS}
    assert "processor" not in engines.key_inputs
    assert "processor" not in plain.text
    assert len(keys) == len(PROVIDERS) - 1  # OpenVINO finds faces in 32 bits, whatever it draws in


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_cpu_is_the_last_resort_and_the_wanted_provider_the_first(name: str) -> None:
    for exact in (True, False):
        chain = [provider for provider, _ in Processor(name).options(ENGINES, exact=exact)]
        assert chain[0] == PROVIDERS[name]
        assert chain[-1] == PROVIDERS["cpu"]
        assert len(set(chain)) == len(chain)


@pytest.mark.parametrize("name", PROVIDERS)
def test_onnx_runtime_knows_the_providers_and_takes_the_options_of_those_it_has(name: str) -> None:
    assert PROVIDERS[name] in onnxruntime.get_all_providers()
    processor = Processor(name)
    if name in ABSENT:
        pytest.skip(f"this ONNX Runtime has no {PROVIDERS[name]}")
    graph = GraphWriter("double")
    graph.output(graph.input("x", "float32", "n") * 2, "y", "float32", "n")
    session = open_session(graph.model(), processor, 1, processor.options(None, exact=True))
    assert session.run(None, {"x": np.ones(3, np.float32)})[0].tolist() == [2, 2, 2]


@pytest.mark.parametrize("name", ["openvino", "openvino-fp16"])
def test_openvino_gets_one_device_since_its_results_have_one_key(name: str) -> None:
    for exact in (True, False):
        options = dict(Processor(name).options(None, exact=exact))[PROVIDERS[name]]
        assert options["device_type"] == "GPU"


def test_openvino_on_the_cpu_is_told_its_precision_and_its_threads_outright() -> None:
    def config(name: str, *, exact: bool, threads: int = 0) -> dict[str, str | int]:
        options = dict(Processor(name).options(ENGINES, exact=exact, threads=threads))[PROVIDERS[name]]
        assert options["device_type"] == "CPU"
        return json.loads(options["load_config"])["CPU"]

    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    assert config("openvino-cpu", exact=True) == config("openvino-cpu", exact=False) == exact
    assert config("openvino-bf16", exact=True) == exact
    assert config("openvino-bf16", exact=False) == {"INFERENCE_PRECISION_HINT": "bf16"}
    assert config("openvino-bf16", exact=True, threads=3) == exact | {"INFERENCE_NUM_THREADS": 3}


def test_engines_are_kept_in_the_folder_that_is_set_and_nowhere_else() -> None:
    tensorrt = dict(Processor("tensorrt").options(ENGINES, exact=True))[PROVIDERS["tensorrt"]]
    assert tensorrt["trt_engine_cache_path"] == tensorrt["trt_timing_cache_path"] == str(ENGINES)
    assert dict(Processor("tensorrt").options(None, exact=True))[PROVIDERS["tensorrt"]] == {}
    assert dict(Processor("openvino").options(ENGINES, exact=True))[PROVIDERS["openvino"]]["cache_dir"]


def test_engines_lie_in_the_users_own_cache_and_never_in_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    settings = RunSettings(CacheSettings(tmp_path / "cache"))
    assert settings.engine_folder is not None
    assert settings.engine_folder.path == tmp_path / "user" / "understudy" / "engines"
    assert make_engine_folder(settings.engine_folder) == ""
    assert settings.engine_folder.path.stat().st_mode & 0o777 == 0o700
    (settings.engine_folder.path / "a.engine").write_bytes(b"built")
    (settings.engine_folder.path / "a.engine").chmod(0o664)  # as a provider writes it with a umask of 002
    assert make_engine_folder(settings.engine_folder) == ""
    assert not (tmp_path / "cache").exists()
    assert replace(settings, cache=replace(settings.cache, keep=False)).engine_folder is None


def test_engines_of_earlier_versions_go_with_everything_else(tmp_path: Path) -> None:
    settings = CacheSettings(tmp_path / "cache")
    with closing(open_cache(settings, schemas=STAGE_SCHEMAS)) as cache:
        cache.store.put(stage_key("detect", 1, {"frame": "f"}), {"boxes": np.zeros((0, 4), np.float32)})
    engines = tmp_path / "cache" / "engines"
    (engines / "model" / "0").mkdir(parents=True)
    (engines / "a.engine").write_bytes(b"built")
    (engines / "model" / "0" / "b.engine").write_bytes(b"built, and in a folder")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "not_ours").write_bytes(b"kept")
    (engines / "model" / "linked").symlink_to(elsewhere)
    done = purge_all(tmp_path / "cache", time.time_ns())
    assert list(engines.iterdir()) == []
    assert done.errors == ()
    assert (elsewhere / "not_ours").read_bytes() == b"kept"


def test_engines_that_are_a_link_elsewhere_are_left_there(tmp_path: Path) -> None:
    with closing(open_cache(CacheSettings(tmp_path / "cache"), schemas=STAGE_SCHEMAS)):
        pass
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "not_ours").write_bytes(b"kept")
    (tmp_path / "cache" / "engines").symlink_to(elsewhere)
    (trouble,) = purge_all(tmp_path / "cache", time.time_ns()).errors
    assert "engines is no folder of its own" in str(trouble)
    assert (elsewhere / "not_ours").read_bytes() == b"kept"


def test_half_precision_is_for_those_who_ask_and_for_images_alone() -> None:
    def half(name: str, *, exact: bool) -> bool:
        options = Processor(name).options(None, exact=exact)[0][1]
        half_units = options.get("MLComputeUnits") == "ALL" or "bf16" in options.get("load_config", "")
        return half_units or options.get("trt_fp16_enable") == "1" or options.get("precision") == "FP16"

    halved = {name for name in PROVIDERS if half(name, exact=False)}
    assert halved == {"tensorrt-fp16", "openvino-fp16", "coreml", "openvino-bf16"}
    assert halved == {name for name in PROVIDERS if not Processor(name).is_always_exact}
    assert not [name for name in PROVIDERS if half(name, exact=True)]
    # Products of 10 bits under a key that says nothing of them would be a lie.
    assert dict(Processor("cuda").options(None, exact=False))[PROVIDERS["cuda"]]["use_tf32"] == "0"


def test_images_are_not_fused_by_tensorrt_which_would_build_an_engine_for_every_size() -> None:
    chain = [provider for provider, _ in Processor("tensorrt").fusion_options()]
    assert chain == [PROVIDERS["cuda"], PROVIDERS["cpu"]]
    assert [name for name in PROVIDERS if Processor(name).fuses_images] == [
        "cuda", "tensorrt", "tensorrt-fp16", "directml", "coreml"
    ]  # fmt: skip


def test_directml_gets_a_session_without_what_it_refuses() -> None:
    options = session_options(Processor("directml"), 0)
    assert not options.enable_mem_pattern
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    assert session_options(Processor(), 3).intra_op_num_threads == 3


def test_threads_of_a_model_do_not_wait_busily() -> None:
    """On two cores that took a third of a cold render's processor time, from decoding and from the host."""
    options = session_options(Processor(), 0)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


class CudaPool(ModelPool):
    """A pool that takes its processor for one that is not here."""

    processor = Processor("cuda")


def test_a_model_is_not_run_elsewhere_than_its_key_says(tmp_path: Path) -> None:
    if "cuda" not in ABSENT:
        pytest.skip("CUDA is here")
    model = ModelFile(stand_ins.write_recogniser(tmp_path / "a.onnx", "sface"))
    with pytest.raises(
        ModelError, match=r"a\.onnx can't be run by CUDA.* on cuda \(the provider `cpu` may\)"
    ):
        CudaPool(1).run_all(model, np.zeros((1, 3, 112, 112), np.float32))


def test_a_written_graph_says_what_it_is_and_computes_as_numpy() -> None:
    graph = GraphWriter("terms")
    a, b = graph.input("a", "float32", 2, "n"), graph.input("b", "float32", "n")
    graph.output((2 - a) * (b + 1) / 4 - a**2, "arithmetic", "float32", 2, "n")
    graph.output((a.clip(0, 1).mean(1) + a.sum(0, 1)).round(), "reduced", "float32", 2, 1)
    graph.output(graph.node("LeakyRelu", a, alpha=0.25).cast("int32"), "leaky", "int32", 2, "n")
    facts = read_onnx_info(graph.model(), Path("terms.onnx"))
    assert [str(info) for info in facts.inputs] == ["a (float32 2 x n)", "b (float32 n)"]
    x, y = np.random.default_rng(1).normal(size=(2, 5)).astype(np.float32) * 9, np.arange(5, dtype=np.float32)
    arithmetic, reduced, leaky = ModelPool(1).run_graph(graph.model(), {"a": x, "b": y})
    assert np.allclose(arithmetic, (2 - x) * (y + 1) / 4 - x**2, rtol=1e-5)
    assert np.array_equal(reduced, np.round(np.clip(x, 0, 1).mean(1, keepdims=True) + x.sum()))
    assert np.array_equal(leaky, np.where(x < 0, x / 4, x).astype(np.int32))
