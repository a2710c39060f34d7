package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/store"
)

func TestSameContentIsStoredOnce(t *testing.T) {
	w := newWorld(t)
	small, large := bytesOf(1, 1000), bytesOf(2, 100_000)
	w.put(small, large, small, large, small)
	before := w.list()
	w.put(large, small)
	w.again().put(small, large)
	if after := w.list(); len(before) != 2 || len(after) != 2 {
		t.Errorf("the cache has %q, then %q; want one pack and one file", before, after)
	}
}

func TestEmptyContentIsNotStored(t *testing.T) {
	w := newWorld(t)
	w.put(nil)
	if got := w.list(); len(got) != 0 {
		t.Errorf("the cache has %q", got)
	}
	w.has(nil)
	if ok, err := w.Has(object.Empty); !ok || err != nil {
		t.Errorf("Has of empty content: %v, %v", ok, err)
	}
}

func TestNodesGoIntoPacks(t *testing.T) {
	w := newWorld(t)
	text := bytesOf(3, 500_000)
	b := w.NewBatch()
	if err := b.PutNode(t.Context(), object.Sum(text), text); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.has(text)
	if w.count("packs") != 1 || w.count("files") != 0 {
		t.Errorf("the cache has %q", w.list())
	}
}

func TestLooseMakesNoPacks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".mlv")
	w := open(t, dir, func(o *store.Options) { o.Loose = true })
	small := bytesOf(4, 100)
	w.put(small, bytesOf(5, 100_000))
	w.has(small)
	if w.count("packs") != 0 || w.count("files") != 2 {
		t.Errorf("the cache has %q", w.list())
	}
	open(t, dir, nil).has(small)
}

func TestNothingIsThereBeforeCommitOrAfterDiscard(t *testing.T) {
	w := newWorld(t)
	b := w.NewBatch()
	for i, size := range []int{10, 100_000, 5 << 20} {
		c := bytesOf(uint64(i), size)
		if err := b.Put(t.Context(), object.Sum(c), c); err != nil {
			t.Fatal(err)
		}
	}
	if w.count("packs")+w.count("files") != 0 {
		t.Errorf("before Commit the cache has %q", w.list())
	}
	b.Discard()
	b.Discard()
	if got := w.list(); len(got) != 0 {
		t.Errorf("after Discard the cache has %q", got)
	}
	c := bytesOf(9, 10)
	if err := b.Put(t.Context(), object.Sum(c), c); err == nil {
		t.Error("a discarded Batch takes more")
	}
	if err := b.Commit(t.Context()); err == nil {
		t.Error("a discarded Batch was committed")
	}
}

func TestBatchTakesFromManyGoroutines(t *testing.T) {
	w := newWorld(t)
	b := w.NewBatch()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				n := 50 + i
				if i%50 == 0 {
					n = 70_000
				}
				c := bytesOf(uint64(i+g%2*1000), n) // four goroutines store the same
				if err := b.Put(t.Context(), object.Sum(c), c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := b.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w = w.again()
	for i := range 300 {
		n := 50 + i
		if i%50 == 0 {
			n = 70_000
		}
		w.has(bytesOf(uint64(i), n))
		w.has(bytesOf(uint64(i+1000), n))
	}
	if w.count("files") != 12 || w.count("packs") != 1 || w.count("tmp") != 0 {
		t.Errorf("%d files, %d packs, %d temporaries", w.count("files"), w.count("packs"), w.count("tmp"))
	}
}

// A workspace is a folder with files to be stored.
type workspace struct {
	t    *testing.T
	dir  string
	root *fsx.Root
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	dir := t.TempDir()
	root, err := fsx.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return &workspace{t, dir, root}
}

func (w *workspace) write(name string, content []byte) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), content, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// store gives the file to b; meanwhile is called between its stat and that.
func (w *workspace) store(b *store.Batch, name string, likely object.ID, meanwhile func()) (object.ID, error) {
	w.t.Helper()
	st, err := w.root.Stat(fsx.Path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	f, err := w.root.Open(fsx.Path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	if meanwhile != nil {
		meanwhile()
	}
	return b.PutFile(w.t.Context(), f, st, likely)
}

var fileSizes = map[string]int{
	"empty": 0, "small": 5, "last in a pack": store.Loose - 1, "first of its own": store.Loose,
	"last in memory": 4<<20 - 1, "streamed": 4 << 20, "several blocks": 9<<20 + 77,
}

func TestPutFileStoresEverySize(t *testing.T) {
	w, ws := newWorld(t), newWorkspace(t)
	b := w.NewBatch()
	for name, size := range fileSizes {
		ws.write(name, bytesOf(7, size))
		id, err := ws.store(b, name, object.ID{}, nil)
		if err != nil || id != object.Sum(bytesOf(7, size)) {
			t.Errorf("%s: %s, %v", name, id.Short(), err)
		}
	}
	if err := b.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, size := range fileSizes {
		w.has(bytesOf(7, size))
	}
	for _, p := range w.list() {
		st, err := os.Stat(filepath.Join(w.dir, "cache", p))
		if err != nil || st.Mode().Perm() != 0o444 {
			t.Errorf("%s: %v, %v; want it read-only", p, st.Mode(), err)
		}
	}
}

func TestAFileThatChangesIsNotStored(t *testing.T) {
	for name, size := range fileSizes {
		if size == 0 {
			continue
		}
		for change, edit := range map[string]func(*workspace){
			"grows":   func(ws *workspace) { ws.write(name, bytesOf(8, size+1)) },
			"shrinks": func(ws *workspace) { ws.write(name, bytesOf(8, size-1)) },
		} {
			t.Run(name+" "+change, func(t *testing.T) {
				w, ws := newWorld(t), newWorkspace(t)
				ws.write(name, bytesOf(8, size))
				b := w.NewBatch()
				if _, err := ws.store(b, name, object.ID{}, func() { edit(ws) }); !errors.Is(err, fsx.ErrChanged) {
					t.Errorf("error %v, want %v", err, fsx.ErrChanged)
				}
				if _, err := ws.store(b, name, object.ID{}, nil); err != nil { // again, as it is now
					t.Error(err)
				}
				if err := b.Commit(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := w.Get(t.Context(), object.Sum(bytesOf(8, size)), nil); errs.KindOf(err) != errs.Missing {
					t.Errorf("what the file was before it changed: %v", err)
				}
			})
		}
	}
}

func TestALikelyFileIsOnlyHashed(t *testing.T) {
	w, ws := newWorld(t), newWorkspace(t)
	c := bytesOf(10, 5<<20)
	w.put(c)
	before, err := os.Stat(filepath.Join(w.dir, "cache", w.list()[0]))
	if err != nil {
		t.Fatal(err)
	}
	ws.write("model", c)
	b := w.NewBatch()
	for _, likely := range []object.ID{object.Sum(c), object.Sum([]byte("something else")), {}} {
		if id, err := ws.store(b, "model", likely, nil); err != nil || id != object.Sum(c) {
			t.Errorf("%s, %v", id.Short(), err)
		}
	}
	if err := b.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(filepath.Join(w.dir, "cache", w.list()[0]))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the cached file was replaced (%v)", err)
	}
}

// TestAFullOrForbiddenCacheFailsCleanly puts a file where the cache needs a
// folder, which stops even root.
func TestAFullOrForbiddenCacheFailsCleanly(t *testing.T) {
	for _, where := range []string{"tmp", "packs", "files"} {
		t.Run(where, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), ".mlv")
			if err := os.MkdirAll(filepath.Join(dir, "cache"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "cache", where), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			w, ws := open(t, dir, nil), newWorkspace(t)
			b := w.NewBatch()
			var failed error
			for name, size := range map[string]int{"small": 10, "middle": 100_000, "large": 5 << 20} {
				ws.write(name, bytesOf(11, size))
				_, err := ws.store(b, name, object.ID{}, nil)
				failed = errors.Join(failed, err)
			}
			failed = errors.Join(failed, b.Commit(t.Context()))
			if failed == nil {
				t.Error("everything was stored")
			}
			for name, size := range map[string]int{"small": 10, "middle": 100_000, "large": 5 << 20} {
				got, err := os.ReadFile(filepath.Join(ws.dir, name))
				if err != nil || len(got) != size {
					t.Errorf("source %s has now %d bytes, %v", name, len(got), err)
				}
			}
			if names, err := fs.Glob(os.DirFS(dir), "cache/tmp/.mlv-*"); err != nil || len(names) != 0 {
				t.Errorf("left behind: %q, %v", names, err)
			}
		})
	}
}

func TestWhatAKilledProcessLeftIsCleared(t *testing.T) {
	w := newWorld(t)
	w.put(bytesOf(12, 10))
	left := filepath.Join(w.dir, "cache", "tmp", ".mlv-tmp-left")
	write := func() {
		t.Helper()
		if err := os.WriteFile(left, nil, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	write()
	w.again().put(bytesOf(13, 10)) // while w may have temporaries, too
	if _, err := os.Stat(left); err != nil {
		t.Error("a file that may be of a living process was cleared")
	}
	dir := filepath.Join(t.TempDir(), ".mlv")
	left = filepath.Join(dir, "cache", "tmp", ".mlv-tmp-left")
	if err := os.MkdirAll(filepath.Dir(left), 0o755); err != nil {
		t.Fatal(err)
	}
	write()
	open(t, dir, nil).put(bytesOf(14, 10))
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there", left)
	}
}
