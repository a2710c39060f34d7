package fsx

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPlaceGivesTheContent(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		cache, err := OpenRoot(t.TempDir())
		check(t, err)
		defer cache.Close()
		if _, ok := r.top.(*portable); ok {
			h, err := openPortable(cache.dir)
			check(t, err)
			cache.top.close()
			cache.top = h
		}
		data := bytes.Repeat([]byte("0123456789"), 30_000)
		check(t, cache.WriteFile("files/ab/x", data, WriteOptions{Perm: 0o444, Fast: true}))
		kinds, err := r.Links("", cache, "files")
		check(t, err)
		if !slices.Contains(kinds, Copy) || !onWindows && (!slices.Contains(kinds, Hardlink) || !slices.Contains(kinds, Softlink)) {
			t.Errorf("links %v", kinds)
		}
		for _, kind := range kinds {
			name := kind.String()
			got, err := r.Place(Path("data/"+name), cache, "files/ab/x", PlaceOptions{Kinds: []LinkKind{kind}})
			if check(t, err); got != kind {
				t.Errorf("%v became %v", kind, got)
			}
			if b, err := os.ReadFile(filepath.Join(r.Dir(), "data", name)); err != nil || !bytes.Equal(b, data) {
				t.Errorf("%v: %d bytes, %v", kind, len(b), err)
			}
			if _, err := r.Place(Path("data/"+name), cache, "files/ab/x", PlaceOptions{Kinds: []LinkKind{kind}, NoReplace: true}); !errors.Is(err, fs.ErrExist) {
				t.Errorf("%v replaced: %v", kind, err)
			}
			_, err = r.Place(Path("data/"+name), cache, "files/ab/x", PlaceOptions{Kinds: []LinkKind{kind}})
			check(t, err) // again, over itself
			st, err := r.Stat(Path("data/" + name))
			check(t, err)
			if wrote := st.Perm&0o200 != 0; kind == Copy && !wrote || kind == Hardlink && wrote && !onWindows {
				t.Errorf("%v has mode %v", kind, st.Perm)
			}
		}
		names, err := r.ReadDir("data")
		if check(t, err); len(names) != len(kinds) {
			t.Errorf("names %v", names)
		}
	})
}

func TestPlaceTriesTheNextKind(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "plain", "content")
		write(t, r, "empty", "")
		check(t, r.WriteFile("tool", []byte("#!"), WriteOptions{Perm: 0o755}))
		for name, test := range map[string]struct {
			src  Path
			perm fs.FileMode
			want LinkKind
		}{
			"hard link":                        {"plain", 0o644, Hardlink},
			"empty files are not linked":       {"empty", 0o644, Copy},
			"executable without a link":        {"plain", 0o755, Copy},
			"not executable without a link":    {"tool", 0o644, Copy},
			"executable with an executable":    {"tool", 0o755, Hardlink},
			"permissions alone forbid no link": {"plain", 0o600, Hardlink},
		} {
			if onWindows {
				continue
			}
			got, err := r.Place("placed", r, test.src, PlaceOptions{Kinds: []LinkKind{Hardlink, Copy}, Perm: test.perm})
			if check(t, err); got != test.want {
				t.Errorf("%s: %v, want %v", name, got, test.want)
			}
			st, err := r.Stat("placed")
			check(t, err)
			if st.Exec != (test.perm&0o100 != 0) {
				t.Errorf("%s: mode %v", name, st.Perm)
			}
			if links := uint64(1); got == Hardlink {
				links = 2
				if st.Links != links && st.Ctime != 0 {
					t.Errorf("%s: %d links", name, st.Links)
				}
			}
			check(t, r.Remove("placed"))
		}
		_, err := r.Place("x", r, "tool", PlaceOptions{Kinds: []LinkKind{Hardlink}, Perm: 0o644})
		if !onWindows && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("no kind works: %v", err)
		}
		if _, err := r.Place("x", r, "none", PlaceOptions{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none") {
			t.Errorf("no source: %v", err)
		}
	})
}

func TestParseLinkKindIsTheInverseOfString(t *testing.T) {
	for _, k := range []LinkKind{Copy, Reflink, Hardlink, Softlink} {
		if got, err := ParseLinkKind(k.String()); err != nil || got != k {
			t.Errorf("%v: %v, %v", k, got, err)
		}
	}
	if _, err := ParseLinkKind("junction"); err == nil {
		t.Error("junction is a kind")
	}
}
