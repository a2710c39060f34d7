package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/store"
)

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestMain makes the test's own program the other process of some tests.
func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_WRITER"); dir != "" {
		if err := writer(dir, os.Getenv("STORE_TEST_SEED")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const rounds = 12

// content is what writer number seed stores as object i of a round. Writers
// share half of it.
func content(seed, round, i int) []byte {
	if i%2 == 0 {
		seed = 0
	}
	return bytesOf(uint64(seed*1000+round*10+i), [...]int{100, 3000, 70_000, 9, 20_000, 5 << 20}[i])
}

const perRound = 6

// writer stores round after round, says "stored N" on stdout when round N is
// durable, merges, and reads everything back.
func writer(dir, seedText string) error {
	ctx := context.Background()
	seed, err := strconv.Atoi(seedText)
	if err != nil {
		return err
	}
	mlv, err := fsx.MakeRoot(dir)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Options{MLV: mlv, Jobs: 2})
	if err != nil {
		return err
	}
	for round := range rounds {
		b := s.NewBatch()
		for i := range perRound {
			c := content(seed, round, i)
			if err := b.Put(ctx, object.Sum(c), c); err != nil {
				return err
			}
		}
		if err := b.Commit(ctx); err != nil {
			return err
		}
		fmt.Println("stored", round)
		if err := s.Tidy(ctx); err != nil {
			return err
		}
		for past := range round + 1 {
			for i := range perRound {
				c := content(seed, past, i)
				if got, err := s.Get(ctx, object.Sum(c), nil); err != nil || !bytes.Equal(got, c) {
					return fmt.Errorf("round %d of %d, object %d: %d bytes, %w", past, round, i, len(got), err)
				}
			}
		}
	}
	return s.Close()
}

func startWriter(t *testing.T, dir string, seed int) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), "STORE_TEST_WRITER="+dir, "STORE_TEST_SEED="+strconv.Itoa(seed))
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

func TestProcessesWriteMergeAndReadAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".mlv")
	const writers = 3
	var cmds []*exec.Cmd
	for seed := range writers {
		cmd, _ := startWriter(t, dir, seed+1)
		cmds = append(cmds, cmd)
	}
	for seed, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("writer %d: %v", seed+1, err)
		}
	}
	w := open(t, dir, nil)
	for seed := range writers {
		for round := range rounds {
			for i := range perRound {
				w.has(content(seed+1, round, i))
			}
		}
	}
	if n := w.count("packs"); n > 20 {
		t.Errorf("%d packs are left of %d batches", n, writers*rounds)
	}
	if n := w.count("tmp"); n != 0 {
		t.Errorf("%d temporaries are left", n)
	}
}

// TestAKilledProcessLeavesWholeObjectsOrNone kills writers at any moment and
// then holds the cache to what it promises.
func TestAKilledProcessLeavesWholeObjectsOrNone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".mlv")
	src := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable
	kills := 6
	if testing.Short() {
		kills = 3
	}
	midway := 0
	for range kills {
		cmd, out := startWriter(t, dir, 1)
		time.Sleep(time.Duration(src.IntN(250)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if cmd.Wait() != nil {
			midway++
		}
		stored := strings.Count(out.String(), "stored")
		checkCache(t, dir)
		w := open(t, dir, nil)
		for round := range stored {
			for i := range perRound {
				w.has(content(1, round, i))
			}
		}
	}
	if midway == 0 {
		t.Error("every writer had finished before it was killed")
	}
	cmd, _ := startWriter(t, dir, 1) // converges, and clears what the others left
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if w := open(t, dir, nil); w.count("tmp") != 0 {
		t.Errorf("left behind: %q", w.list())
	}
}

// checkCache hashes everything that has a name of its own in the cache.
func checkCache(t *testing.T, dir string) {
	t.Helper()
	cache := os.DirFS(filepath.Join(dir, "cache"))
	files, err := fs.Glob(cache, "files/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := fs.ReadFile(cache, name)
		if err != nil || object.Sum(b).String() != filepath.Base(name) {
			t.Errorf("%s: %d bytes of another hash (%v)", name, len(b), err)
		}
	}
	packs, err := fs.Glob(cache, "packs/*.mlvc")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range packs {
		b, err := fs.ReadFile(cache, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.CheckPack(b, filepath.Base(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGCKeepsOutAndIsKeptOut(t *testing.T) {
	w := newWorld(t)
	cache, err := fsx.OpenRoot(filepath.Join(w.dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	if _, err := cache.Lock(t.Context(), "lock", fsx.LockOptions{}); errs.KindOf(err) != errs.Locked {
		t.Errorf("gc beside an open store: %v", err)
	}
	dir := filepath.Join(t.TempDir(), ".mlv")
	if cache, err = fsx.MakeRoot(filepath.Join(dir, "cache")); err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	l, err := cache.Lock(t.Context(), "lock", fsx.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Unlock()
	mlv, err := fsx.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer mlv.Close()
	if _, err := store.Open(t.Context(), store.Options{MLV: mlv}); errs.KindOf(err) != errs.Locked {
		t.Errorf("a store beside a gc: %v", err)
	}
}
