package fsx

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"
)

func TestViewIsAnFS(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "mlv.yaml", "version: 1\n")
		write(t, r, "a/b/c", "content")
		check(t, r.MkdirAll("empty"))
		check(t, fstest.TestFS(r.FS(), "mlv.yaml", "a/b/c", "empty"))
	})
}

func TestViewFollowsNoLink(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "d/file", "x")
		check(t, r.Symlink("d", "link"))
		check(t, r.Symlink("d/file", "leaf"))
		for _, name := range []string{"link/file", "leaf"} {
			if _, err := fs.ReadFile(r.FS(), name); !errors.Is(err, ErrSymlink) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if target, err := fs.ReadLink(r.FS(), "leaf"); err != nil || target != "d/file" {
			t.Errorf("%q, %v", target, err)
		}
		for _, name := range []string{"../x", "/etc", ".git/config", ""} {
			if _, err := r.FS().Open(name); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

func TestMappingHasTheBytes(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	data := make([]byte, 3*4096+5)
	for i := range data {
		data[i] = byte(i * 7)
	}
	check(t, r.WriteFile("file", data, WriteOptions{Fast: true}))
	f, err := r.Open("file")
	check(t, err)
	defer f.Close()
	for _, part := range [][2]int64{{0, int64(len(data))}, {4096, 4096}, {4097, 100}, {int64(len(data)) - 5, 5}, {10, 0}, {int64(len(data)), 0}} {
		m, err := Map(f, part[0], part[1])
		check(t, err)
		if string(m.Bytes()) != string(data[part[0]:part[0]+part[1]]) {
			t.Errorf("part %v differs", part)
		}
		check(t, m.Close())
		check(t, m.Close())
		if m.Bytes() != nil {
			t.Error("bytes after Close")
		}
	}
	for _, part := range [][2]int64{{0, int64(len(data)) + 1}, {-1, 1}, {0, -1}, {1 << 62, 1 << 62}, {int64(len(data)) + 1, 0}} {
		if _, err := Map(f, part[0], part[1]); err == nil {
			t.Errorf("part %v is mapped", part)
		}
	}
}

func TestProbeLeavesNothingBehind(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		traits, err := r.Probe("sub")
		check(t, err)
		if !onWindows && (!traits.Exec || !traits.Symlinks) {
			t.Errorf("%+v", traits)
		}
		write(t, r, "sub/Name", "x")
		if ok, err := r.Exists("sub/nAME"); err != nil || ok != traits.FoldsCase {
			t.Errorf("folds case: %v, probed %v, %v", ok, traits.FoldsCase, err)
		}
		if names, err := r.ReadDir("sub"); err != nil || len(names) != 1 {
			t.Errorf("left behind: %v, %v", names, err)
		}
	})
}

func TestNowIsTheFileSystemsClock(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "before", "x")
		before, err := r.Stat("before")
		check(t, err)
		now, err := r.Now("")
		check(t, err)
		write(t, r, "after", "x")
		after, err := r.Stat("after")
		check(t, err)
		if before.Mtime > now || now > after.Mtime {
			t.Errorf("before %d, now %d, after %d", before.Mtime, now, after.Mtime)
		}
		if d := time.Since(time.Unix(0, now)); d < -time.Minute || d > time.Minute {
			t.Errorf("%v from the process's clock", d)
		}
	})
}
