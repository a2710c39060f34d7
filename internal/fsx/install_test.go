package fsx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatChangedIsNotReplaced(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		check(t, r.MkdirAll("d"))
		d := folder(t, r, "d")
		old, err := d.Create("file", []byte("old"), 0o644)
		check(t, err)

		st, err := d.Replace("file", []byte("new"), ReplaceOptions{Perm: 0o644, Old: &old})
		check(t, err)
		if got := content(t, r, "d/file"); got != "new" {
			t.Errorf("content %q", got)
		}
		write(t, r, "d/file", "the user's")
		temp, err := d.Temp(TempOptions{})
		check(t, err)
		for op, err := range map[string]error{
			"replace": second(d.Replace("file", []byte("newer"), ReplaceOptions{Perm: 0o644, Old: &st})),
			"write":   r.WriteFile("d/file", []byte("newer"), WriteOptions{Old: &st}),
			"commit":  temp.Commit("d/file", CommitOptions{Old: &st}),
			"remove":  d.RemoveOld("file", st),
			"place":   second(r.Place("d/file", r, "d/file", PlaceOptions{Old: &st})),
			"absent":  second(d.Replace("none", nil, ReplaceOptions{Perm: 0o644, Old: &st})),
		} {
			if !errors.Is(err, ErrChanged) {
				t.Errorf("%s: %v", op, err)
			}
		}
		if got := content(t, r, "d/file"); got != "the user's" {
			t.Errorf("content %q", got)
		}
		now, err := d.Stat("file")
		check(t, err)
		check(t, d.RemoveOld("file", now))
		if err := d.RemoveOld("file", now); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("second removal: %v", err)
		}
		if names, err := d.Names(nil); err != nil || len(names) != 0 {
			t.Errorf("left behind: %v, %v", names, err)
		}
	})
}

// TestNoReplaceByHand holds the ways around a missing system call to the same
// promise: with hard links, and where there are none.
func TestNoReplaceByHand(t *testing.T) {
	ways := map[string]func(from handle, name string, to handle, as string) error{
		"with links": moveNewByHand, "without links": claimAndMove,
	}
	for name, move := range ways {
		t.Run(name, func(t *testing.T) {
			r, err := OpenRoot(t.TempDir())
			check(t, err)
			defer r.Close()
			write(t, r, "kept", "kept")
			write(t, r, "new", "new")
			if err := move(r.top, "new", r.top, "kept"); !errors.Is(err, fs.ErrExist) {
				t.Errorf("error %v", err)
			}
			check(t, move(r.top, "new", r.top, "moved"))
			if content(t, r, "kept") != "kept" || content(t, r, "moved") != "new" {
				t.Error("the wrong file was moved")
			}
			if ok, _ := r.Exists("new"); ok {
				t.Error("the old name is still there")
			}
		})
	}
}

func TestFoldersMovedByHandReplaceNothing(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	write(t, r, "built/file", "x")
	write(t, r, "kept/file", "y")
	if err := moveNewByHand(r.top, "built", r.top, "kept"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v", err)
	}
	check(t, moveNewByHand(r.top, "built", r.top, "moved"))
	if content(t, r, "moved/file") != "x" || content(t, r, "kept/file") != "y" {
		t.Error("the wrong folder was moved")
	}
}

// TestReadersSeeWholeFiles reads by every way while a file is rewritten: each
// content is one of those written.
func TestReadersSeeWholeFiles(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		whole := func(i int) string { return strings.Repeat(fmt.Sprint(i%10), 10_000+i%10) }
		write(t, r, "file", whole(0))
		done := make(chan error)
		go func() {
			for i := range 100 {
				if err := r.WriteFile("file", []byte(whole(i)), WriteOptions{Fast: i%20 != 0}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		for n := 0; ; n++ {
			select {
			case err := <-done:
				if check(t, err); n == 0 {
					t.Error("nothing was read meanwhile")
				}
				return
			default:
			}
			b, err := os.ReadFile(filepath.Join(r.Dir(), "file"))
			if err != nil && onWindows {
				continue // a rename and an open exclude each other there
			}
			check(t, err)
			if string(b) != whole(int(b[0]-'0')) {
				t.Fatalf("%d bytes of %q", len(b), b[0])
			}
		}
	})
}
