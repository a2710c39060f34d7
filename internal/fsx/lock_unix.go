//go:build unix

package fsx

import (
	"os"

	"golang.org/x/sys/unix"
)

func flock(f *os.File, shared bool) error {
	how := unix.LOCK_EX | unix.LOCK_NB
	if shared {
		how = unix.LOCK_SH | unix.LOCK_NB
	}
	_, err := retry(func() (struct{}, error) { return struct{}{}, unix.Flock(int(f.Fd()), how) })
	if err == unix.EWOULDBLOCK {
		return errHeld
	}
	return err
}
