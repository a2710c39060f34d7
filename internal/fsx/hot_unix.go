//go:build unix && !(linux && (amd64 || arm64))

package fsx

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func (d *descriptor) self() (Stat, error) {
	var st unix.Stat_t
	if err := unix.Fstat(d.fd, &st); err != nil {
		return Stat{}, err
	}
	return toStat(&st), nil
}

func (d *descriptor) stat(name string) (Stat, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return Stat{}, err
	}
	return toStat(&st), nil
}

func (d *descriptor) names([]byte) ([]Name, error) {
	fd, err := retry(func() (int, error) { return unix.Openat(d.fd, ".", dirFlags, 0) })
	if err != nil {
		return nil, err
	}
	return namesOf(os.NewFile(uintptr(fd), "."), d)
}

func (d *descriptor) read(name string, buf []byte, limit int64) ([]byte, Stat, error) {
	f, err := d.open(name, name, os.O_RDONLY, 0)
	if err != nil {
		return nil, Stat{}, err
	}
	content, s, err := readOpen(f, buf, limit, statFile)
	return content, s, errors.Join(err, f.Close())
}

func (d *descriptor) create(name string, content []byte, perm fs.FileMode) (Stat, error) {
	return createOpen(d, name, content, perm, statFile)
}
