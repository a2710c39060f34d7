//go:build unix

package fsx

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, off int64, n int) (*Mapping, error) {
	if !isLocal(int(f.Fd())) {
		return nil, errors.ErrUnsupported // a page that can't be had would kill the process
	}
	skip := int(off % int64(os.Getpagesize()))
	b, err := unix.Mmap(int(f.Fd()), off-int64(skip), n+skip, unix.PROT_READ, unix.MAP_SHARED)
	if err == unix.ENODEV || err == unix.EACCES {
		return nil, errors.ErrUnsupported
	}
	if err != nil {
		return nil, err
	}
	return &Mapping{data: b[skip:], mapped: b}, nil
}

func unmap(b []byte) error { return unix.Munmap(b) }
