package store_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/store"
)

// damage flips a bit of every file of the cache below dir, at the place that
// at returns for its size.
func (w *world) damage(dir string, at func(size int) int) {
	w.t.Helper()
	done := 0
	for _, p := range w.list() {
		if !strings.HasPrefix(p, dir+"/") {
			continue
		}
		name := filepath.Join(w.dir, "cache", p)
		b, err := os.ReadFile(name)
		if err != nil {
			w.t.Fatal(err)
		}
		b[at(len(b))] ^= 0x10
		if err := os.Remove(name); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o444); err != nil {
			w.t.Fatal(err)
		}
		done++
	}
	if done == 0 {
		w.t.Fatalf("nothing to damage in %s", dir)
	}
}

func (w *world) fails(content []byte, kind errs.Kind) {
	w.t.Helper()
	got, err := w.Get(w.t.Context(), object.Sum(content), nil)
	if errs.KindOf(err) != kind || got != nil {
		w.t.Errorf("%d bytes, %v; want an error of class %v", len(got), err, kind)
	}
}

func TestDamageIsFoundWhereverItIs(t *testing.T) {
	small, large := bytesOf(1, 1000), bytesOf(2, 100_000)
	const end = 48 + 24 // one row and the trailer
	for name, test := range map[string]struct {
		content []byte
		dir     string
		at      func(int) int
	}{
		"first byte of a pack":   {small, "packs", func(int) int { return 0 }},
		"last byte of a frame":   {small, "packs", func(n int) int { return n - end - 1 }},
		"hash in the footer":     {small, "packs", func(n int) int { return n - end + 5 }},
		"offset in the footer":   {small, "packs", func(n int) int { return n - end + 32 }},
		"size in the footer":     {small, "packs", func(n int) int { return n - end + 37 }},
		"codec in the footer":    {small, "packs", func(n int) int { return n - end + 44 }},
		"number of rows":         {small, "packs", func(n int) int { return n - 24 }},
		"checksum":               {bytesOf(3, 10), "packs", func(n int) int { return n - 8 }}, // not the object's: that is good
		"magic of the container": {small, "packs", func(n int) int { return n - 1 }},
		"a file":                 {large, "files", func(n int) int { return n / 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.put(small, large)
			w.damage(test.dir, test.at)
			w.again().fails(test.content, errs.Corrupt)
		})
	}
}

func TestABadCopyIsNotTheLastWord(t *testing.T) {
	small, large := bytesOf(1, 1000), bytesOf(2, 100_000)
	w := newWorld(t)
	w.put(small, large)
	w.damage("packs", func(int) int { return 0 })
	w.damage("files", func(int) int { return 0 })

	w = w.again()
	w.fails(small, errs.Corrupt)
	w.fails(large, errs.Corrupt)
	for _, c := range [][]byte{small, large} {
		if ok, err := w.Has(object.Sum(c)); ok || err != nil {
			t.Errorf("what is known to be damaged counts as there (%v)", err)
		}
	}
	w.put(small, large) // from a remote, say
	for _, w := range []*world{w, w.again()} {
		w.has(small)
		w.has(large)
	}
}

func TestALooseCopyHealsAPack(t *testing.T) {
	small := bytesOf(1, 1000)
	w := newWorld(t)
	w.put(small)
	w.damage("packs", func(int) int { return 0 })
	open(t, w.dir, func(o *store.Options) { o.Loose = true }).put(small)
	w.again().has(small)
}

func TestReaderReadsInAnyOrder(t *testing.T) {
	w := newWorld(t)
	var contents [][]byte
	for i := range 2000 {
		contents = append(contents, bytesOf(uint64(i), 1+i*7%3000))
	}
	contents = append(contents, bytesOf(1, 100_000))
	ids := w.put(contents...)
	w.put(bytesOf(5000, 10)) // a second pack
	contents, ids = append(contents, bytesOf(5000, 10)), append(ids, object.Sum(bytesOf(5000, 10)))

	w = w.again()
	type wanted struct {
		store.Spot
		i int
	}
	var list []wanted
	for i, id := range ids {
		spot, ok, err := w.Locate(id)
		if !ok || err != nil || spot.Size != int64(len(contents[i])) {
			t.Fatalf("object %d: %+v, %v, %v", i, spot, ok, err)
		}
		list = append(list, wanted{spot, i})
	}
	check := func(t *testing.T, get func(x wanted) ([]byte, error)) {
		for _, x := range list {
			if got, err := get(x); err != nil || !bytes.Equal(got, contents[x.i]) {
				t.Fatalf("object %d: %d bytes, %v", x.i, len(got), err)
			}
		}
	}
	r := w.NewReader()
	t.Run("as stored", func(t *testing.T) {
		check(t, func(x wanted) ([]byte, error) { return r.Get(t.Context(), ids[x.i]) })
	})
	t.Run("backwards", func(t *testing.T) {
		slices.Reverse(list)
		check(t, func(x wanted) ([]byte, error) { return r.Get(t.Context(), ids[x.i]) })
	})
	t.Run("sorted", func(t *testing.T) {
		slices.SortFunc(list, func(a, b wanted) int { return a.Compare(b.Spot) })
		check(t, func(x wanted) ([]byte, error) { return r.Read(t.Context(), ids[x.i], x.Spot) })
		last := 2000 // the file sorts first
		if list[0].i != last {
			t.Errorf("object %d is first, want the file", list[0].i)
		}
	})
	t.Run("from a damaged pack", func(t *testing.T) {
		small := bytesOf(6000, 100)
		w.put(small)
		w.damage("packs", func(int) int { return 0 })
		w := w.again()
		bad := 0
		r := w.NewReader()
		for _, x := range list {
			if _, err := r.Get(t.Context(), ids[x.i]); errs.KindOf(err) == errs.Corrupt {
				bad++
			} else if err != nil {
				t.Error(err)
			}
		}
		if bad != 2 { // the first of each old pack
			t.Errorf("%d objects are damaged, want 2", bad)
		}
	})
}

func TestReadingInOrderTakesFewAllocations(t *testing.T) {
	w := newWorld(t)
	var contents [][]byte
	for i := range 1000 {
		contents = append(contents, bytesOf(uint64(i), 300))
	}
	ids := w.put(contents...)
	r := w.NewReader()
	if allocs := testing.AllocsPerRun(5, func() {
		for _, id := range ids {
			if _, err := r.Get(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}); allocs > 20 {
		t.Errorf("%v allocations for 1000 objects", allocs)
	}
	if allocs := testing.AllocsPerRun(5, func() {
		for _, id := range ids {
			if ok, err := w.Has(id); !ok || err != nil {
				t.Fatal(err)
			}
		}
	}); allocs > 0 {
		t.Errorf("%v allocations to look up 1000 objects", allocs)
	}
}

func TestOpenBlob(t *testing.T) {
	w := newWorld(t)
	for _, c := range [][]byte{bytesOf(1, 1000), bytesOf(2, 100_000)} {
		id := w.put(c)[0]
		b, err := w.OpenBlob(id)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size))
		if err != nil || !bytes.Equal(got, c) {
			t.Errorf("%d bytes, %v; want %d", len(got), err, len(c))
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.OpenBlob(object.Sum([]byte("never stored"))); errs.KindOf(err) != errs.Missing {
		t.Errorf("an object that was never stored: %v", err)
	}
}

func TestGetFindsWhatAnotherProcessStored(t *testing.T) {
	w := newWorld(t)
	w.has(nil)
	if ok, _ := w.Has(object.Sum([]byte("x"))); ok {
		t.Fatal("there already")
	}
	w.again().put([]byte("x"))
	w.has([]byte("x"))
}

func TestPlace(t *testing.T) {
	sizes := map[string]int{"empty": 0, "small": 100, "large": 100_000}
	for name, size := range sizes {
		for kind, kinds := range map[string][]fsx.LinkKind{
			"copy": nil, "hardlink": {fsx.Hardlink, fsx.Copy}, "symlink": {fsx.Softlink, fsx.Copy}, "reflink": {fsx.Reflink, fsx.Copy},
		} {
			for _, exec := range []bool{false, true} {
				t.Run(name+" "+kind, func(t *testing.T) {
					w, ws := newWorld(t), newWorkspace(t)
					c := bytesOf(3, size)
					id := w.put(c)[0]
					opt := store.PlaceOptions{Kinds: kinds, Exec: exec}
					got, err := w.Place(t.Context(), id, int64(size), ws.root, "dir/file", opt)
					if err != nil {
						t.Fatal(err)
					}
					if size < store.Loose && got != fsx.Copy {
						t.Errorf("placed by %v, which packs have not", got)
					}
					at := filepath.Join(ws.dir, "dir", "file")
					if b, err := os.ReadFile(at); err != nil || !bytes.Equal(b, c) {
						t.Errorf("%d bytes, %v; want %d", len(b), err, size)
					}
					if st, err := os.Stat(at); err != nil || st.Mode()&0o100 != 0 != exec {
						t.Errorf("mode %v, %v", st.Mode(), err)
					}
					opt.NoReplace = true
					if _, err := w.Place(t.Context(), id, int64(size), ws.root, "dir/file", opt); !errors.Is(err, fs.ErrExist) {
						t.Errorf("placed over a file: %v", err)
					}
					d, err := ws.root.Folder("dir")
					if err != nil {
						t.Fatal(err)
					}
					defer d.Close()
					if _, err := w.PlaceIn(t.Context(), id, int64(size), d, "second", opt); err != nil {
						t.Error(err)
					}
					if b, err := os.ReadFile(filepath.Join(ws.dir, "dir", "second")); err != nil || !bytes.Equal(b, c) {
						t.Errorf("in a folder: %d bytes, %v; want %d", len(b), err, size)
					}
				})
			}
		}
	}
}

func TestPlaceOfADamagedCopyChangesNothing(t *testing.T) {
	for name, size := range map[string]int{"small": 100, "large": 100_000} {
		t.Run(name, func(t *testing.T) {
			w, ws := newWorld(t), newWorkspace(t)
			c := bytesOf(4, size)
			id := w.put(c)[0]
			for _, dir := range []string{"packs", "files"} {
				if w.count(dir) > 0 {
					w.damage(dir, func(int) int { return 50 })
				}
			}
			w = w.again()
			ws.write("file", []byte("mine"))
			d, err := ws.root.Folder("")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			_, err = w.Place(t.Context(), id, int64(size), ws.root, "file", store.PlaceOptions{})
			_, err2 := w.PlaceIn(t.Context(), id, int64(size), d, "new", store.PlaceOptions{})
			if errs.KindOf(err) != errs.Corrupt || errs.KindOf(err2) != errs.Corrupt {
				t.Errorf("errors %v and %v, want corrupt", err, err2)
			}
			names, err := ws.root.ReadDir("")
			if err != nil || len(names) != 1 {
				t.Errorf("the folder has %v, %v", names, err)
			}
			if b, err := os.ReadFile(filepath.Join(ws.dir, "file")); err != nil || string(b) != "mine" {
				t.Errorf("the file is %q, %v", b, err)
			}
		})
	}
}

func TestALinkIsNotMadeToAFileOfTheWrongSize(t *testing.T) {
	w, ws := newWorld(t), newWorkspace(t)
	c := bytesOf(5, 100_000)
	id := w.put(c)[0]
	name := filepath.Join(w.dir, "cache", w.list()[0])
	if err := os.Truncate(name, 99_999); err != nil {
		t.Fatal(err)
	}
	opt := store.PlaceOptions{Kinds: []fsx.LinkKind{fsx.Hardlink, fsx.Copy}}
	if _, err := w.Place(t.Context(), id, 100_000, ws.root, "file", opt); errs.KindOf(err) != errs.Corrupt {
		t.Errorf("error %v, want corrupt", err)
	}
}
