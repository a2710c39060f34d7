package store_test

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/store"
)

// A world is a .mlv on disk and a store open on it.
type world struct {
	*store.Store
	t   *testing.T
	dir string
	mlv *fsx.Root
}

func open(t *testing.T, dir string, change func(*store.Options)) *world {
	t.Helper()
	mlv, err := fsx.MakeRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	opts := store.Options{MLV: mlv, Jobs: 2}
	if change != nil {
		change(&opts)
	}
	s, err := store.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{s, t, dir, mlv}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		_ = mlv.Close()
	})
	return w
}

func newWorld(t *testing.T) *world { return open(t, filepath.Join(t.TempDir(), ".mlv"), nil) }

// again opens a second store on the same .mlv, as another process would.
func (w *world) again() *world {
	w.t.Helper()
	return open(w.t, w.dir, nil)
}

// put stores each content in one batch.
func (w *world) put(contents ...[]byte) []object.ID {
	w.t.Helper()
	b := w.NewBatch()
	ids := make([]object.ID, len(contents))
	for i, c := range contents {
		ids[i] = object.Sum(c)
		if err := b.Put(w.t.Context(), ids[i], c); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := b.Commit(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return ids
}

// has fails the test unless the store returns content for its hash.
func (w *world) has(content []byte) {
	w.t.Helper()
	got, err := w.Get(w.t.Context(), object.Sum(content), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if !bytes.Equal(got, content) {
		w.t.Fatalf("%d bytes differ from the %d that were stored", len(got), len(content))
	}
}

// list returns the paths of files below the cache, locks excepted.
func (w *world) list() (paths []string) {
	w.t.Helper()
	root := filepath.Join(w.dir, "cache")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "lock" {
			rel, _ := filepath.Rel(root, name)
			paths = append(paths, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return paths
}

// count returns how many files of the cache lie below dir.
func (w *world) count(dir string) (n int) {
	for _, p := range w.list() {
		if strings.HasPrefix(p, dir+"/") {
			n++
		}
	}
	return n
}

// bytesOf returns n bytes that depend on seed alone.
func bytesOf(seed uint64, n int) []byte {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(n)})
	_, _ = src.Read(b)
	return b
}

func TestWhatIsCommittedIsThere(t *testing.T) {
	w := newWorld(t)
	var contents [][]byte
	for i, size := range []int{1, 2, 4095, 4096, 4097, store.Loose - 1, store.Loose, store.Loose + 1, 3 << 20} {
		contents = append(contents, bytesOf(uint64(i), size))
	}
	w.put(contents...)
	for _, w := range []*world{w, w.again()} {
		for _, c := range contents {
			w.has(c)
		}
	}
	if packs, files, temps := w.count("packs"), w.count("files"), w.count("tmp"); packs != 1 || files != 3 || temps != 0 {
		t.Errorf("%d packs, %d files, %d temporaries; want 1, 3 and none", packs, files, temps)
	}
	if _, err := w.Get(t.Context(), object.Sum([]byte("never stored")), nil); errs.KindOf(err) != errs.Missing {
		t.Errorf("an object that was never stored: %v", err)
	}
}
