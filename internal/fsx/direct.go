package fsx

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

const (
	stage  = 2 << 20 // bytes of one direct write
	block  = 4096    // what direct writes are aligned to, in memory and in the file
	stages = 3       // buffers: one being filled, one being written, one between
)

// A staging buffer begins in memory at a multiple of block.
type staging struct {
	b []byte // of stage bytes
	n int    // how many are filled
}

func newStaging() *staging {
	b := make([]byte, stage+block)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (block - 1) //nolint:gosec // only its low bits count
	return &staging{b: b[skip:][:stage]}
}

// A direct writer passes the page cache by: touching a new page there costs
// more than hashing it. It copies what it is given into aligned buffers, and a
// goroutine writes one while the next one fills. Close writes the last block
// whole, so the file must be truncated afterwards.
type direct struct {
	f    *os.File
	pool *sync.Pool // of *staging
	cur  *staging   // nil: none yet
	made int

	full, free chan *staging // nil before the first buffer is full
	done       chan struct{}

	mu  sync.Mutex
	err error // the first one of the goroutine
}

func newDirect(f *os.File, pool *sync.Pool) *direct { return &direct{f: f, pool: pool} }

// Write copies b. An error may be that of an earlier Write.
func (d *direct) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		if d.cur == nil {
			d.cur = d.take()
		}
		n := copy(d.cur.b[d.cur.n:], b)
		d.cur.n += n
		b = b[n:]
		if d.cur.n < stage {
			continue
		}
		d.start()
		d.full <- d.cur
		d.cur = nil
		if err := d.failed(); err != nil {
			return total - len(b), err
		}
	}
	return total, nil
}

// take returns an empty buffer: one that the goroutine is done with, or a new
// one, or waits for one.
func (d *direct) take() *staging {
	select {
	case s := <-d.free:
		return s
	default:
	}
	if d.made == stages {
		return <-d.free
	}
	d.made++
	if s, ok := d.pool.Get().(*staging); ok {
		return s
	}
	return newStaging()
}

func (d *direct) start() {
	if d.full != nil {
		return
	}
	d.full = make(chan *staging, stages)
	d.free = make(chan *staging, stages)
	d.done = make(chan struct{})
	go func() {
		defer close(d.done)
		for s := range d.full {
			if err := d.failed(); err == nil {
				d.broke(d.put(s))
			}
			s.n = 0
			d.free <- s
		}
	}()
}

func (d *direct) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func (d *direct) broke(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

// put writes s, zeros after what is filled of its last block. A file system
// that takes no direct writes, or not these, gets them the common way.
func (d *direct) put(s *staging) error {
	b := s.b[:(s.n+block-1)&^(block-1)]
	clear(b[s.n:])
	n, err := d.f.Write(b)
	if errors.Is(err, syscall.EINVAL) && setDirect(d.f, false) == nil {
		_, err = d.f.Write(b[n:])
	}
	return err
}

// Close writes what is left, waits for the goroutine and gives the buffers
// back. The file stays open.
func (d *direct) Close() error {
	if d.full != nil {
		close(d.full)
		<-d.done
		for len(d.free) > 0 {
			d.pool.Put(<-d.free)
		}
	}
	err := d.failed()
	if d.cur != nil {
		if err == nil {
			err = d.put(d.cur)
		}
		d.cur.n = 0
		d.pool.Put(d.cur)
		d.cur = nil
	}
	return err
}

func aligned(b []byte) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))&(block-1) == 0
}
