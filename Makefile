# Targets that people and CI call. Everything runs from a clean clone with Go,
# git and python3.

GOFUMPT     := mvdan.cc/gofumpt@v0.12.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PLATFORMS   := linux/arm64 darwin/arm64 windows/amd64

# disable_grpc_modules keeps gRPC, and its work at start-up, out of the cloud
# drivers. Without -buildid and with -trimpath two builds of a commit are equal.
BUILD := CGO_ENABLED=0 go build -trimpath -tags disable_grpc_modules -ldflags "-s -w -buildid="

.PHONY: build check test test-long torture bench demo

build:
	$(BUILD) -o bin/mlv ./cmd/mlv

# demo: the story of a project, in a new folder that stays.
demo: build
	./bin/mlv demo --fast "$$(mktemp -d)/mlv-demo"

# check: what a machine can say of the code without running it.
check:
	@out=$$(go run $(GOFUMPT) -l .) && test -z "$$out" || { echo "gofumpt would change:"; echo "$$out"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go test ./internal
	@for p in $(PLATFORMS); do echo "build and vet for $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} go vet ./... && \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} go build -tags disable_grpc_modules -o /dev/null ./cmd/mlv || exit 1; done

# test: all tests and scripts with the race detector.
test:
	go test -race ./...

# bench: speed beside the floor of the machine, and the ten dearest of what a
# start-up initialises.
bench: build
	go test -run TestBars -timeout 60m -v ./cmd/mlv -bars
	go test -run '^$$' -bench . -benchmem ./...
	@GODEBUG=inittrace=1 ./bin/mlv version 2>&1 >/dev/null | sort -t@ -k2 | awk '/^init /{print $$5, $$6, $$2}' | sort -rn | head -n 10

# torture: kill mlv at each file-changing system call. It needs strace, and a
# minute.
torture: build
	testdata/torture.sh bin/mlv 2>/dev/null

# test-long: what a push costs with a million files, and after ten thousand
# pushes. It takes half an hour or more.
test-long:
	go test -run TestCost -timeout 60m -v ./internal/transfer -long
