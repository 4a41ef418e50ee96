# make help lists the targets. Go and a Debian machine are all that is needed; `make tools` brings the rest.

GO ?= go
# All packages share one throwaway PostgreSQL, where it is installed.
BESIDE_POSTGRES = $(GO) run ./internal/db/dbtest/pgtest/pgrun

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: tools
tools: ## install what the tests use besides Go, where it is missing
	scripts/install-test-tools

.PHONY: run
run: ## start Comptoir on this machine, its data in ./comptoir-data
	$(GO) run ./cmd/comptoir serve --data comptoir-data

.PHONY: demo
demo: ## play an evening at « Le Zinc » on this machine
	$(GO) run ./cmd/comptoir demo

.PHONY: test
test: tools ## every test, with real databases, a real browser and real mail servers; installs what is missing
	COMPTOIR_REAL=1 $(BESIDE_POSTGRES) $(GO) test -timeout 20m $$($(GO) list ./... | grep -v '/crash$$')
	COMPTOIR_REAL=1 $(BESIDE_POSTGRES) $(GO) test -timeout 20m ./internal/crash # alone: it measures how long things stay undone

.PHONY: test-fast
test-fast: ## what runs in a minute, with whatever is installed
	$(BESIDE_POSTGRES) $(GO) test -short ./...

.PHONY: test-real test-real-mail test-real-bluesky test-real-wordpress
test-real: test-real-mail test-real-bluesky test-real-wordpress ## against other people's servers only; a server that does not start is a failure

test-real-mail: tools ## Dovecot and OpenSMTPD
	COMPTOIR_REAL=1 $(BESIDE_POSTGRES) $(GO) test -count=1 -run 'Real' ./internal/network/email ./internal/app

test-real-bluesky: tools ## the network's own software, fetched from npm: 700 MB and some minutes the first time
	folder=$$(scripts/install-atproto) && \
	COMPTOIR_REAL=1 COMPTOIR_ATPROTO=$$folder $(BESIDE_POSTGRES) $(GO) test -count=1 -v -run 'RealNetwork' ./internal/network/bluesky ./internal/app

test-real-wordpress: tools ## WordPress and MariaDB as Debian has them: some minutes
	scripts/from-debian /usr/share/wordpress/wp-load.php=wordpress /usr/sbin/mariadbd=mariadb-server /usr/bin/php=php-cli \
		'/usr/lib/php/*/mysqli.so'=php-mysql '/usr/lib/php/*/gd.so'=php-gd '/usr/lib/php/*/dom.so'=php-xml '/usr/lib/php/*/mbstring.so'=php-mbstring
	COMPTOIR_REAL=1 COMPTOIR_WORDPRESS=1 $(BESIDE_POSTGRES) $(GO) test -count=1 -timeout 20m -run 'TheRealWordPress|AReal' ./internal/network/wordpress ./internal/app

.PHONY: restore-drill
restore-drill: ## a place in the middle of its evening is backed up, lost and restored, on both databases; each damage is found
	$(BESIDE_POSTGRES) $(GO) test -count=1 -run 'Backup|Restore|Drill|Damage|Killed|DiskThat' ./internal/backup ./internal/app ./cmd/comptoir

.PHONY: race
race: ## what runs without a browser or real mail servers, with the race detector; not the verbs, which start programs and hold no logic
	$(BESIDE_POSTGRES) $(GO) test -race -short -timeout 20m $$($(GO) list ./... | grep -v '/cmd/comptoir$$')

.PHONY: fuzz
fuzz: ## every fuzz test for TIME (30s)
	scripts/fuzz $(or $(TIME),30s)

.PHONY: mutants
mutants: ## small mistakes planted in the drivers, each found by the check that it names (DRIVER=email, RUN=regexp)
	$(GO) run ./internal/network/networktest/mutants -driver "$(DRIVER)" -run "$(RUN)"

.PHONY: crash
crash: ## the whole program, killed and broken (RUNS=500 EACH=20 RATE=1000; SEED=n plays a plan of faults again)
	$(BESIDE_POSTGRES) $(GO) test -count=1 -timeout 4h -v ./internal/crash -args \
		-runs $(or $(RUNS),500) -each $(or $(EACH),20) -rate $(or $(RATE),1000) -seed $(or $(SEED),0)

.PHONY: bench
bench: ## what Comptoir promises in numbers, measured (COMPTOIR_LIMITS: the programs of the ceilings)
	$(GO) run ./bench

.PHONY: generate
generate: ## the Go code of the pages, from their templ files
	$(GO) tool templ generate -path internal/web/view

.PHONY: check
check: ## format, vet, staticcheck, and generated code that is up to date
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	scripts/check-generated

.PHONY: shots
shots: ## the pictures of the README, made by the demonstration's own test
	COMPTOIR_SHOTS=$(CURDIR)/docs/screenshots $(GO) test -count=1 ./internal/demo
