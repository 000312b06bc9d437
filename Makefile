# Every task of the project, by name. `make help` lists them; `.ci/run` calls `make test` and nothing else.
#
# A new machine needs Rust and Node; `make test` installs the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# One recipe at a time: cargo and the browsers use every core by themselves, and the output stays readable.
.NOTPARALLEL:

packages := web/node_modules/.package-lock.json
section = @printf '\n== %s ==\n'

.PHONY: help
help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: run
run: ## build everything and start it at http://localhost:3000
	@echo 'Building the pages and the server: about five minutes the first time, seconds later.'
	@$(MAKE) --silent quiet-web
	@echo 'Building the server (cargo)'
	@cargo build --quiet --package cloakroom-server
	@cargo run --quiet --package cloakroom-server -- dev

# Runs a command without what it prints, unless it fails.
quietly = log=$$(mktemp) && { $(1) >"$$log" 2>&1 || { cat "$$log" >&2; rm -f "$$log"; exit 1; }; } && rm -f "$$log"

.PHONY: quiet-web
quiet-web:
	@[ $(packages) -nt web/package-lock.json ] || echo 'Installing the web packages (npm)'
	@$(call quietly,$(MAKE) --silent $(packages))
	@echo 'Building the pages (Vite)'
	@$(call quietly,npm --prefix web run --silent build)

.PHONY: test
test: ## install what is missing, then run every check and test on both engines and in Chromium
	$(section) 'Tools and packages'
	@tools/install.sh
	$(section) 'Subjects of commits'
	@tools/check-commits.sh
	$(section) 'Format and lints, Rust'
	@cargo fmt --all --check
	@cargo clippy --quiet --workspace --all-targets -- -D warnings
	$(section) 'The library with one engine alone'
	@cargo check --quiet --package cloakroom --lib --no-default-features --features sqlite
	@cargo check --quiet --package cloakroom --lib --no-default-features --features postgres
	$(section) 'Format, lints and types, web'
	@npm --prefix web run --silent lint
	@npm --prefix web run --silent typecheck
	@npm --prefix web run --silent generate --workspace client -- --check
	$(section) 'Web app: build'
	@npm --prefix web run --silent build
	$(section) 'Rust tests on SQLite'
	@env -u CLOAKROOM_TEST_POSTGRES cargo test --quiet --workspace
	$(section) 'Rust tests on Postgres'
	@tools/postgres.sh $(MAKE) --no-print-directory test-on-postgres
	$(section) 'Web unit tests'
	@npm --prefix web run --silent test
	$(section) 'Browser tests'
	@cargo build --quiet --package cloakroom-server
	@CLOAKROOM_BIN="$$(cargo metadata --format-version 1 --no-deps | node -p \
		'JSON.parse(require("fs").readFileSync(0)).target_directory')/debug/cloakroom" npm --prefix web run --silent test:e2e
	$(section) 'Every section passed'

# What touches storage; the rest has been run on SQLite already.
.PHONY: test-on-postgres
test-on-postgres:
	@cargo test --quiet --package cloakroom --test it
	@cargo test --quiet --package cloakroom-server --test it -- backup nodes storage stop mail::an_invitation mail::l0 mail::l12_a_refusal

.PHONY: web
web: $(packages) ## build the web app, which the binary then holds
	npm --prefix web run --silent build

.PHONY: generate
generate: $(packages) ## write openapi.json, config.example.toml and the TypeScript types
	cargo run --quiet --package cloakroom-server -- openapi > openapi.json.new
	mv openapi.json.new openapi.json
	cargo run --quiet --package cloakroom-server -- check --example > config.example.toml.new
	mv config.example.toml.new config.example.toml
	npm --prefix web run --silent generate

.PHONY: fmt
fmt: $(packages) ## format the sources
	cargo fmt --all

.PHONY: lint
lint: $(packages) ## the checks that need no test run
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	npm --prefix web run --silent lint
	npm --prefix web run --silent typecheck

# Measuring needs Postgres and valgrind beside what the tests need; `bench/` is a workspace of its own.
bench_driver = tools/postgres.sh env \
	CLOAKROOM_BIN="$$(cargo metadata --format-version 1 --no-deps | node -p \
		'JSON.parse(require("fs").readFileSync(0)).target_directory')/release/cloakroom" \
	BASELINES="$(CURDIR)/bench/target/release" bench/target/driver/driver

.PHONY: bench-build
bench-build: web
	@bench/install.sh
	cargo build --quiet --release --locked --package cloakroom-server
	cd bench && cargo build --quiet --release --target-dir target --package baseline --package instructions
	cd bench && cargo build --quiet --profile driver --target-dir target --package driver

.PHONY: bench
bench: bench-build ## measure Cloakroom beside its baselines, 15 minutes; writes docs/performance.md
	@$(bench_driver) run

.PHONY: bench-peers
bench-peers: bench-build ## measure other systems beside ours, 15 minutes; installs them into bench/.scratch
	@bench/peers/install.sh
	@$(bench_driver) peers

.PHONY: bench-soak
bench-soak: bench-build ## run at a low rate for 10 minutes and watch what grows
	@$(bench_driver) soak

.PHONY: bench-accept
bench-accept: bench-build ## accept the present counts of instructions
	@$(bench_driver) accept

.PHONY: bench-page
bench-page: bench-build ## write docs/performance.md again from the figures in bench/results
	@$(bench_driver) page

# npm writes this file when it has finished: it tells whether the packages are those of the lock file.
$(packages): web/package.json web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	@touch $@
