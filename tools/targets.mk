# targets.mk - what `make` can do besides building; included by the Makefile.

.PHONY: help unit clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' tools/targets.mk | sed -E 's/:.*## /\t/' | sort | column -t -s "$$(printf '\t')"

unit: $(O)/stele-unit ## unit tests of this MODE; FILTER=text runs some
	$(Q)$(O)/stele-unit $(FILTER)

clean: ## remove every build folder
	rm -rf build build-*
