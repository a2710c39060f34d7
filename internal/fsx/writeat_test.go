package fsx_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/mlv-dev/mlv/internal/fsx"
)

func TestWriteAtFromManyGoroutines(t *testing.T) {
	root, err := fsx.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	const part = 64 << 10
	for name, opt := range map[string]fsx.TempOptions{"direct": {Direct: true, Size: 1 << 20}, "plain": {}} {
		t.Run(name, func(t *testing.T) {
			want := make([]byte, 10*part+123)
			for i := range want {
				want[i] = byte(i * i >> 7)
			}
			temp, err := root.CreateTemp("", opt)
			if err != nil {
				t.Fatal(err)
			}
			defer temp.Discard()
			if err := temp.Grow(int64(len(want))); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for off := 0; off < len(want); off += part {
				wg.Go(func() {
					if _, err := temp.WriteAt(want[off:min(off+part, len(want))], int64(off)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if _, err := temp.WriteAt(want[:part], int64(len(want))); err == nil {
				t.Error("written past the end")
			}
			if err := temp.Commit(fsx.Path(name), fsx.CommitOptions{}); err != nil {
				t.Fatal(err)
			}
			got, err := root.ReadFile(fsx.Path(name), 1<<30)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v; want the %d that were written", len(got), err, len(want))
			}
		})
	}
}

func TestCloneTempSharesOrSaysThatItCannot(t *testing.T) {
	root, err := fsx.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.WriteFile("src", []byte("content"), fsx.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	src, err := root.Open("src")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	temp, err := root.CloneTemp("dir", src, fsx.TempOptions{Perm: 0o444})
	if err != nil {
		names, _ := root.ReadDir("dir")
		if len(names) != 0 {
			t.Errorf("a failed clone left %v", names)
		}
		t.Skip(err)
	}
	if err := temp.Commit("dir/clone", fsx.CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, err := root.ReadFile("dir/clone", 100); err != nil || string(got) != "content" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSyncAllWorksOrSaysThatItCannot(t *testing.T) {
	root, err := fsx.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.SyncAll(); err != nil {
		t.Skip(err)
	}
}
