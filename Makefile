# Thin: each command is a script under ci/. A target's ## text is its line in the list.
.DEFAULT_GOAL := help
.PHONY: help serve build package test bench study soak fmt clean
MAKEFLAGS += --no-print-directory

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-7s %s\n' "$$name" "$$text"; done

serve: ## set up what is missing, build the page and serve it at http://localhost:8080/ (PORT=... for another port)
	@ci/setup build && ci/serve

build: ## leave the page as a static site in dist/
	@ci/setup build && ci/build

package: ## make the npm packages: the folders target/npm/noxrun and noxrun-decode, and their tarballs
	@ci/setup test && ci/package

test: ## set up what is missing and run every check
	@ci/setup test && ci/test-all

bench: ## measure and print the figures
	@ci/setup test && ci/bench

study: ## judge the research note's claims again: measure what docs/study.md quotes (ten minutes)
	@ci/setup test && ci/study

soak: ## run the tests that take long (minutes to an hour)
	@ci/setup test && ci/soak

fmt: ## format the code
	@ci/setup build && ci/check-format --write

clean: ## remove everything that was built here (tools stay in the cache folder)
	@rm -rf target dist node_modules
