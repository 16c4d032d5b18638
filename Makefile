# The same commands for a laptop and for CI. Needs rustup's cargo, a C compiler and Python 3; `make help` lists the targets.

CARGO ?= cargo
DENY_VERSION := 0.20
DEB_VERSION := 3.8
TOOLS := target/tools
# An installed cargo-deny of that version is as good as one of our own.
FOUND := $(shell for deny in cargo-deny $(TOOLS)/bin/cargo-deny; do \
	$$deny --version 2>/dev/null | grep -q '^cargo-deny $(DENY_VERSION)\.' && echo $$deny && break; done)
DENY := $(or $(FOUND),$(TOOLS)/bin/cargo-deny)

FOUND_DEB := $(shell for deb in cargo-deb $(TOOLS)/bin/cargo-deb; do \
	$$deb --version 2>/dev/null | grep -q '^$(DEB_VERSION)\.' && echo $$deb && break; done)
DEB := $(or $(FOUND_DEB),$(TOOLS)/bin/cargo-deb)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target what; do \
		printf '%-9s %s\n' "$$target" "$$what"; done

.PHONY: demo
demo: ## a simulated cluster on http://127.0.0.1:8090/, until Ctrl-C
	$(CARGO) run --locked --release -- demo

.PHONY: test
test: ## everything that must pass: fmt, lint, tests, docs, openapi, deny
	$(CARGO) fmt --check
	$(MAKE) lint
	$(CARGO) test --locked --all-targets
	$(CARGO) test --locked --doc
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps
	$(MAKE) openapi
	$(MAKE) deny

# The program is the one that the tests are built with; a plain build would make another of all it stands on.
.PHONY: openapi
openapi: ## hold running daemons against their OpenAPI document
	$(CARGO) test --locked --test it --no-run
	python3 tests/openapi/check.py "$${CARGO_TARGET_DIR:-target}/debug/keyviz-fanout"

.PHONY: bench
bench: ## time decoding, merging, encoding and whole requests
	$(CARGO) bench --locked --bench codec --bench merge --bench request

.PHONY: chaos
chaos: ## CHAOS_SECONDS=120 of failing nodes, impatient callers and edits; CHAOS_SEED= of an earlier run repeats it
	$(CARGO) test --locked --test it chaos:: -- --ignored --nocapture

.PHONY: fmt
fmt: ## format the code
	$(CARGO) fmt

.PHONY: lint
lint: ## clippy, warnings are errors
	$(CARGO) clippy --locked --all-targets -- -D warnings

# The advisories come from a database that has to be fetched; a laptop without a network has the other checks still.
.PHONY: deny
deny: $(if $(FOUND),,$(DENY)) ## licences, sources, duplicates and known vulnerabilities of the dependencies
	$(DENY) check bans licenses sources
	@if $(DENY) fetch db; then $(DENY) check advisories; \
	elif ls -d "$${CARGO_HOME:-$$HOME/.cargo}"/advisory-dbs/*/crates >/dev/null 2>&1; then $(DENY) --offline check advisories; \
	else echo 'deny: advisories were NOT checked: their database could not be fetched, and there is none here'; fi

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install --locked --version '~$(DENY_VERSION)' --root $(TOOLS) cargo-deny

.PHONY: deb
deb: $(if $(wildcard web),page) $(if $(FOUND_DEB),,$(DEB)) ## the Debian package, in target/debian
	CARGO='$(CARGO)' CARGO_DEB='$(DEB)' packaging/build

.PHONY: test-deb
test-deb: deb ## the package under lintian, piuparts and a booted systemd; needs root and Debian, see packaging/tests/run
	packaging/tests/run

$(TOOLS)/bin/cargo-deb:
	$(CARGO) install --locked --version '~$(DEB_VERSION)' --root $(TOOLS) cargo-deb
