# Stele. `make` builds build/stele; `make help` lists the rest.
#
# MODE  release (default) | debug | asan (address + undefined behaviour) | tsan | fuzz (clang)
# V=1   show the commands
# O     where the build goes: build/ for release, build-<mode>/ otherwise
# WERROR=   lets a compiler newer than ours have its warnings

MODE ?= release
O    ?= $(if $(filter release,$(MODE)),build,build-$(MODE))
ifeq ($(origin CC),default)
CC   := gcc
endif
ifeq ($(origin CXX),default)
CXX  := g++
endif
Q    := $(if $(V),,@)
PKG_CONFIG ?= pkg-config

VERSION := $(shell cat VERSION)

# As many jobs as processors, unless the caller says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-print-directory

LIBS     := rocksdb libcrypto libssl yyjson libllhttp zlib libzstd # libcurl is loaded: net/libcurl.h
WERROR   := -Werror
WARNINGS := -Wall -Wextra -Wshadow -Wundef -Wpointer-arith -Wcast-align -Wwrite-strings -Wvla \
            -Wformat=2 -Wno-unused-parameter $(WERROR)
CWARN    := -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition

CPPFLAGS += -Isrc -Itests -Itests/unit -D_GNU_SOURCE -DSTELE_VERSION='"$(VERSION)"'
COMMON   := -g -fno-omit-frame-pointer -fno-strict-aliasing -pthread -MMD -MP
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

ifeq ($(MODE),release)
OPT      := -O2 -flto=auto -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDOPT    := -flto=auto -O2
else ifeq ($(MODE),debug)
OPT      := -O1 -DSTELE_SLOW_CHECKS
else ifeq ($(MODE),asan)
OPT      := -O1 -DSTELE_SLOW_CHECKS -fsanitize=address,undefined -fno-sanitize-recover=all
LDOPT    := -fsanitize=address,undefined
else ifeq ($(MODE),tsan)
OPT      := -O1 -DSTELE_SLOW_CHECKS -fsanitize=thread
LDOPT    := -fsanitize=thread
else ifeq ($(MODE),fuzz)
OPT      := -O1 -DSTELE_SLOW_CHECKS -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDOPT    := -fsanitize=address,undefined
else
$(error MODE is one of release, debug, asan, tsan, fuzz)
endif
AR       := gcc-ar
ifneq (,$(findstring clang,$(CC)))
HARDEN   += -Qunused-arguments
OPT      := $(subst -flto=auto,-flto=thin,$(OPT))
LDOPT    := $(subst -flto=auto,-flto=thin,$(LDOPT))
ifeq ($(MODE),release)
LDOPT    += -fuse-ld=lld
AR       := llvm-ar
endif
endif

CFLAGS_ALL   = -std=gnu17 $(COMMON) $(OPT) $(HARDEN) $(WARNINGS) $(CWARN) $(CFLAGS)
# The C++ files are classes of RocksDB's, whose inline functions the library then takes from here.
# It knows nothing of the thread sanitizer, which would miss its locking and report races.
CXXFLAGS_ALL = -std=c++17 $(COMMON) $(filter-out -fsanitize=thread,$(OPT)) $(HARDEN) -Wall -Wextra -Wno-unused-parameter $(WERROR) $(CXXFLAGS)
LDFLAGS_ALL  = $(LDOPT) $(LDHARDEN) -pthread $(LDFLAGS)
LDLIBS_ALL   = $(shell $(PKG_CONFIG) --libs $(LIBS)) -lm -lstdc++ $(LDLIBS)

LIB_SRC  := $(sort $(filter-out src/main.c,$(shell find src -name '*.c')))
LIB_CXX  := $(sort $(shell find src -name '*.cc'))
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o) $(LIB_CXX:%.cc=$(O)/%.oo)
MAIN_OBJ := $(O)/src/main.o
UNIT_SRC := $(sort $(shell find tests/unit tests/store -name '*.c' 2>/dev/null))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
BENCH_OBJ := $(BENCH_SRC:%.c=$(O)/%.o)
UNIT_OBJ := $(UNIT_SRC:%.c=$(O)/%.o) $(filter-out %/main.o,$(BENCH_OBJ))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/%)

.PHONY: all fuzzers
all: $(O)/stele
fuzzers: $(FUZZ_BIN)

include tools/targets.mk

$(O)/stele: $(MAIN_OBJ) $(O)/libstele.a
	$(Q)echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(O)/stele-unit: $(UNIT_OBJ) $(O)/libstele.a
	$(Q)echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(O)/stele-bench: $(BENCH_OBJ) $(O)/libstele.a
	$(Q)echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(O)/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(O)/libstele.a
	$(Q)echo "  link $@"
	$(Q)$(CXX) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LDLIBS_ALL)

$(O)/libstele.a: $(LIB_OBJ)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

# What was compiled with another compiler or other flags is compiled again.
FLAGS := $(CC) $(CXX) $(CPPFLAGS) $(CFLAGS_ALL) $(CXXFLAGS_ALL) $(LDFLAGS_ALL)
.PHONY: force
$(O)/flags: force
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' > $@

$(O)/%.o: %.c $(O)/flags
	$(Q)mkdir -p $(@D)
	$(Q)echo "  cc   $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -c -o $@ $<

$(O)/%.oo: %.cc $(O)/flags
	$(Q)mkdir -p $(@D)
	$(Q)echo "  c++  $<"
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS_ALL) -c -o $@ $<

-include $(patsubst %.oo,%.d,$(LIB_OBJ:.o=.d)) $(MAIN_OBJ:.o=.d) $(UNIT_OBJ:.o=.d) $(BENCH_OBJ:.o=.d) $(FUZZ_SRC:%.c=$(O)/%.d)
