# `make` alone prints the targets. Everything a target needs is installed by it,
# or named in one clear message.

SHELL      := /bin/bash
GO         ?= go
BIN        := bin/hora
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATIC     := honnef.co/go/tools/cmd/staticcheck@v0.7.0
NFPM       := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.0
SEEDS      ?= 10000
FUZZTIME   ?= 30s
STORM      ?= 30m
TESTFLAGS  ?=

.DEFAULT_GOAL := help
.PHONY: help dev build test check fmt vet lint policy bench sim chaos mutate fuzz man packages clean tools cc zookeeper client promtool ui ui-check browser screenshots node chromium

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tools: # what must be on the machine
	@command -v $(GO) >/dev/null || { echo "hora needs Go 1.26 or later: https://go.dev/dl" >&2; exit 1; }
	@$(GO) version | awk '{ sub(/^go/, "", $$3); split($$3, v, "."); if (v[1] < 1 || v[1] == 1 && v[2] < 26) { print "hora needs Go 1.26 or later, this is " $$3 > "/dev/stderr"; exit 1 } }'

zookeeper: # a real ZooKeeper for the tests that need one
	@if [ -n "$$HORA_TEST_ZK$$HORA_ZOOKEEPER_JARS" ] || { [ -e /usr/share/java/zookeeper.jar ] && command -v java >/dev/null; }; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing the Debian package zookeeper for the tests"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends zookeeper default-jre-headless; } >/dev/null && exit 0; \
	fi; \
	echo "there is no ZooKeeper for the tests and it can't be installed: install the package zookeeper as root, or set HORA_TEST_ZK=host:port to one that may be used" >&2; \
	[ "$$HORA_CI" != 1 ]

client: # PyPI's client for Chronos, for the test that runs it
	@if [ -n "$$HORA_CHRONOS_PYTHON" ] || .cache/chronos-python/bin/python -c 'import chronos' 2>/dev/null; then exit 0; fi; \
	if command -v python3 >/dev/null; then \
	  echo "installing chronos-python below .cache for the tests"; \
	  rm -rf .cache/chronos-python; mkdir -p .cache; \
	  python3 -m venv .cache/chronos-python && .cache/chronos-python/bin/pip install -q --disable-pip-version-check chronos-python==1.2.1 httplib2==0.32.1 pyparsing==3.3.3 && exit 0; \
	  rm -rf .cache/chronos-python; \
	fi; \
	echo "PyPI's chronos-python can't be installed for the tests: install python3 with venv, or set HORA_CHRONOS_PYTHON to a Python that has it" >&2; \
	[ "$$HORA_CI" != 1 ]

promtool: # Prometheus' tool that checks alert rules
	@if command -v promtool >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing the Debian package prometheus, which has promtool, for the tests"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus; } >/dev/null && exit 0; \
	fi; \
	echo "promtool can't be installed for the tests: install the package prometheus as root" >&2; \
	[ "$$HORA_CI" != 1 ]

node: # exits 0 if there is a Node that the page can be built with
	@command -v node >/dev/null && command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'

NODELESS = echo "there is no Node 20.19 or later with npm: the page is not built, checked or tested" >&2; [ "$$HORA_CI" != 1 ]

ui: ## build the page of ui/web into ui/dist (needs Node 20.19 or later)
	@$(MAKE) -s node 2>/dev/null || { echo "the page needs Node 20.19 or later with npm: https://nodejs.org" >&2; exit 1; }
	cd ui/web && npm ci --no-audit --no-fund && npm run --silent build

ui-check: # ui/dist is what ui/web builds, the page's own checks hold, and the OpenAPI document is sound
	@if ! $(MAKE) -s node 2>/dev/null; then $(NODELESS); exit; fi; \
	set -e; cd ui/web; npm ci --no-audit --no-fund --loglevel=error; npm run --silent check; npm run --silent openapi; npm test --silent; \
	out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \
	HORA_UI_OUT="$$out" npm run --silent build -- --logLevel warn; \
	diff -r "$$out" ../dist || { echo "ui/dist is not what ui/web builds: make ui" >&2; exit 1; }

chromium: # a browser for the tests of the page
	@if [ -n "$$HORA_CHROMIUM" ] || [ -x /usr/bin/chromium ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing the Debian package chromium for the tests"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null && exit 0; \
	fi; \
	echo "there is no Chromium for the tests and it can't be installed: install the package chromium as root, or set HORA_CHROMIUM to one" >&2; \
	[ "$$HORA_CI" != 1 ]

browser: build chromium zookeeper ## test the page in a browser, against a real hora dev and hora serve
	@if ! $(MAKE) -s node 2>/dev/null; then $(NODELESS); exit; fi; \
	[ -n "$$HORA_CHROMIUM" ] || [ -x /usr/bin/chromium ] || exit 0; \
	set -e; cd ui/web; npm ci --no-audit --no-fund --loglevel=error; HORA_BIN="$(CURDIR)/$(BIN)" npm run --silent browser

screenshots: build chromium ## take the pictures of docs/screenshots anew
	cd ui/web && npm ci --no-audit --no-fund --loglevel=error && HORA_BIN="$(CURDIR)/$(BIN)" npm run --silent screenshots

build: tools ## build bin/hora
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-X main.version=$(VERSION)" -o $(BIN) ./cmd/hora

dev: build ## run hora with a simulated cluster and the jobs of examples/ on http://127.0.0.1:4400
	$(BIN) dev examples/*.json

cc: # the race detector needs a C compiler
	@command -v "$$($(GO) env CC)" >/dev/null || { echo "the tests' race detector needs a C compiler: install gcc" >&2; exit 1; }

test: cc vet zookeeper client promtool browser ## run all tests, with the race detector
	$(GO) test -race $(TESTFLAGS) ./...
	$(GO) test $(TESTFLAGS) ./scheduler/simulation # all its seeds: with the race detector they are fewer
	$(GO) test $(TESTFLAGS) ./schedule -long       # every jump of the clock in 12 zones

check: fmt lint ui-check test ## everything that must hold before a commit: format, vet, staticcheck, the page as built, all tests

fmt: tools
	@test -z "$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go'))" || { echo "not formatted:" >&2; gofmt -l $$(git ls-files -co --exclude-standard '*.go') >&2; exit 1; }

vet: tools
	$(GO) vet ./...

lint: tools
	$(GO) run $(STATIC) ./...

policy: tools ## import policy, purity, sizes, names, invariants
	$(GO) test -count=1 .

bench: tools zookeeper ## benchmarks, as figures
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 20m ./cmd/hora ./chaos
	$(GO) test -run '^$$' -bench . -benchmem ./schedule ./jobgraph ./scheduler ./scheduler/simulation ./store/... ./mesos ./api

sim: tools ## simulate SEEDS seeds of core, store and Mesos with faults
	$(GO) test -run 'TestSimulation$$' -v -timeout 10h ./scheduler/simulation -seeds $(SEEDS)

chaos: tools zookeeper ## three processes, ZooKeeper and Mesos with faults for STORM
	$(GO) test -count=1 -v -timeout 0 -run 'TestChaos|TestSleeper' ./chaos -storm $(STORM) -session 6s -sleep 30s -quiet 60s

mutate: tools ## break hora in every kept way; the tests must notice each
	$(GO) run ./cmd/mutants

man: build ## write the manual pages into man/
	$(BIN) man man

fuzz: tools ## fuzz every parser for FUZZTIME each
	@for target in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for name in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$target/*_test.go | sed 's/func //'); do \
	    echo "$$target $$name"; $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 200x $$target || exit 1; \
	  done; done

packages: build ## Debian and RPM packages in bin/
	@for kind in deb rpm; do \
	  ARCH=$$($(GO) env GOARCH) VERSION=$$(echo "$(VERSION)" | sed 's/^v//; /^[0-9]/!s/^/0.0.0-/') $(GO) run $(NFPM) package -f deploy/package/nfpm.yaml -p $$kind -t bin/ || exit 1; \
	done

clean: ## remove what was built
	rm -rf bin man
