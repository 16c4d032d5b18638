# The same commands for a laptop and for CI. Needs rustup's cargo, a C compiler, Node.js and Python 3; `make help` lists the
# targets.

CARGO ?= cargo
NPM ?= npm
DENY_VERSION := 0.20
DEB_VERSION := 3.8
TOOLS := target/tools
# An installed cargo-deny of that version is as good as one of our own.
FOUND := $(shell for deny in cargo-deny $(TOOLS)/bin/cargo-deny; do \
	$$deny --version 2>/dev/null | grep -q '^cargo-deny $(DENY_VERSION)\.' && echo $$deny && break; done)
DENY := $(or $(FOUND),$(TOOLS)/bin/cargo-deny)
FUZZ_VERSION := 0.13
# Seconds for each fuzz target.
T ?= 60

# What the page is made of. Folders count too: a file that is taken away makes its folder newer.
found = $(shell find web -mindepth 1 \( -name node_modules -o -name dist $(1) \) -prune -o -print)
PAGE_SOURCES := $(call found,-o -name e2e -o -name test)
PAGE_FILES := $(call found)
PAGE := web/dist/index.html
# npm's own notes of what it has installed, for the page and for its tests in a browser.
PAGE_PACKAGES := web/node_modules/.package-lock.json
BROWSER_PACKAGES := web/e2e/node_modules/.package-lock.json
# The page's own checks build it anew, after which cargo does too: not without need.
PAGE_CHECKED := web/node_modules/.checked
NODE_NEEDED := the page needs Node.js 20.19 or later with npm; without the page: cargo build --no-default-features

FOUND_DEB := $(shell for deb in cargo-deb $(TOOLS)/bin/cargo-deb; do \
	$$deb --version 2>/dev/null | grep -q '^$(DEB_VERSION)\.' && echo $$deb && break; done)
DEB := $(or $(FOUND_DEB),$(TOOLS)/bin/cargo-deb)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target what; do \
		printf '%-10s %s\n' "$$target" "$$what"; done

.PHONY: demo
demo: page ## a simulated cluster on http://127.0.0.1:8090/, until Ctrl-C
	$(CARGO) run --locked --release -- demo

.PHONY: dev
dev: $(PAGE_PACKAGES) ## the page, reloaded at every edit, over the daemon that `make demo` runs beside it
	$(NPM) --prefix web run dev

.PHONY: page
page: $(PAGE) ## build the web page that goes into the binary

$(PAGE): $(PAGE_SOURCES) $(PAGE_PACKAGES)
	$(NPM) --prefix web run build
	@touch $@

$(PAGE_CHECKED): $(PAGE_FILES) $(PAGE_PACKAGES) $(BROWSER_PACKAGES)
	$(NPM) --prefix web run check
	$(NPM) --prefix web/e2e run check
	@touch $@

$(PAGE_PACKAGES) $(BROWSER_PACKAGES): %/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v $(NPM) >/dev/null || { echo '$(NODE_NEEDED)' >&2; exit 1; }
	$(NPM) --prefix $* ci
	@touch $@

.PHONY: test
test: page ## everything that must pass: fmt, lint, tests, the page in a browser, docs, openapi, deny
	$(CARGO) fmt --check
	$(MAKE) lint
	$(CARGO) test --locked --all-targets
	$(CARGO) test --locked --doc
	$(MAKE) test-page
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps
	$(MAKE) openapi
	$(MAKE) deny

# The program is the one that the tests are built with; a plain build would make another of all it stands on.
.PHONY: openapi
openapi: ## hold running daemons against their OpenAPI document
	$(CARGO) test --locked --test it --no-run
	python3 tests/openapi/check.py "$${CARGO_TARGET_DIR:-target}/debug/keyviz-fanout"

.PHONY: test-page
test-page: browser ## the page's own tests, and all of it in a real Chromium
	$(NPM) --prefix web test
	$(NPM) --prefix web/e2e test

# What the page needs to be looked at by a program.
.PHONY: browser
browser: page $(BROWSER_PACKAGES)
	@web/e2e/need-chromium
	$(CARGO) test --locked --test it --no-run

.PHONY: bench
bench: ## time decoding, merging, encoding and whole requests
	$(CARGO) bench --locked --no-default-features --bench codec --bench merge --bench request

.PHONY: bench-page
bench-page: page $(BROWSER_PACKAGES) ## the page's figures at 1,024 × 1,440 cells, beside what they have to be
	@web/e2e/need-chromium
	$(CARGO) build --locked --release
	KEYVIZ_FANOUT="$(abspath $(or $(CARGO_TARGET_DIR),target))/release/keyviz-fanout" $(NPM) --prefix web/e2e run bench

.PHONY: pictures
pictures: browser ## the pictures of the README, from the demo
	$(NPM) --prefix web/e2e run pictures

.PHONY: chaos
chaos: ## CHAOS_SECONDS=120 of failing nodes, impatient callers and edits; CHAOS_SEED= of an earlier run repeats it
	$(CARGO) test --locked --test it chaos:: -- --ignored --nocapture

.PHONY: fmt
fmt: ## format the code
	$(CARGO) fmt

.PHONY: lint
lint: page $(PAGE_CHECKED) ## clippy with and without the page, and the page's own checks; warnings are errors
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --all-targets --no-default-features -- -D warnings

# The advisories come from a database that has to be fetched; a laptop without a network has the other checks still.
.PHONY: deny
deny: $(if $(FOUND),,$(DENY)) ## licences, sources, duplicates and known vulnerabilities of the dependencies
	$(DENY) check bans licenses sources
	@if $(DENY) fetch db; then $(DENY) check advisories; \
	elif ls -d "$${CARGO_HOME:-$$HOME/.cargo}"/advisory-dbs/*/crates >/dev/null 2>&1; then $(DENY) --offline check advisories; \
	else echo 'deny: advisories were NOT checked: their database could not be fetched, and there is none here'; fi

# Quick to build is worth more than quick to run, for programs that run once.
$(TOOLS)/bin/cargo-deny:
	$(CARGO) install --locked --debug --version '~$(DENY_VERSION)' --root $(TOOLS) cargo-deny

.PHONY: deb
deb: page $(if $(FOUND_DEB),,$(DEB)) ## the Debian package, in target/debian
	CARGO='$(CARGO)' CARGO_DEB='$(DEB)' packaging/build

.PHONY: test-deb
test-deb: deb ## the package under lintian, piuparts and a booted systemd; needs root and Debian, see packaging/tests/run
	CARGO='$(CARGO)' CARGO_DEB='$(DEB)' packaging/tests/run

$(TOOLS)/bin/cargo-deb:
	$(CARGO) install --locked --debug --version '~$(DEB_VERSION)' --root $(TOOLS) cargo-deb

.PHONY: fuzz
fuzz: nightly $(TOOLS)/bin/cargo-fuzz ## the fuzz targets in turn, T=60 seconds each; needs a nightly toolchain
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" CARGO='$(CARGO)' fuzz/run $(T)

.PHONY: nightly
nightly:
	@$(CARGO) +nightly --version >/dev/null 2>&1 || { echo 'fuzz: the fuzzer needs a nightly toolchain, and there is none' \
		'here; install it with: rustup toolchain install nightly --profile minimal'; exit 1; }

$(TOOLS)/bin/cargo-fuzz:
	$(CARGO) install --locked --version '~$(FUZZ_VERSION)' --root $(TOOLS) cargo-fuzz
