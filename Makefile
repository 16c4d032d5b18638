# The same commands for a laptop and for CI. Needs rustup's cargo and a C compiler; `make help` lists the targets.

CARGO ?= cargo
DENY_VERSION := 0.20
TOOLS := target/tools
# An installed cargo-deny of that version is as good as one of our own.
FOUND := $(shell for deny in cargo-deny $(TOOLS)/bin/cargo-deny; do \
	$$deny --version 2>/dev/null | grep -q '^cargo-deny $(DENY_VERSION)\.' && echo $$deny && break; done)
DENY := $(or $(FOUND),$(TOOLS)/bin/cargo-deny)
FUZZ_VERSION := 0.13
# Seconds for each fuzz target.
T ?= 60

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target what; do \
		printf '%-8s %s\n' "$$target" "$$what"; done

.PHONY: demo
demo: ## a simulated cluster on http://127.0.0.1:8090/, until Ctrl-C
	$(CARGO) run --locked --release -- demo

.PHONY: test
test: ## everything that must pass: fmt, lint, tests, docs, deny
	$(CARGO) fmt --check
	$(MAKE) lint
	$(CARGO) test --locked --all-targets
	$(CARGO) test --locked --doc
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps
	$(MAKE) deny

.PHONY: bench
bench: ## time decoding, merging, encoding and whole requests
	$(CARGO) bench --locked --bench codec --bench merge --bench request

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

.PHONY: fuzz
fuzz: nightly $(TOOLS)/bin/cargo-fuzz ## the fuzz targets in turn, T=60 seconds each; needs a nightly toolchain
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" CARGO='$(CARGO)' fuzz/run $(T)

.PHONY: nightly
nightly:
	@$(CARGO) +nightly --version >/dev/null 2>&1 || { echo 'fuzz: the fuzzer needs a nightly toolchain, and there is none' \
		'here; install it with: rustup toolchain install nightly --profile minimal'; exit 1; }

$(TOOLS)/bin/cargo-fuzz:
	$(CARGO) install --locked --version '~$(FUZZ_VERSION)' --root $(TOOLS) cargo-fuzz
