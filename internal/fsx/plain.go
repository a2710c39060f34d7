package fsx

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
)

// What follows does with package os what hot_linux.go does by system calls.

// A statter says what a system tells of an open file.
type statter func(*os.File) (Stat, error)

// statPlain is the statter that every system has.
func statPlain(f *os.File) (Stat, error) {
	fi, err := f.Stat()
	if err != nil {
		return Stat{}, err
	}
	return statInfo(fi), nil
}

func statInfo(fi fs.FileInfo) Stat {
	k := kindOf(fi.Mode())
	if k == unknown { // a junction or another reparse point
		k = Special
	}
	perm := fi.Mode().Perm()
	return Stat{Size: fi.Size(), Mtime: fi.ModTime().UnixNano(), Links: 1, Kind: k, Perm: perm, Exec: !onWindows && perm&0o100 != 0}
}

// room returns buf with length n, a new one when it is too small.
func room(buf []byte, n int) []byte {
	if n <= cap(buf) {
		return buf[:n]
	}
	return slices.Grow(buf[:0], n)[:n]
}

// namesOf lists and closes dir; h is the same folder.
func namesOf(dir *os.File, h handle) (names []Name, err error) {
	defer func() { err = errors.Join(err, dir.Close()) }()
	var l list
	for {
		entries, err := dir.ReadDir(1024)
		for _, e := range entries {
			l.add([]byte(e.Name()), kindOf(e.Type()))
		}
		switch {
		case err == io.EOF:
			return l.finish(h)
		case err != nil:
			return nil, err
		}
	}
}

func kindOf(m fs.FileMode) Kind {
	switch {
	case m.IsRegular():
		return File
	case m.IsDir():
		return Dir
	case m&fs.ModeSymlink != 0:
		return Symlink
	case m&fs.ModeIrregular != 0:
		return unknown
	}
	return Special
}

// readOpen reads f whole.
func readOpen(f *os.File, buf []byte, limit int64, stat statter) ([]byte, Stat, error) {
	s, err := stat(f)
	switch {
	case err != nil:
		return nil, s, err
	case s.Kind != File:
		return nil, s, ErrNotFile
	case s.Size > limit:
		return nil, s, ErrTooLarge
	}
	buf = room(buf, int(s.Size)+1)
	n, err := io.ReadFull(f, buf)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, s, err
	}
	after, err := stat(f)
	if err != nil {
		return nil, s, err
	}
	if n != int(s.Size) || !after.Same(s) {
		return nil, s, ErrChanged
	}
	return buf[:n], s, nil
}

// createOpen makes a file that didn't exist.
func createOpen(h handle, name string, content []byte, perm fs.FileMode, stat statter) (Stat, error) {
	f, err := h.open(name, name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return Stat{}, err
	}
	_, err = f.Write(content)
	var s Stat
	if err == nil {
		s, err = stat(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = h.unlink(name) // half a file is of no use; the first error counts
	}
	return s, err
}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
