package fsx

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"
)

// Grow makes the file n bytes long, so that WriteAt fills it from several
// goroutines without one waiting for the other. Write may not be used then.
func (t *Temp) Grow(n int64) error {
	if t.size != 0 {
		return t.fail("grow", fmt.Errorf("%d bytes were written", t.size))
	}
	t.size = n
	return t.fail("grow", t.f.Truncate(n))
}

// WriteAt writes b at off. It may be used by several goroutines, for parts of
// a file that Grow made long enough. Those of a Direct one begin at multiples
// of 4 KiB and end there, too, or at the end of the file.
func (t *Temp) WriteAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) > t.size {
		return 0, t.fail("write", fmt.Errorf("%d bytes at %d of %d", len(b), off, t.size))
	}
	var err error
	if t.direct != nil {
		err = t.direct.writeAt(b, off)
	} else {
		_, err = t.f.WriteAt(b, off)
	}
	if err != nil {
		return 0, t.fail("write", err)
	}
	return len(b), nil
}

// writeAt writes aligned memory as it is; the rest, zeros after it, from a
// buffer that is.
func (d *direct) writeAt(b []byte, off int64) error {
	whole := 0
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%block == 0 { //nolint:gosec // only its low bits count
		whole = len(b) &^ (block - 1)
	}
	if whole > 0 {
		if err := d.pwrite(b[:whole], off); err != nil {
			return err
		}
	}
	b, off = b[whole:], off+int64(whole)
	if len(b) == 0 {
		return nil
	}
	s, ok := d.pool.Get().(*staging)
	if !ok {
		s = newStaging()
	}
	defer d.pool.Put(s)
	for len(b) > 0 {
		n := copy(s.b, b)
		padded := s.b[:(n+block-1)&^(block-1)]
		clear(padded[n:])
		if err := d.pwrite(padded, off); err != nil {
			return err
		}
		b, off = b[n:], off+int64(n)
	}
	return nil
}

// pwrite writes at an offset; see put for what takes no direct writes.
func (d *direct) pwrite(b []byte, off int64) error {
	_, err := d.f.WriteAt(b, off)
	if errors.Is(err, syscall.EINVAL) && setDirect(d.f, false) == nil {
		_, err = d.f.WriteAt(b, off)
	}
	return err
}
