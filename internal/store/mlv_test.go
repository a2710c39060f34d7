package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/store"
)

func TestTheNewestRunRecordIsKept(t *testing.T) {
	w := newWorld(t)
	key, other := object.Sum([]byte("key")), object.Sum([]byte("other"))
	if got, err := w.Run(key); got != nil || err != nil {
		t.Errorf("before there is one: %q, %v", got, err)
	}
	for _, record := range []string{"first", "second"} {
		if err := w.PutRun(key, []byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range []*world{w, w.again()} {
		if got, err := w.Run(key); string(got) != "second" || err != nil {
			t.Errorf("%q, %v; want the second", got, err)
		}
		if got, err := w.Run(other); got != nil || err != nil {
			t.Errorf("of another key: %q, %v", got, err)
		}
	}
}

func TestALinkedWorktreeSharesAllButItsStateAndLocks(t *testing.T) {
	main := newWorld(t)
	own, err := fsx.MakeRoot(filepath.Join(t.TempDir(), ".mlv"))
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	linked := open(t, main.dir, func(o *store.Options) { o.State = own })
	content, key := []byte("content"), object.Sum([]byte("key"))
	main.put(content)
	linked.has(content)
	if err := main.PutRun(key, []byte("record")); err != nil {
		t.Fatal(err)
	}
	if got, err := linked.Run(key); string(got) != "record" || err != nil {
		t.Errorf("record %q, %v", got, err)
	}
	st := fsx.Stat{Size: 7}
	sw, err := main.NewState("out", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer sw.Discard()
	err = errors.Join(sw.Expect(1, 0), sw.AddFile(&object.Entry{ID: key, Mode: object.File}, &st), sw.Write(key))
	if err != nil {
		t.Fatal(err)
	}
	if linked.State("out") != nil {
		t.Error("the main worktree's state is seen in the linked one")
	}
	for _, w := range []*world{main, linked} {
		l, err := w.Lock(t.Context(), "out", fsx.LockOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Unlock()
	}
}

func TestALockIsOneProcessesAndSaysWhatItIsOf(t *testing.T) {
	a := newWorld(t)
	b := a.again()
	l, err := a.Lock(t.Context(), "data/raw", fsx.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Lock(t.Context(), "data/raw", fsx.LockOptions{Wait: 5 * time.Millisecond})
	if want := "data/raw: another mlv process is at work on it"; errs.KindOf(err) != errs.Locked || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	other, err := b.Lock(t.Context(), "data/raw2", fsx.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.Unlock(), l.Unlock()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // both at once
		l, err := b.Lock(t.Context(), "data/raw", fsx.LockOptions{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Unlock()
	}
}

func TestASharedCacheListsItsUsers(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "shared")
	for _, user := range []string{"/home/a/project", "/home/b/project", "/home/a/project"} {
		w := open(t, filepath.Join(t.TempDir(), ".mlv"), func(o *store.Options) { o.Cache, o.User = cache, user })
		w.put([]byte(user))
		w.has([]byte("/home/a/project"))
		if names, err := fs.Glob(os.DirFS(w.dir), "cache"); err != nil || names != nil {
			t.Errorf("the repository has a cache of its own: %v, %v", names, err)
		}
	}
	users, err := fs.Glob(os.DirFS(cache), "users/*")
	if err != nil || len(users) != 2 {
		t.Fatalf("users %v, %v; want two", users, err)
	}
	for _, name := range users {
		b, err := os.ReadFile(filepath.Join(cache, name))
		if s := string(b); err != nil || s != "/home/a/project\n" && s != "/home/b/project\n" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

// TestOpenLooksAtNothing counts open files: a command that only needs the
// state pays for no pack.
func TestOpenLooksAtNothing(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	count := func() int {
		names, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	w := newWorld(t)
	for i := range 7 {
		w.put(bytesOf(uint64(i), 10))
	}
	before := count()
	again := w.again()
	if n := count() - before; n > 3 { // .mlv, the cache, its lock
		t.Errorf("%d files opened", n)
	}
	again.has(bytesOf(1, 10))
	if n := count() - before; n > 3+7 {
		t.Errorf("%d files opened to read one object", n)
	}
}
