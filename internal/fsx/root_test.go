package fsx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlv-dev/mlv/internal/errs"
)

// eachRoot runs f on a Root of every way in that this system has.
func eachRoot(t *testing.T, f func(t *testing.T, r *Root)) {
	ways := map[string]func(dir string) (handle, error){
		"system":   openHandle,
		"stepwise": openStepwise,
		"portable": openPortable,
	}
	for name, open := range ways {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			h, err := open(dir)
			if err != nil {
				t.Fatal(err)
			}
			r := newRoot(dir, h)
			t.Cleanup(func() { check(t, r.Close()) })
			f(t, r)
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, r *Root, p Path, content string) {
	t.Helper()
	check(t, r.WriteFile(p, []byte(content), WriteOptions{Fast: true}))
}

func content(t *testing.T, r *Root, p Path) string {
	t.Helper()
	b, err := r.ReadFile(p, 1<<20)
	check(t, err)
	return string(b)
}

func TestWriteFileMakesFoldersAndReplaces(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		check(t, r.WriteFile("a/b/c", []byte("one"), WriteOptions{}))
		check(t, r.WriteFile("a/b/c", []byte("two"), WriteOptions{}))
		if got := content(t, r, "a/b/c"); got != "two" {
			t.Errorf("content %q", got)
		}
		names, err := r.ReadDir("a/b")
		check(t, err)
		if diff := cmp.Diff([]Name{{"c", File}}, names); diff != "" {
			t.Error("something is left behind:", diff)
		}
	})
}

func TestWriteFileKeepsThePermissionsOfWhatItReplaces(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		check(t, r.WriteFile("secret", nil, WriteOptions{Perm: 0o600}))
		check(t, r.WriteFile("secret", []byte("x"), WriteOptions{}))
		st, err := r.Stat("secret")
		check(t, err)
		if st.Perm != 0o600 && !onWindows {
			t.Errorf("mode %v", st.Perm)
		}
	})
}

func TestNoReplaceReplacesNothing(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "kept", "old")
		check(t, r.MkdirAll("folder/x"))
		write(t, r, "new", "new")
		for _, err := range []error{
			r.WriteFile("kept", []byte("new"), WriteOptions{NoReplace: true}),
			r.WriteFile("folder", []byte("new"), WriteOptions{NoReplace: true}),
			r.Rename("new", "kept", RenameOptions{NoReplace: true}),
			r.Rename("folder", "kept", RenameOptions{NoReplace: true}),
			r.Rename("new", "folder", RenameOptions{NoReplace: true}),
		} {
			if !errors.Is(err, fs.ErrExist) {
				t.Errorf("error %v, want one that something exists", err)
			}
		}
		if got := content(t, r, "kept"); got != "old" {
			t.Errorf("content %q", got)
		}
		check(t, r.Rename("new", "free", RenameOptions{NoReplace: true}))
		check(t, r.Rename("folder", "moved", RenameOptions{NoReplace: true}))
		if got := content(t, r, "free"); got != "new" {
			t.Errorf("content %q", got)
		}
		names, err := r.ReadDir("")
		check(t, err)
		if diff := cmp.Diff([]Name{{"free", File}, {"kept", File}, {"moved", Dir}}, names); diff != "" {
			t.Error(diff)
		}
	})
}

// TestNothingLeadsOutside holds every operation to the same answers when a
// symbolic link stands on the way.
func TestNothingLeadsOutside(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		outside := t.TempDir()
		check(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600))
		check(t, r.MkdirAll("inside/deep"))
		write(t, r, "inside/file", "inside")
		check(t, r.Symlink(outside, "out"))
		check(t, r.Symlink("inside", "in"))
		check(t, r.Symlink(filepath.Join(outside, "secret"), "leaf"))

		for _, link := range []Path{"out", "in"} {
			for name, err := range map[string]error{
				"stat":     second(r.Stat(link + "/secret")),
				"open":     second(r.Open(link + "/secret")),
				"read":     second(r.ReadFile(link+"/secret", 100)),
				"list":     second(r.ReadDir(link)),
				"readlink": second(r.Readlink(link + "/secret")),
				"write":    r.WriteFile(link+"/new", nil, WriteOptions{}),
				"symlink":  r.Symlink("x", link+"/new"),
				"mkdir":    r.MkdirAll(link + "/new/folder"),
				"temp":     second(r.CreateTemp(link, TempOptions{})),
				"remove":   r.Remove(link + "/secret"),
				"prune":    r.RemoveAll(link + "/secret"),
				"rename":   r.Rename(link+"/secret", "stolen", RenameOptions{}),
				"exec":     r.SetExec(link+"/secret", true),
				"lock":     second(r.Lock(t.Context(), link+"/new", LockOptions{})),
				"sync":     r.SyncDir(link),
			} {
				if !errors.Is(err, ErrSymlink) || errs.KindOf(err) != errs.Denied {
					t.Errorf("%s through %s: %v", name, link, err)
				}
			}
		}
		if _, err := r.Stat("inside/deep/x"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		if _, err := r.Stat("in/deep/x"); !strings.Contains(err.Error(), `"in" is a symbolic link`) {
			t.Errorf("text %q", err)
		}
		for name, err := range map[string]error{
			"open": second(r.Open("leaf")),
			"read": second(r.ReadFile("leaf", 100)),
			"exec": r.SetExec("leaf", true),
			"lock": second(r.Lock(t.Context(), "leaf", LockOptions{})),
		} {
			if !errors.Is(err, ErrSymlink) {
				t.Errorf("%s of a link: %v", name, err)
			}
		}
		check(t, r.WriteFile("leaf", []byte("mine"), WriteOptions{})) // replaces the link itself
		check(t, r.RemoveAll("out"))
		if b, err := os.ReadFile(filepath.Join(outside, "secret")); err != nil || string(b) != "secret" {
			t.Errorf("outside now holds %q, %v", b, err)
		}
		entries, err := os.ReadDir(outside)
		if check(t, err); len(entries) != 1 {
			t.Errorf("outside now holds %v", entries)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestUncheckedPathsAreRefused(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		check(t, r.MkdirAll("sub"))
		for _, p := range []Path{"../x", "..", "sub/../../x", "/etc/x", ".git", ".git/hooks/x", "sub/.GIT", "sub/", "sub//x", "."} {
			if err := r.WriteFile(p, nil, WriteOptions{}); err == nil {
				t.Errorf("wrote %q", string(p))
			}
			if err := r.MkdirAll(p); err == nil && p != "sub/" {
				t.Errorf("made %q", string(p))
			}
		}
	})
}

func TestStatSaysWhatIsThere(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "file", "12345")
		check(t, r.MkdirAll("folder"))
		check(t, r.Symlink("file", "link"))
		for p, want := range map[Path]Kind{"file": File, "folder": Dir, "link": Symlink, "": Dir} {
			st, err := r.Stat(p)
			if check(t, err); st.Kind != want {
				t.Errorf("%v is a %v, want a %v", p, st.Kind, want)
			}
		}
		if st, _ := r.Stat("file"); st.Size != 5 || st.Links != 1 || st.Exec || st.Mtime == 0 {
			t.Errorf("%+v", st)
		}
		for _, p := range []Path{"none", "none/x", "file/x", "folder/x/y"} {
			if _, err := r.Stat(p); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("stat %v: %v", p, err)
			}
			if _, err := r.ReadFile(p, 10); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("read %v: %v", p, err)
			}
		}
		if err := r.MkdirAll("file/x"); !errors.Is(err, ErrNotFolder) {
			t.Errorf("folder below a file: %v", err)
		}
		if _, err := r.Open("folder"); !errors.Is(err, ErrNotFile) {
			t.Errorf("open of a folder: %v", err)
		}
		if _, err := r.ReadFile("file", 4); !errors.Is(err, ErrTooLarge) {
			t.Errorf("read of too much: %v", err)
		}
	})
}

func TestRemoveAllTakesATreeAndNoMore(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		write(t, r, "tree/a/b/file", "x")
		write(t, r, "kept/file", "x")
		check(t, r.Symlink("../kept", "tree/link"))
		check(t, r.RemoveAll("tree"))
		check(t, r.RemoveAll("tree"))
		if ok, err := r.Exists("tree"); ok || err != nil {
			t.Errorf("tree is still there, %v", err)
		}
		if got := content(t, r, "kept/file"); got != "x" {
			t.Errorf("kept file is %q", got)
		}
	})
}

func TestTempIsCommittedOrGone(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		temp, err := r.CreateTemp("tmp", TempOptions{Perm: 0o444})
		check(t, err)
		_, err = temp.Write([]byte("content"))
		check(t, err)
		check(t, temp.Commit("files/ab/x", CommitOptions{NoReplace: true}))
		temp.Discard()
		if got := content(t, r, "files/ab/x"); got != "content" {
			t.Errorf("content %q", got)
		}
		again, err := r.CreateTemp("tmp", TempOptions{})
		check(t, err)
		if err := again.Commit("files/ab/x", CommitOptions{NoReplace: true}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("second file of that name: %v", err)
		}
		third, err := r.CreateTemp("tmp", TempOptions{})
		check(t, err)
		third.Discard()
		third.Discard()
		if err := third.Commit("files/x", CommitOptions{}); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("commit of what was discarded: %v", err)
		}
		if names, err := r.ReadDir("tmp"); err != nil || len(names) != 0 {
			t.Errorf("left behind: %v, %v", names, err)
		}
	})
}

func TestErrorsCarryAClassAndAWayOut(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		kind errs.Kind
		hint string
	}{
		"too many open files": {syscall.EMFILE, errs.Other, "raise ulimit -n"},
		"no space":            {syscall.ENOSPC, errs.Other, "mlv gc"},
		"no right":            {syscall.EACCES, errs.Denied, ""},
		"read only":           {syscall.EROFS, errs.Denied, ""},
		"symbolic link":       {ErrSymlink, errs.Denied, ""},
		"another disk":        {syscall.EXDEV, errs.Other, ""},
		"input/output":        {syscall.EIO, errs.Other, ""},
		"wrapped by os":       {&fs.PathError{Op: "openat", Path: "x", Err: syscall.EMFILE}, errs.Other, "raise ulimit -n"},
		"wrapped as a link":   {&os.LinkError{Op: "linkat", Old: "x", New: "y", Err: syscall.EACCES}, errs.Denied, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := fail("open", "dir", "a/b", test.err)
			if errs.KindOf(err) != test.kind {
				t.Errorf("class %v", errs.KindOf(err))
			}
			if hints := strings.Join(errs.Hints(err), ""); !strings.Contains(hints, test.hint) || test.hint == "" && hints != "" {
				t.Errorf("hint %q", hints)
			}
			if !strings.HasPrefix(err.Error(), "open "+filepath.Join("dir", "a", "b")+": ") || strings.Count(err.Error(), ": ") != 1 {
				t.Errorf("text %q", err)
			}
		})
	}
	if !errors.Is(fail("rename", "dir", "a", &os.LinkError{Err: syscall.EXDEV}), ErrOtherDisk) {
		t.Error("another disk is not known")
	}
	if fail("open", "dir", "a", nil) != nil {
		t.Error("no error became one")
	}
}
