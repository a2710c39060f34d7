package fsx

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// resolve is what a path below a Root is held to by the kernel.
const resolve = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS

func openat2(fd int, p string) (int, error) {
	how := unix.OpenHow{Flags: dirFlags | unix.O_NOFOLLOW, Resolve: resolve}
	return retry(func() (int, error) { return unix.Openat2(fd, p, &how) })
}

// hasOpenat2 is false before Linux 5.6 and where a sandbox forbids the call.
func hasOpenat2(fd int) bool {
	again, err := openat2(fd, ".")
	if err != nil {
		return false
	}
	return unix.Close(again) == nil
}

func renameNew(fd int, name string, to int, as string) error {
	err := unix.Renameat2(fd, name, to, as, unix.RENAME_NOREPLACE)
	if err == unix.EINVAL || err == unix.ENOSYS {
		return errors.ErrUnsupported
	}
	return err
}

// swap makes two names change places.
func swap(fd int, name string, to int, as string) error {
	err := unix.Renameat2(fd, name, to, as, unix.RENAME_EXCHANGE)
	if err == unix.EINVAL || err == unix.ENOSYS {
		return errors.ErrUnsupported
	}
	return err
}

// isLocal knows the file systems of a machine's own disks and memory; all
// others may wait for a network or another process.
func isLocal(fd int) bool {
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil {
		return false
	}
	switch uint32(st.Type) { // the type's width and sign differ by processor
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.RAMFS_MAGIC,
		unix.OVERLAYFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.MSDOS_SUPER_MAGIC, unix.EXFAT_SUPER_MAGIC,
		unix.REISERFS_SUPER_MAGIC, unix.ECRYPTFS_SUPER_MAGIC,
		0x2fc12fc1, // zfs
		0xca451a4e, // bcachefs
		0x3153464a, // jfs
		0x7366746e: // ntfs3
		return true
	}
	return false
}

func (d *descriptor) clone(src *os.File, as string, perm fs.FileMode) error {
	f, err := d.open(as, as, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	err = unix.IoctlFileClone(int(f.Fd()), int(src.Fd()))
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, d.unlink(as))
	}
	return nil
}

// setDirect makes writes to f pass the page cache by, or not.
func setDirect(f *os.File, on bool) error {
	fd := f.Fd()
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	flags &^= unix.O_DIRECT
	if on {
		flags |= unix.O_DIRECT
	}
	_, err = unix.FcntlInt(fd, unix.F_SETFL, flags)
	return err
}

// reserve sets n bytes of the disk aside for f, so that a full disk shows
// before the work is done, and tells whether it did. Some file systems fill
// the disk before they say that it is too small, so that is looked at first.
func reserve(f *os.File, n int64) (bool, error) {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) == nil && st.Blocks > 0 && n > available(&st) {
		return false, unix.ENOSPC
	}
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, n)
	if err == unix.ENOSPC || err == unix.EDQUOT {
		return false, err
	}
	return err == nil, nil // others: this file system has no such thing
}
