# chatd: `make serve` and `make test` do everything on a fresh machine; `make help` lists the rest.

PREFIX ?= /usr/local
DESTDIR ?=
# What to hand to the server: make serve ARGS="--port 4000"
ARGS ?=
SECONDS ?= 20
# make sim SEEDS=1000 plays so many worlds, from FIRST on; make sim SEED=17 tells one's story
SEEDS ?= 400
FIRST ?= 1

SWIFT_BUILD = swift build -c release --static-swift-stdlib
BINARY = .build/release/chatd
SWIFT_PATHS = Package.swift Sources Tests Benchmarks

.PHONY: serve test demo build check format lint unit sim end-to-end fuzz bench install \
  uninstall screenshot clean help packages

serve: build ## install what is missing, build, and run the server
	@exec $(BINARY) serve $(ARGS)

test: build check sim end-to-end fuzz ## install what is missing, build, and run every test

demo: build ## half a minute in one terminal: a server, two people, a photograph
	@Scripts/packages.sh demo
	@CHATD=$(BINARY) Scripts/demo.sh

packages:
	@Scripts/packages.sh build

build: packages ## build for release
	@$(SWIFT_BUILD) --product chatd

check: packages lint ## lint, warnings as errors, unit and tidy tests
	@Scripts/packages.sh test
	swift build --build-tests -Xswiftc -warnings-as-errors
	swift test --skip-build --parallel

unit: packages
	swift test --parallel

lint: packages ## say what swift-format would change
	swift format lint --strict --parallel --recursive $(SWIFT_PATHS)

format: packages ## change it
	swift format --in-place --parallel --recursive $(SWIFT_PATHS)

sim: packages ## simulate SEEDS networks; SEED=17 tells the story of one, WIRE=1 with its datagrams
	@$(SWIFT_BUILD) --product simulate
	@.build/release/simulate $(if $(SEED),--seed $(SEED) $(if $(WIRE),--wire), \
	  --seeds $(SEEDS) --first $(FIRST))

end-to-end: build ## the real binary, real sockets, a real terminal
	@Scripts/packages.sh test
	@Scripts/python.sh
	CHATD=$(abspath $(BINARY)) .build/python/bin/python3 -m pytest -q -p no:cacheprovider Tests/EndToEndTests

fuzz: packages ## fuzz what reads bytes, SECONDS each
	Tests/Fuzz/run.sh $(SECONDS)

bench: build ## compare with a C relay, NATS, Redis, TCP, Pillow and vips, in one run each
	@Scripts/packages.sh bench
	$(SWIFT_BUILD) --product picture-bench
	$(SWIFT_BUILD) --product transfer-bench
	$(SWIFT_BUILD) --product store-bench
	Benchmarks/Fanout/fanout.py
	Benchmarks/Fanout/footprint.py
	/usr/bin/python3 Benchmarks/Pictures/compare.py
	/usr/bin/python3 Benchmarks/Native/native.py
	Benchmarks/Transfer/transfer.py
	Benchmarks/History/history.py
	@folder=$$(mktemp -d) && .build/release/store-bench --salvage $$folder; \
	  status=$$?; rm -rf "$$folder"; exit $$status

screenshot: build ## make the README's picture anew
	@Scripts/packages.sh screenshot
	CHATD=$(BINARY) Scripts/screenshot.sh

install: ## PREFIX=/usr/local, DESTDIR=
	@test -x $(BINARY) || { echo "first: make build" >&2; exit 1; }
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/chatd
	install -D -m 644 Docs/chatd.1 $(DESTDIR)$(PREFIX)/share/man/man1/chatd.1
	install -D -m 644 Support/chatd.service $(DESTDIR)$(PREFIX)/lib/systemd/system/chatd.service
	install -D -m 644 Support/chatd.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/chatd.socket

uninstall: ## undo install
	rm -f $(DESTDIR)$(PREFIX)/bin/chatd $(DESTDIR)$(PREFIX)/share/man/man1/chatd.1 \
	  $(DESTDIR)$(PREFIX)/lib/systemd/system/chatd.service \
	  $(DESTDIR)$(PREFIX)/lib/systemd/system/chatd.socket

clean: ## remove what was built
	rm -rf .build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
