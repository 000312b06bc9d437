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
run: web ## build everything and start it at http://localhost:3000
	cargo run --package cloakroom-server -- dev

.PHONY: test
test: ## install what is missing, then run every check and test on both engines and in Chromium
	$(section) 'Tools and packages'
	@tools/install.sh
	$(section) 'Format and lints, Rust'
	@cargo fmt --all --check
	@cargo clippy --quiet --workspace --all-targets -- -D warnings
	$(section) 'Format, lints and types, web'
	@npm --prefix web run --silent lint
	@npm --prefix web run --silent typecheck
	$(section) 'Web app: build'
	@npm --prefix web run --silent build
	$(section) 'Rust tests on SQLite'
	@env -u CLOAKROOM_TEST_POSTGRES cargo test --quiet --workspace
	$(section) 'Rust tests on Postgres'
	@tools/postgres.sh cargo test --quiet --workspace
	$(section) 'Generated files are current'
	@$(MAKE) --no-print-directory check-generated
	$(section) 'Web unit tests'
	@npm --prefix web run --silent test
	$(section) 'Browser tests'
	@cargo build --quiet --package cloakroom-server
	@CLOAKROOM_BIN="$$(cargo metadata --format-version 1 --no-deps | node -p \
		'JSON.parse(require("fs").readFileSync(0)).target_directory')/debug/cloakroom" npm --prefix web run --silent test:e2e
	$(section) 'Every section passed'

.PHONY: web
web: $(packages) ## build the web app, which the binary then holds
	npm --prefix web run --silent build

.PHONY: generate
generate: $(packages) ## write openapi.json and the TypeScript types made from it
	cargo run --quiet --package cloakroom-server -- openapi > openapi.json.new
	mv openapi.json.new openapi.json
	npm --prefix web run --silent generate

# What `generate` would write must be what is committed; the working tree is left as it was.
.PHONY: check-generated
check-generated:
	@cargo run --quiet --package cloakroom-server -- openapi | diff -u openapi.json - \
		|| { echo 'openapi.json is out of date: run `make generate`'; exit 1; }

.PHONY: fmt
fmt: $(packages) ## format the sources
	cargo fmt --all

.PHONY: lint
lint: $(packages) ## the checks that need no test run
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	npm --prefix web run --silent lint
	npm --prefix web run --silent typecheck

# npm writes this file when it has finished: it tells whether the packages are those of the lock file.
$(packages): web/package.json web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	@touch $@
