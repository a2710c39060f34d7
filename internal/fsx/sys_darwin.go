package fsx

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func openat2(int, string) (int, error) { return -1, unix.ENOSYS }
func hasOpenat2(int) bool              { return false }

func renameNew(fd int, name string, to int, as string) error {
	err := unix.RenameatxNp(fd, name, to, as, unix.RENAME_EXCL)
	if err == unix.ENOTSUP || err == unix.EINVAL {
		return errors.ErrUnsupported
	}
	return err
}

// swap makes two names change places.
func swap(fd int, name string, to int, as string) error {
	err := unix.RenameatxNp(fd, name, to, as, unix.RENAME_SWAP)
	if err == unix.ENOTSUP || err == unix.EINVAL {
		return errors.ErrUnsupported
	}
	return err
}

func isLocal(fd int) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(fd, &st) == nil && st.Flags&unix.MNT_LOCAL != 0
}

func (d *descriptor) clone(src *os.File, as string, perm fs.FileMode) error {
	if err := unix.Fclonefileat(int(src.Fd()), d.fd, as, 0); err != nil {
		return err
	}
	// a clone has its source's mode, and no call tells the umask
	f, err := d.open(as, as, os.O_RDONLY, 0)
	if err != nil {
		return errors.Join(err, d.unlink(as))
	}
	if err := errors.Join(f.Chmod(perm&^0o022), f.Close()); err != nil {
		return errors.Join(err, d.unlink(as))
	}
	return nil
}
