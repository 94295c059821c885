# targets.mk - what `make` can do besides building; included by the Makefile.
# The targets that set up come in order, each step a `make` of its own: a fresh machine has no
# compiler before the first one.

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= $(PREFIX)/lib/systemd/system
CLANG      := CC=clang CXX=clang++

.PHONY: help run test unit check format fuzz bench install uninstall clean distclean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' tools/targets.mk | sed -E 's/:.*## /\t/' | sort | column -t -s "$$(printf '\t')"

run: ## install what is missing, build, serve on 127.0.0.1:8000 with data in ./data
	$(Q)tools/setup build
	$(Q)$(MAKE) $(O)/stele
	$(Q)exec $(O)/stele serve --listen 127.0.0.1:8000 --data data

test: ## install what is missing, build, run every suite; SUITES="a b" runs those
	$(Q)tools/setup test
	$(Q)$(MAKE) MODE=release build/stele build/stele-unit
	$(Q)$(MAKE) MODE=asan $(CLANG) build-asan/stele build-asan/stele-unit
	$(Q)$(MAKE) MODE=tsan $(CLANG) build-tsan/stele-unit
	$(Q)tools/test $(SUITES)

unit: $(O)/stele-unit ## unit tests of this MODE; FILTER=text runs some
	$(Q)$(O)/stele-unit $(FILTER)

check: ## what a reviewer would otherwise have to remember
	$(Q)tools/setup check
	$(Q)tools/check

format: ## lay the code out as `make check` wants it
	$(Q)tools/setup check
	$(Q).venv/bin/clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h' '*.cc')

fuzz: ## let every fuzz target look for FUZZ_SECONDS (600)
	$(Q)tools/setup test
	$(Q)FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tests/fuzz/run

bench: ## install what is missing, build, measure; SCALE=1: what there is much of
	$(Q)tools/setup $(if $(SCALE),build,bench)
	$(Q)$(MAKE) MODE=release build/stele build/stele-bench
	$(Q)PATH="$$PWD/.venv/bin:$$PATH" tests/bench/$(if $(SCALE),scale.py,run)

# The page and the service are written at install time: from the options table, and for this PREFIX.
install: ## binary, man page and systemd service into PREFIX (/usr/local); DESTDIR for packagers
	$(Q)$(MAKE) MODE=release build/stele
	build/stele man > build/stele.1
	sed 's|@BINDIR@|$(BINDIR)|g' tools/stele.service.in > build/stele.service
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(UNITDIR)
	install -s -m 755 build/stele $(DESTDIR)$(BINDIR)/stele
	install -m 644 build/stele.1 $(DESTDIR)$(MANDIR)/man1/stele.1
	install -m 644 build/stele.service $(DESTDIR)$(UNITDIR)/stele.service

uninstall: ## remove what install put there; data stays
	rm -f $(DESTDIR)$(BINDIR)/stele $(DESTDIR)$(MANDIR)/man1/stele.1 $(DESTDIR)$(UNITDIR)/stele.service

clean: ## remove every build folder
	rm -rf build build-*

distclean: clean ## and what set-up put into the checkout
	rm -rf .venv $(wildcard tests/*/node_modules) $(wildcard tests/*/jars) tests/bench/dynoxide tests/transfer/gateway
