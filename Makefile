# Builds, tests and measures the module, and installs what is missing for it.
# ./auto-build.sh is a front with options and a help.  See docs/build.md.
#
#   make build [NGINX_SRC=DIR|TARBALL [STATIC=yes]] [ASAN=yes] [DEBUG=yes]
#   make test [WORDS="unit nginx"] [VALGRIND=yes]
#   make bench [WORDS="plain streams"]
#   make matrix [WORDS="1.22 1.26-static"]
#   make lint | install | clean

SHELL := bash
LIB   := set -euo pipefail; . tools/lib.sh
WORDS ?=

export NGINX_SRC STATIC ASAN DEBUG VALGRIND INSTALL_ONLY

.PHONY: build module test lint matrix bench install clean

# one build at a time in this checkout
build:
	@mkdir -p build
	@flock build/.lock $(MAKE) -s --no-print-directory module
	@$(LIB); load_build; say "built $${module_so:-$$nginx_bin}"

module: html/dist/index.html
	@tools/dependencies module
	@tools/build

html/dist/index.html: html/build.mjs $(wildcard html/package*.json) \
                      $(shell find html/src -type f)
	@tools/dependencies node npm=html
	@$(LIB); say "building the page"; \
	    logged build/page.log "could not build the page" \
	        node html/build.mjs

test: build
	@t/run $(WORDS)

lint: build
	@tools/dependencies lint
	@t/run --lint

bench: build
	@tools/dependencies bench $(if $(WORDS),$(if \
	    $(filter peers publish,$(WORDS)),peers),peers)
	@$(LIB); load_build; \
	    TEST_NGINX_BINARY=$$nginx_bin OPENAI_MONITOR_MODULE=$$module_so \
	        exec node bench/bench.mjs build/bench $(WORDS)
	@$(LIB); say "build/bench has results.md and results.json"

# tests with Node go along if this system has what they need
matrix: html/dist/index.html
	@tools/dependencies matrix npm=t/e2e
	@$(LIB); words="$(WORDS)"; MIRROR=$$(tools/dependencies archive) \
	    OUT=$$OUT/matrix t/matrix/run $${words:-$$VERSIONS}

install: build
	@tools/install

clean:
	@$(LIB); for pid in $$(cat build/run/*/nginx.pid 2> /dev/null || true); do \
	    ! grep -qs nginx /proc/$$pid/comm \
	        || die "nginx (pid $$pid) runs from build/; stop it first"; \
	done; rm -rf build; say "removed build/"
