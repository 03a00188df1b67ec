# Everything a newcomer types. `make help` lists it.
SWIFT ?= swift
PREFIX ?= /usr/local
KILLS ?= 1000

.PHONY: help deps test-deps build release test demo demo-remediation bench torture fuzz docs install format lint clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

deps: ## install the Debian packages that building needs (root or sudo)
	@scripts/install-dependencies

test-deps: deps
	@scripts/install-dependencies --tests

build: deps ## build everything in debug mode
	$(SWIFT) build

release: deps ## build keptn and its tools optimised
	$(SWIFT) build -c release --product keptn
	$(SWIFT) build -c release --product keptn-bench
	$(SWIFT) build -c release --product carts

test: test-deps ## build and run all tests
	@scripts/test

demo: build ## see a service travel through three stages behind quality gates
	@.build/debug/keptn demo

demo-remediation: build ## see a problem of production be found by Prometheus and repaired
	@.build/debug/keptn demo remediation

bench: release ## measure; see docs/benchmarks.md
	@scripts/bench

torture: release ## kill -9 the loaded server, then its integrations too, KILLS times and count what was lost
	.build/release/keptn-bench torture --kills $(KILLS)
	.build/release/keptn-bench torture-integrations --kills $(KILLS)

fuzz: deps ## feed every parser of foreign bytes with made-up input, each for FUZZ_SECONDS
	@scripts/fuzz

docs: deps ## write the documentation of KeptnKit to .build/docs (fetches swift-docc-plugin)
	KEPTN_DOCS=1 $(SWIFT) package --allow-writing-to-directory .build/docs generate-documentation \
		--target KeptnKit --warnings-as-errors --output-path .build/docs

install: release ## install the keptn binary below PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 .build/release/keptn $(DESTDIR)$(PREFIX)/bin/keptn

format: ## bring all sources into the house format
	$(SWIFT) format --in-place --recursive Sources Tests examples Fuzz Package.swift

lint: ## check the house format
	$(SWIFT) format lint --strict --recursive Sources Tests examples Fuzz Package.swift

clean: ## remove what was built
	rm -rf .build .tools
