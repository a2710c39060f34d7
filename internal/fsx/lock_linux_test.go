package fsx

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mlv-dev/mlv/internal/errs"
)

// asNobody runs f with the rights of a user who owns nothing. They are those
// of one thread, which f must not leave.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer func() { check(t, second(unix.SetfsuidRetUid(0))) }()
	check(t, second(unix.SetfsuidRetUid(65534)))
	f()
}

// TestSharedLockNeedsNoRightToWrite: who may only read a cache must still keep
// a gc out of it.
func TestSharedLockNeedsNoRightToWrite(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	check(t, r.WriteFile("lock", nil, WriteOptions{Perm: 0o444}))
	check(t, os.Chmod(r.Dir(), 0o555))
	defer func() { check(t, os.Chmod(r.Dir(), 0o755)) }()
	asNobody(t, func() {
		if err := r.WriteFile("new", nil, WriteOptions{}); !errors.Is(err, fs.ErrPermission) || errs.KindOf(err) != errs.Denied {
			t.Errorf("write: %v", err)
		}
		if _, err := r.Lock(t.Context(), "lock", LockOptions{}); errs.KindOf(err) != errs.Denied {
			t.Errorf("exclusive: %v", err)
		}
		l, err := r.Lock(t.Context(), "lock", LockOptions{Shared: true})
		if err != nil {
			t.Errorf("shared: %v", err)
			return
		}
		f, err := r.Open("lock")
		check(t, err)
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != syscall.EWOULDBLOCK {
			t.Errorf("the shared lock keeps nobody out: %v", err)
		}
		check(t, errors.Join(f.Close(), l.Unlock()))
	})
}
