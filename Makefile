.DEFAULT_GOAL := help
GO ?= go
# The one model that tests and demo run; MODEL=/some/file.gguf takes another file.
FETCH := ./scripts/fetch/model.sh
# Packages that are tested side by side: some wait for blocks while others compute.
SIDE := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)
# Begins first, for it takes longest, and waits for blocks nearly all the time: in
# its place among the others, processors would be idle after them.
FIRST := ./protocol/consensus
LINT_VERSION := v2.13.1

help: ## show this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## fetch the model, build, and run four validators, five miners and eight raters until each is paid
	./scripts/demo/run.sh --story --cheats

devnet: ## the same network without cheats; it stays up until Ctrl-C (with DIR=… it goes on there the next day)
	./scripts/demo/run.sh $(if $(DIR),--dir "$(DIR)")

# Names, separated by commas; none is all, or every third from THIRD on.
ATTACKS ?=
THIRD ?= -1
LIARS ?=

attack: ## liars, then attacks on four validators and three miners in all ways that are known; ATTACKS=names or THIRD=0|1|2 for some
	@test -n "$(ATTACKS)" || $(MAKE) liars
	@mkdir -p build && $(GO) build -buildvcs=auto -o build/ ./cmd/miner ./cmd/validator ./scripts/adversary/attack
	build/attack -bin build -attacks "$(ATTACKS)" -third $(THIRD)

liars: ## put liars about work among miners and validators in memory, and say what each lost; LIARS=names for some
	$(GO) run ./scripts/adversary/liars -liars "$(LIARS)"

bench-chain: ## blocks and transfers of our ledger beside CometBFT alone, by turns (two and a half minutes)
	$(GO) run ./scripts/bench/chain -rounds 2

attack-blocks: ## the time of blocks while 4,096 hostile transactions wait, with 64 and with 4,096 seats
	@mkdir -p build && $(GO) build -buildvcs=auto -o build/ ./cmd/miner ./cmd/validator ./scripts/adversary/attack
	build/attack -bin build -attacks worst -seats 64
	build/attack -bin build -attacks worst -seats 4096

build: ## build miner, validator and assay into ./build
	$(GO) build -buildvcs=auto -o build/ ./cmd/...

# A release's version; it begins with a digit. RELEASE is where its files go.
VERSION ?= 0.0.0+$(shell git log -1 --format=%cd.%h --date=format:%Y%m%d)
RELEASE ?= build/release

release: ## static programs and Debian packages for amd64 and arm64; VERSION=1.2.0
	./scripts/release/build.sh "$(VERSION)" $(RELEASE)

check-release: model ## build a release twice, compare, and install, upgrade and remove its package (wants root)
	./scripts/check/release.sh

check-package: model build ## install, upgrade, remove and purge a Debian package of ./build with the machine's dpkg (wants root)
	./scripts/check/package.sh

check-prometheus: model ## the alerts and dashboards under Debian's Prometheus (installs it)
	./scripts/check/prometheus.sh

model: ## fetch the model that demo and tests run into the user's cache
	$(FETCH)

# MODEL replaces the first model alone; tests compare with numbers of the second.
models: model ## fetch the tests' second model, too
	MODEL= $(FETCH) gemma3-270m

templates: ## fetch other programs' chat templates and compare what becomes of them with Python's jinja2
	@dir=$$(./scripts/fetch/templates.sh | tail -n 1) && \
		ASSAY_TEMPLATES=$$dir $(GO) test -count=1 -v -run Peers ./engine/chattemplate

test: models ## fetch the models and run all tests, at every level of instructions of this machine, and the oracle
	@$(GO) test -count=1 -v -run NoLevel ./engine/native | sed -n 's/.*: \(instructions: \)/\1/p'
	$(GO) test -p $(SIDE) -timeout 12m $(FIRST) ./...
	@$(MAKE) --no-print-directory oracle

page: ## the label, chat and dashboard pages in a real Chromium, by keyboard alone and under axe-core's rules (installs both)
	@./scripts/check/need.sh chromium chromium fonts-dejavu-core
	@axe=$$(./scripts/fetch/axe.sh | tail -n 1) && ASSAY_AXE=$$axe $(GO) test -count=1 -tags page ./miner/label ./engine/server/page ./protocol/dashboard

holes: model ## peers behind routers, in network namespaces: who can be dialled, a relay, a hole (wants root; before a release)
	./scripts/check/holes.sh

operating: model ## run every command of validator/OPERATING.md on a network of one
	./scripts/check/operating.sh

race: models ## the concurrent packages under the race detector
	./scripts/check/race.sh

nocgo: models ## prove that the tree builds and gives the same bits without a C compiler
	CGO_ENABLED=0 $(GO) list -export ./... >/dev/null # compiles all, and links none
	CGO_ENABLED=0 $(GO) build -buildvcs=auto -o build/nocgo/ ./cmd/...
	CGO_ENABLED=0 $(GO) test -count=1 -run 'Golden|Vector' ./engine/...

fuzz: ## fuzz every decoder for five seconds each
	./scripts/check/fuzz.sh 5s

fuzz-long: ## fuzz every decoder for ten minutes each, and try pools and the whole ledger a million times against models
	ASSAY_MODEL_STEPS=1000000 $(GO) test -count=1 -timeout 60m -v -run TestTheLedgerFollows ./protocol/ledger
	ASSAY_POOL_STEPS=1000000 $(GO) test -count=1 -timeout 30m -v -run TestStakesFollow ./protocol/ledger
	./scripts/check/fuzz.sh 10m

quality: models ## the whole comparison with llama.cpp (make test takes a part)
	ASSAY_QUALITY=all $(GO) test -count=1 -timeout 20m -run Quality ./engine/...

# The first of eight seeds of signals, and that of mutants.
SEED ?= 0
# How many epochs, in four networks together.
EPOCHS ?= 10000

long: ## ten thousand epochs in memory in which one of four lies, says nothing, is cut off or dies, and messages are lost
	GOGC=400 $(GO) test -count=1 -timeout 6h -v -run OneOfFour ./scripts/simtest -epochs $(EPOCHS) -seed $(SEED)

splits: ## what a machine has behind one seat and behind many, of capacities 1 to 64, and the worst split (make test plays one)
	ASSAY_SPLITS=all $(GO) test -count=1 -timeout 30m -v -run BehindMany ./scripts/simtest -seed $(SEED)

signals: model ## what cheap signals tell of preference's golds, on many pairs (make test takes a few)
	ASSAY_SIGNALS=$(SEED) $(GO) test -count=1 -timeout 30m -v -run Signal ./protocol/task/preference/pair

bench: model ## run every benchmark, the engine's speed on the real model, and its kernels beside what the machine can do
	$(GO) test -run '^$$' -bench . -benchtime 1s ./...
	$(GO) run ./cmd/assay model bench --model "$$($(FETCH) | tail -n 1)"
	$(GO) run ./scripts/bench/kernels -levels all

# The size of the file; it is made in TMPDIR, with as much again beside it.
BULK ?= 1000000000

bench-bulk: ## score a gigabyte of new records: how fast, and in how much memory
	@mkdir -p build && $(GO) build -buildvcs=auto -o build/ ./cmd/assay
	$(GO) run ./scripts/bench/bulk -assay build/assay -bytes $(BULK)

bench-peers: model ## our engine beside llama.cpp, in alternation (builds llama.cpp once)
	./scripts/bench/peers.sh

bench-serve: models ## our server beside llama.cpp's, sixteen clients streaming from each in alternation (builds llama.cpp once)
	@mkdir -p build && $(GO) build -buildvcs=auto -o build/ ./cmd/assay
	@llama=$$(./scripts/bench/peers/build.sh | tail -n 1) && $(GO) run ./scripts/bench/load compare -llama "$$llama" \
		"$$($(FETCH) | tail -n 1)" "$$(MODEL= $(FETCH) gemma3-270m | tail -n 1)"

# How long; SEED=N has others do other things.
FOR ?= 10m

traffic: models ## an hour's trouble for a server in ten minutes: clients that go away, read slowly, ask for nonsense; models by turns
	@mkdir -p build && $(GO) build -buildvcs=auto -o build/ ./cmd/assay
	$(GO) run ./scripts/bench/load traffic -for $(FOR) -seed $(SEED) "$$($(FETCH) | tail -n 1)" "$$(MODEL= $(FETCH) gemma3-270m | tail -n 1)"

oracle: ## take a recorded network apart, and score random files, by protocol/SPEC.md alone
	python3 -B scripts/oracle/protocol/main.py
	@mkdir -p build && $(GO) build -buildvcs=auto -o build/ ./cmd/assay
	python3 -B scripts/oracle/preference/main.py build/assay
	python3 -B scripts/oracle/synthetic/main.py build/assay

oracle-long: ## score a thousand random files of each kind of data by protocol/SPEC.md alone
	@mkdir -p build && $(GO) build -buildvcs=auto -o build/ ./cmd/assay
	python3 -B scripts/oracle/preference/main.py build/assay 1000
	python3 -B scripts/oracle/synthetic/main.py build/assay 1000

peers: ## make the vectors of other implementations again; read the diff before you commit it
	./scripts/oracle/peers.sh

clients: ## clients of others, as their users start them, against assay serve (installs them)
	./scripts/clients/run.sh

sanitize: ## the kernels without warnings by gcc and clang, and clean under ASan and UBSan
	./scripts/check/sanitize.sh

arm64: models ## the kernels of arm64 and the golden vectors of the models under an emulator
	./scripts/check/arm64.sh

kernels: ## compile engine/cuda's kernels to the PTX that is committed
	./scripts/check/kernels.sh --write

kernels-report: ## assemble the kernels of GPUs by NVIDIA's assemblers; registers and instructions into engine/SPEED.md
	python3 -B scripts/bench/kernels_report.py

interpreted: model ## a golden run of SmolLM2 by the kernels of GPUs, on an interpreter of their PTX
	$(GO) test -count=1 -tags interpreted -run 'InterpretedGPU|BeginEarly' ./engine

mutants: ## change random single instructions of the kernels of GPUs; at least 92 of 100 are found (SEED=N draws others)
	ASSAY_MUTANTS=$(SEED) $(GO) test -count=1 -tags mutants -timeout 20m -v -run Mutants ./engine/cuda

golden: models ## rewrite golden files; read the diff before you commit it
	UPDATE_GOLDEN=1 $(GO) test ./...

lint: ## formatting, linter, import map and rules of the house
	./scripts/check/lint.sh $(LINT_VERSION)

.PHONY: help check-package check-release release check-prometheus demo devnet attack attack-blocks liars bench-chain build model models templates test page operating race nocgo fuzz fuzz-long long splits quality signals bench bench-bulk bench-peers bench-serve traffic oracle oracle-long peers clients sanitize arm64 kernels kernels-report interpreted mutants golden lint holes
