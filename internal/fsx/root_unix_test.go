//go:build unix

package fsx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
)

func TestSharedFoldersGiveTheGroupTheOwnersRights(t *testing.T) {
	mask := syscall.Umask(0o027)
	defer syscall.Umask(mask)
	dir := t.TempDir()
	check(t, os.Chmod(dir, 0o775|fs.ModeSetgid))
	r, err := OpenRoot(dir)
	check(t, err)
	defer r.Close()
	check(t, r.MkdirAll("made/sub"))
	check(t, r.WriteFile("made/file", nil, WriteOptions{Perm: 0o666}))
	check(t, r.WriteFile("made/secret", nil, WriteOptions{Perm: 0o600}))
	_, err = folder(t, r, "made").Create("hot", nil, 0o444)
	check(t, err)
	for p, want := range map[Path]fs.FileMode{"made": 0o770, "made/sub": 0o770, "made/file": 0o660, "made/secret": 0o600, "made/hot": 0o440} {
		st, err := r.Stat(p)
		if check(t, err); st.Perm != want {
			t.Errorf("%v has mode %v, want %v", p, st.Perm, want)
		}
	}
}

func TestPipesAreNotWaitedFor(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		check(t, syscall.Mkfifo(filepath.Join(r.Dir(), "pipe"), 0o666))
		d := folder(t, r, "")
		_, _, err := d.Read("pipe", nil, 10)
		for op, err := range map[string]error{
			"open": second(r.Open("pipe")), "read": second(r.ReadFile("pipe", 10)), "read in a folder": err,
			"lock": second(r.Lock(t.Context(), "pipe", LockOptions{})),
		} {
			if !errors.Is(err, ErrNotFile) {
				t.Errorf("%s: %v", op, err)
			}
		}
		names, err := d.Names(nil)
		if check(t, err); !slices.Equal(names, []Name{{"pipe", Special}}) {
			t.Errorf("names %v", names)
		}
	})
}

func TestTooManyOpenFilesSaysWhatToDo(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	write(t, r, "d/file", "x")
	d := folder(t, r, "d")
	var before syscall.Rlimit
	check(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	defer func() { check(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)) }()
	low := before
	low.Cur = 3 // fewer than are open
	check(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low))
	_, _, err = d.Read("file", nil, 10)
	for op, err := range map[string]error{
		"read": err, "open": second(r.Open("d/file")), "folder": second(r.Folder("d")), "sub": second(d.Open("file")),
		"write": r.WriteFile("d/new", nil, WriteOptions{}), "root": second(OpenRoot(r.Dir())),
	} {
		if !errors.Is(err, syscall.EMFILE) || !strings.Contains(strings.Join(errs.Hints(err), ""), "ulimit -n") {
			t.Errorf("%s: %v, hints %q", op, err, errs.Hints(err))
		}
	}
}

// TestSwappedFoldersDoNotEscape lets another process's work, a goroutine here,
// put a symbolic link in a folder's place and back while files are made below.
func TestSwappedFoldersDoNotEscape(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		outside := t.TempDir()
		check(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600))
		check(t, r.MkdirAll("d/sub"))
		check(t, r.Symlink(outside, "link"))
		attacker, err := openHandle(r.Dir())
		check(t, err)
		if err := errors.Join(attacker.exchange("d", attacker, "link"), attacker.exchange("d", attacker, "link")); err != nil {
			t.Skip("names can't change places here:", err)
		}
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					_ = attacker.exchange("d", attacker, "link")
				}
			}
		}()
		refused, made := 0, 0
		for i := 0; i < 3000 && (refused < 20 || made < 20); i++ {
			name := Path(fmt.Sprint("f", i))
			for _, err := range []error{
				r.WriteFile("d/"+name, []byte("x"), WriteOptions{Fast: true}),
				r.MkdirAll("d/sub/" + name),
				second(r.Place("d/sub/copy"+name, r, "d/"+name, PlaceOptions{Kinds: []LinkKind{Hardlink, Copy}})),
				r.Rename("d/"+name, "d/sub/moved"+name, RenameOptions{}),
				r.RemoveAll("d/secret"),
			} {
				if errors.Is(err, ErrSymlink) {
					refused++
				} else if err == nil {
					made++
				}
			}
			if b, err := r.ReadFile("d/secret", 100); err == nil {
				t.Fatalf("read %q from outside", b)
			}
		}
		close(stop)
		<-stopped
		check(t, attacker.close())
		if refused == 0 || made == 0 {
			t.Errorf("%d calls met the link, %d did not: nothing was tried", refused, made)
		}
		entries, err := os.ReadDir(outside)
		check(t, err)
		if len(entries) != 1 || entries[0].Name() != "secret" {
			t.Errorf("outside holds %v", entries)
		}
	})
}

func openStepwise(dir string) (handle, error) {
	h, err := openHandle(dir)
	if err != nil {
		return nil, err
	}
	h.(*descriptor).step = true
	return h, nil
}
