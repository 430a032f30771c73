# Everything a fresh machine with Python 3.11 and pip needs is made on the way: `make demo`, `make test`.
PYTHON ?= python3.11
PYTHON := $(shell command -v $(PYTHON) 2>/dev/null || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MODELS := build/models/manifest.json
BLENDER_50 := .venv-5.0
BENCH := .venv-bench
FARM := .venv-farm
OPENVINO := .venv-neural-openvino
# One test process more than there are cores, since tests also wait, for processes and for time; JOBS=1 for one.
JOBS ?= $(shell python3 -c 'import os; print(os.cpu_count() + 1)')
PARALLEL := -n $(JOBS) --dist worksteal --durations 20

.PHONY: demo test test-quick test-long test-hostile fuzz check test-5.0 test-gui test-farm test-openvino window bench bench-edit bench-scan bench-cache bench-farm bench-neural bench-gpu extension wheel models lock clean

# The main job in real Blender: a clip, a source, five renders, a report, a contact sheet.
# CLIP=path FACE=path take the place of the generated ones.
demo: $(READY) models
	$(BIN)/python -m tools.demo $(if $(CLIP),--clip "$(CLIP)") $(if $(FACE),--face "$(FACE)") --output out/demo

# Everything on Blender 4.5; what depends on the version of Blender on 5.2 too, or on 5.0 where `make window` has not made
# 5.2.
test: $(READY) $(BLENDER_50)/.ready models
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not long" $(PYTEST)

# For the inner loop: the tests of `core` that need no Blender.
test-quick: $(READY) models
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not slow and not long and not blender" tests/core $(PYTEST)

# What `test` leaves out, since it takes minutes: real footage, the complete grids, built artefacts in empty environments,
# and all that Blender has a part in on 5.0.
test-long: $(READY) $(BLENDER_50)/.ready models
	$(BIN)/python -m pytest -q $(PARALLEL) -m long $(PYTEST)
	$(BIN)/python -m pytest -q -m "gui and long" tests/gui $(PYTEST)
	$(BLENDER_50)/bin/python -m pytest -q $(PARALLEL) -m "blender and not every_blender and not long" tests/addon $(PYTEST)

# All the tests on Blender 5.0.
test-5.0: $(BLENDER_50)/.ready models
	$(BLENDER_50)/bin/python -m pytest -q $(PARALLEL) $(PYTEST)

# What strangers' projects, other accounts and broken servers may do, with the dashboard of SECURITY.md; a part of `test`.
test-hostile: $(READY) models
	$(BIN)/python -m pytest -q $(PARALLEL) -m hostile tests/hostile tests/fuzz $(PYTEST)

# Ten minutes of spoilt inputs for each reader, by hand; SECONDS and READERS make it less. What is found becomes a seed in
# tests/fuzz/seeds, which `test` replays.
fuzz: $(READY) models
	$(BIN)/python -m tools.fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(READERS)

# Debian's Blender 5.2 in a folder of its own; where that can't be had it says why, and that is all.
window: $(READY)
	$(BIN)/python -m tools.blender_window

# A real Blender 5.2 window; needs root and debootstrap; PICTURES=docs/gui keeps the screenshots, of the long tests too.
test-gui: $(READY) models
	$(if $(PICTURES),UNDERSTUDY_PICTURES=$(PICTURES)) $(BIN)/python -m pytest -q -m "gui and $(if $(PICTURES),(long or not long),not long)" tests/gui $(PYTEST)

# Jobs as the farms' own programs run them, with Blender 5.2: Open Job Description, Flamenco's language, Slurm, OpenCue. What
# is not installed on this machine is left out and says so.
test-farm: $(READY) $(FARM)/.ready models
	$(BIN)/python -m tools.goja tests/farm/scripts/compile_in_goja.go build/compile_in_goja
	$(BIN)/python -m pytest -q -m farm tests/farm $(PYTEST)

# The zip that Blender installs; PLATFORM=windows-x64 or macos-arm64 for others than this machine's, VARIANT=cuda,
# directml or openvino for one with another ONNX Runtime (docs/processors.md).
extension: $(READY) models
	$(BIN)/python -m tools.build_extension --output dist $(if $(PLATFORM),--platform $(PLATFORM)) $(if $(VARIANT),--variant $(VARIANT))

# The command line for any Python, with its embedded models: `pip install dist/understudy-*.whl`.
wheel: $(READY) models
	$(BIN)/python -m tools.build_wheel --output dist

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict core
	$(BIN)/mypy -p understudy.addon
	$(BIN)/mypy tools
	$(BIN)/python -m tools.check_gate
	$(BIN)/python -m tools.check_names
	PYTHONPATH=build/package $(BIN)/lint-imports --no-cache

# What rendering costs, every figure side by side: a table, out/bench/render.json and render.png; QUICK=1 for a small one,
# SET=swap.shape=0 for another modifier than a new one.
bench: $(READY) models
	$(BIN)/python -m tools.bench_render --output out/bench $(if $(CLIP),--clip "$(CLIP)") $(if $(FACE),--face "$(FACE)") $(if $(QUICK),--quick) $(foreach setting,$(SET),--set $(setting))

# What editing, saving and starting a render costs with up to 1,000 recast strips: a table, out/bench/edit.json and
# edit.png; QUICK=1 stops at 100.
bench-edit: $(READY) models
	$(BIN)/python -m tools.bench_edit --output out/bench $(if $(QUICK),--quick)

# What scanning a clip of 10,000 analyzed frames costs, in seconds of the processor and in memory; QUICK=1 for 1,000.
bench-scan: $(READY) models
	$(BIN)/python -m tools.bench_scan $(if $(QUICK),--quick)

# Our cache against five others; CACHE_BENCH=--quick for a small one. Then what it costs a cold render, and the long runs.
bench-cache: $(BENCH)/.ready $(READY) models
	$(BENCH)/bin/python -m tools.bench_cache $(CACHE_BENCH)
	$(BIN)/python -m tools.bench_cache.overhead $(if $(CACHE_BENCH),--frames 6 --rounds 2)
	UNDERSTUDY_LONG=1 $(BIN)/python -m pytest -q -s tests/core/test_cache_mutations.py tests/core/test_cache_kill.py

# What several Blenders on one cache cost, and what that says of farms of 100 and 1,000: a table, out/bench/farm.json and
# farm.png; QUICK=1 for a small one.
bench-farm: $(READY) models
	$(BIN)/python -m tools.bench_farm --output out/bench $(if $(QUICK),--quick)

# What OpenVINO itself has a part in, in an environment with its ONNX Runtime.
test-openvino: $(READY) models
	$(BIN)/python -m tools.bench_neural.environment openvino $(OPENVINO)
	PYTHONPATH=build/package $(OPENVINO)/bin/python -m pytest -q tests/core/test_processor.py tests/core/test_processor_pipeline.py $(PYTEST)

# What neural swaps cost on ONNX Runtime's and OpenVINO's code for the CPU, beside the bare networks: a table,
# out/bench/neural.json and neural.png. It needs 3 GB of free disk; QUICK=1 for few frames.
bench-neural: $(READY) models
	$(BIN)/python -m tools.bench_neural --output out/bench $(if $(QUICK),--quick)

# The same on CUDA and TensorRT, and the fusion graph there; 8 minutes at most. What fails says how to fix it.
bench-gpu: $(READY) models
	$(BIN)/python -m tools.bench_neural.gpu --output out/bench $(if $(QUICK),--quick)

models: $(READY)
	$(BIN)/python -m tools.embedded_models build/models
	$(BIN)/python -m tools.safeguard_model build/models

$(READY): requirements/blender-4.5.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/blender-4.5.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	mkdir -p build/package && ln -sfn ../.. build/package/understudy
	touch $@

$(BLENDER_50)/.ready: requirements/blender-5.0.txt pyproject.toml
	$(PYTHON) -m venv $(BLENDER_50)
	$(BLENDER_50)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/blender-5.0.txt
	$(BLENDER_50)/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(BENCH)/.ready: requirements/bench.txt pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/bench.txt
	$(BENCH)/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(FARM)/.ready: requirements/farm.txt
	$(PYTHON) -m venv $(FARM)
	$(FARM)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/farm.txt
	touch $@

# For developers: solve the pinned requirements anew (needs uv).
lock:
	for name in blender-4.5 blender-5.0 bench farm; do uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate \
	  --python-version 3.11 --python-platform x86_64-manylinux_2_28 --custom-compile-command "make lock" \
	  requirements/$$name.in -o requirements/$$name.txt; done

clean:
	rm -rf build dist out .mypy_cache .ruff_cache .pytest_cache
