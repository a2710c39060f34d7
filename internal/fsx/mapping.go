package fsx

import (
	"errors"
	"fmt"
	"os"
)

// A Mapping is a part of a file in memory, for reading alone. Close it, and
// keep nothing that points into it.
type Mapping struct {
	data   []byte
	mapped []byte // what munmap wants; nil: data is a copy
}

// Map returns the n bytes of f at off, which the file must have. They are the
// file's own pages, so f must be one that is never shortened or overwritten;
// where mapping is not sound (network file systems, Windows) they are a copy.
// f may be closed afterwards.
func Map(f *os.File, off, n int64) (*Mapping, error) {
	st, err := statFile(f)
	switch {
	case err != nil:
		return nil, fail("map", f.Name(), "", err)
	case off < 0 || n < 0 || off > st.Size || n > st.Size-off || int64(int(n)) != n:
		return nil, fail("map", f.Name(), "", fmt.Errorf("%d bytes at %d of %d", n, off, st.Size))
	case n == 0:
		return &Mapping{}, nil
	}
	m, err := mapFile(f, off, int(n))
	if errors.Is(err, errors.ErrUnsupported) {
		m = &Mapping{data: make([]byte, n)}
		_, err = f.ReadAt(m.data, off)
	}
	if err != nil {
		return nil, fail("map", f.Name(), "", err)
	}
	return m, nil
}

// Bytes returns the bytes, which must not be written; nil after Close.
func (m *Mapping) Bytes() []byte { return m.data }

// Close gives the memory back. A second call does nothing.
func (m *Mapping) Close() error {
	mapped := m.mapped
	m.data, m.mapped = nil, nil
	if mapped == nil {
		return nil
	}
	return unmap(mapped)
}
