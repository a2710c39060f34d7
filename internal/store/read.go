package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// maxGet is the most that Get reads into memory.
const maxGet = 256 << 20

// A Spot is where an object lies in the cache. Sorted by Compare, the spots of
// many objects are read front to back.
type Spot struct {
	Pack   int32  // number of its pack, while the store is open; -1: a file of its own
	Offset uint32 // in the pack
	Size   int64
}

// Compare orders spots by pack, then by offset.
func (s Spot) Compare(t Spot) int {
	return cmp.Or(cmp.Compare(s.Pack, t.Pack), cmp.Compare(s.Offset, t.Offset))
}

// Locate finds the object id, false if the cache does not have it. It looks at
// names and footers, not at the bytes. A pack that another process writes
// after the first look may be overlooked: false may be out of date, true is
// not. What this store found damaged counts as absent, so that who asks before
// fetching gets a good copy.
func (s *Store) Locate(id object.ID) (Spot, bool, error) {
	if id == object.Empty {
		return Spot{Pack: -1}, true, nil
	}
	if s.bad.has(id) {
		return Spot{}, false, nil
	}
	packs, err := s.packs.all()
	if err != nil {
		return Spot{}, false, err
	}
	for i, p := range packs {
		if f, ok := p.find(id); ok {
			return Spot{int32(i), f.Offset, int64(f.Plain)}, true, nil
		}
	}
	st, err := s.cache.Stat(filePath(id))
	if errors.Is(err, fs.ErrNotExist) {
		return Spot{}, false, nil
	}
	return Spot{-1, 0, st.Size}, err == nil, err
}

// Has tells whether Locate finds the object id.
func (s *Store) Has(id object.ID) (bool, error) {
	_, ok, err := s.Locate(id)
	return ok, err
}

// Node returns the text of a tree's node; it is an object.Getter.
func (s *Store) Node(ctx context.Context, id object.ID) ([]byte, error) { return s.Get(ctx, id, nil) }

// Get returns the content of the object id, in buf where it has the room. What
// it returns has been hashed: among good and bad copies it finds a good one.
// Without any copy the error is of class errs.Missing, with bad ones alone of
// errs.Corrupt. It is for nodes and small objects; large ones are opened.
func (s *Store) Get(ctx context.Context, id object.ID, buf []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if id == object.Empty {
		return buf[:0], nil
	}
	packs, err := s.packs.all()
	if err != nil {
		return nil, err
	}
	c := copies{id: id, buf: buf}
	if c.inPacks(packs) || c.inFile(s) {
		return c.buf, nil
	}
	if packs, err = s.packs.refresh(); err != nil { // another process may just have written or merged it
		return nil, err
	}
	if c.inPacks(packs) {
		return c.buf, nil
	}
	return nil, s.lost(id, c.bad)
}

// copies looks for a good copy of an object.
type copies struct {
	id  object.ID
	buf []byte
	bad error // why the last copy that there was is none
}

func (c *copies) inPacks(packs []*packFile) bool {
	for _, p := range packs {
		if f, ok := p.find(c.id); ok && c.try("pack "+p.name, func() ([]byte, error) { return p.read(f, c.buf) }) {
			return true
		}
	}
	return false
}

func (c *copies) inFile(s *Store) bool {
	path := filePath(c.id)
	return c.try("file "+string(path), func() (b []byte, err error) {
		f, err := s.cache.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		st, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if st.Size() > maxGet {
			return nil, fmt.Errorf("%s: %w", path, fsx.ErrTooLarge)
		}
		// Another process may replace the file meanwhile, by the same content.
		b = grown(c.buf, int(st.Size()))
		_, err = io.ReadFull(f, b)
		return b, err
	})
}

func (c *copies) try(where string, read func() ([]byte, error)) bool {
	b, err := read()
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		c.bad = err
	case object.Sum(b) != c.id:
		c.bad = fmt.Errorf("%s of the cache is damaged", where)
	default:
		c.buf = b
		return true
	}
	return false
}

// lost is the error of an object without a good copy; bad says why there was
// none, nil that there was no copy at all.
func (s *Store) lost(id object.ID, bad error) error {
	if bad == nil {
		name := s.packs.damage()
		if name == "" {
			return errs.New(errs.Missing, "run 'mlv pull' to get it from the remote", "object %s is not in the cache", id.Short())
		}
		bad = fmt.Errorf("pack %s of the cache is damaged", name)
	}
	s.bad.add(id)
	return errs.New(errs.Corrupt, "run 'mlv pull' to get it from the remote again", "object %s: %w", id.Short(), bad)
}

// A Blob is an open object. Its bytes are as they lie in the cache, not
// verified: who reads them all hashes them.
type Blob struct {
	io.ReaderAt
	Size int64
	file *os.File // nil: the bytes are in a pack, which the store keeps open
}

// Close gives the object back.
func (b *Blob) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

// OpenBlob opens the object id, errs.Missing if the cache does not have it.
func (s *Store) OpenBlob(id object.ID) (*Blob, error) {
	f, err := s.cache.Open(filePath(id))
	if err == nil {
		st, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return &Blob{f, st.Size(), f}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	packs, err := s.packs.all()
	for range 2 {
		if err != nil {
			return nil, err
		}
		for _, p := range packs {
			if f, ok := p.find(id); ok {
				return &Blob{ReaderAt: io.NewSectionReader(p.f, int64(f.Offset), int64(f.Stored)), Size: int64(f.Stored)}, nil
			}
		}
		packs, err = s.packs.refresh()
	}
	if err != nil {
		return nil, err
	}
	return nil, s.lost(id, nil)
}

// The run of a pack that a Reader holds begins small, so that scattered
// objects cost no more than themselves, and doubles while reading goes on.
const (
	minRun = 4 << 10
	maxRun = 1 << 20
)

// A Reader reads many objects one after another. In the order of their spots,
// or nearly so, it takes few system calls. It belongs to one goroutine.
type Reader struct {
	s      *Store
	hasher *object.Hasher
	buf    []byte // the run: bytes of pack from off on
	pack   int32
	off    int64
	want   int // size of the next run
}

// NewReader returns a Reader, which needs no closing.
func (s *Store) NewReader() *Reader {
	return &Reader{s: s, hasher: object.NewHasher(), pack: -1}
}

// Get is Store.Get; what it returns is valid until the next call and must not
// be written.
func (r *Reader) Get(ctx context.Context, id object.ID) ([]byte, error) {
	packs, err := r.s.packs.all()
	if err != nil {
		return nil, err
	}
	for i, p := range packs {
		if f, ok := p.find(id); ok {
			return r.read(ctx, id, p, Spot{int32(i), f.Offset, int64(f.Stored)})
		}
	}
	return r.s.Get(ctx, id, nil)
}

// Read is Get of an object that Locate found at spot.
func (r *Reader) Read(ctx context.Context, id object.ID, spot Spot) ([]byte, error) {
	packs, err := r.s.packs.all()
	if err != nil {
		return nil, err
	}
	if spot.Pack < 0 || int(spot.Pack) >= len(packs) {
		return r.s.Get(ctx, id, nil)
	}
	return r.read(ctx, id, packs[spot.Pack], spot)
}

func (r *Reader) read(ctx context.Context, id object.ID, p *packFile, spot Spot) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := r.run(p, spot)
	if err == nil && r.hasher.Sum(b) == id {
		return b, nil
	}
	return r.s.Get(ctx, id, nil) // another copy, or what is wrong with this one
}

// run returns the bytes at spot out of the run held, or reads a new one that
// begins there.
func (r *Reader) run(p *packFile, spot Spot) ([]byte, error) {
	off, size := int64(spot.Offset), spot.Size
	if size > pack.MaxFrame {
		return nil, fs.ErrInvalid
	}
	end := r.off + int64(len(r.buf))
	if spot.Pack != r.pack || off < r.off || off+size > end {
		if spot.Pack == r.pack && off >= r.off && off <= end+int64(r.want) {
			r.want = min(2*r.want, maxRun)
		} else {
			r.want = minRun
		}
		n := min(max(int64(r.want), size), p.foot.Body()-off)
		if n < size {
			return nil, io.ErrUnexpectedEOF
		}
		r.buf = grown(r.buf, int(n))
		r.pack, r.off = spot.Pack, off
		if _, err := p.f.ReadAt(r.buf, off); err != nil {
			r.pack = -1
			return nil, err
		}
	}
	return r.buf[off-r.off:][:size], nil
}

// grown returns buf with the length n, new where it has no room; its content
// is of no account.
func grown(buf []byte, n int) []byte {
	if cap(buf) < n {
		return make([]byte, n)
	}
	return buf[:n]
}
