package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
)

func (w *world) tidy() {
	w.t.Helper()
	if err := w.Tidy(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestEightPacksBecomeOne(t *testing.T) {
	w := newWorld(t)
	var contents [][]byte
	reader := w.again() // has the packs open when they are merged
	for i := range 8 {
		a, b := bytesOf(uint64(i), 1000), bytesOf(uint64(i+1), 1000)
		contents = append(contents, a, b)
		if i == 7 {
			w.tidy()
			if n := w.count("packs"); n != 7 {
				t.Fatalf("%d packs, want 7", n)
			}
			reader.has(contents[0])
		}
		w.put(a, b) // b is stored before, in part
	}
	w.tidy()
	if n := w.count("packs"); n != 1 {
		t.Errorf("%d packs, want 1", n)
	}
	for _, w := range []*world{w, reader, w.again()} {
		for _, c := range contents {
			w.has(c)
		}
	}
	st, err := os.Stat(filepath.Join(w.dir, "cache", w.list()[0]))
	if want := int64(9*(1000+48) + 24); err != nil || st.Size() != want {
		t.Errorf("the pack has %d bytes, %v; want %d: each object once", st.Size(), err, want)
	}
}

func TestPacksOfDifferentSizesAreNotMerged(t *testing.T) {
	w := newWorld(t)
	big := make([][]byte, 20)
	for i := range big {
		big[i] = bytesOf(uint64(i), 60_000)
	}
	w.put(big...) // more than 1 MiB
	for i := range 7 {
		w.put(bytesOf(uint64(i), 100))
	}
	before := w.list()
	w.tidy()
	if after := w.list(); !slices.Equal(after, before) {
		t.Errorf("packs %q became %q", before, after)
	}
}

func TestMergeKeepsTheGoodCopyAndNeverDropsTheOnlyOne(t *testing.T) {
	w := newWorld(t)
	twice, once := bytesOf(1, 1000), bytesOf(2, 1000)
	w.put(twice)
	w.put(once)
	w.damage("packs", func(int) int { return 0 })
	w.again().fails(twice, errs.Corrupt)
	w = w.again()
	if _, err := w.Get(t.Context(), object.Sum(twice), nil); errs.KindOf(err) != errs.Corrupt {
		t.Fatal(err)
	}
	for i := range 8 {
		w.put(twice, bytesOf(uint64(10+i), 10)) // the first time twice is stored again
	}
	w.tidy()
	if n := w.count("packs"); n != 1 {
		t.Errorf("%d packs, want 1", n)
	}
	w = w.again()
	w.has(twice)
	w.fails(once, errs.Corrupt) // not Missing
}

func TestADamagedPackIsNotMerged(t *testing.T) {
	w := newWorld(t)
	w.put(bytesOf(1, 1000))
	w.damage("packs", func(n int) int { return n - 30 })
	bad := w.list()[0]
	w = w.again()
	for i := range 8 {
		w.put(bytesOf(uint64(10+i), 10))
	}
	w.tidy()
	if got := w.list(); len(got) != 2 || !slices.Contains(got, bad) {
		t.Errorf("the cache has %q, want the damaged pack and a merged one", got)
	}
}

func TestMergeStopsWithItsContext(t *testing.T) {
	w := newWorld(t)
	var contents [][]byte
	for i := range 8 {
		contents = append(contents, bytesOf(uint64(i), 10))
		w.put(contents[i])
	}
	before := w.list()
	if err := w.Tidy(canceled(t)); err == nil {
		t.Error("no error")
	}
	if after := w.list(); !slices.Equal(after, before) {
		t.Errorf("packs %q became %q", before, after)
	}
	for _, c := range contents {
		w.has(c)
	}
}

func TestManyBatchesLeaveFewPacks(t *testing.T) {
	w := newWorld(t)
	for i := range 70 {
		w.put([]byte(fmt.Sprint(i)))
		w.tidy()
	}
	if n := w.count("packs"); n > 14 {
		t.Errorf("%d packs after 70 batches", n)
	}
	w = w.again()
	for i := range 70 {
		w.has([]byte(fmt.Sprint(i)))
	}
}
