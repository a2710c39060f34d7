package remote

import (
	"context"
	"io"
	"iter"
	"sync/atomic"
	"time"
)

// Counts are requests by kind, and bytes of bodies both ways.
type Counts struct {
	Put, Get, Stat, List, Delete, Now int64
	Sent, Received                    int64
}

// Requests returns the number of requests of all kinds.
func (c Counts) Requests() int64 { return c.Put + c.Get + c.Stat + c.List + c.Delete + c.Now }

// A Counter counts the requests to a Bucket.
type Counter struct {
	b                                 Bucket
	put, get, stat, list, delete, now atomic.Int64
	sent, received                    atomic.Int64
}

// Count returns b with a count of its requests.
func Count(b Bucket) *Counter { return &Counter{b: b} }

// Counts returns what was counted so far.
func (c *Counter) Counts() Counts {
	return Counts{
		c.put.Load(), c.get.Load(), c.stat.Load(), c.list.Load(), c.delete.Load(), c.now.Load(),
		c.sent.Load(), c.received.Load(),
	}
}

// Put implements Bucket.
func (c *Counter) Put(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	c.put.Add(1)
	c.sent.Add(size)
	return c.b.Put(ctx, key, body, size)
}

// Get implements Bucket.
func (c *Counter) Get(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	c.get.Add(1)
	body, err := c.b.Get(ctx, key, off, n)
	if err != nil {
		return nil, err
	}
	return &counted{body, &c.received}, nil
}

type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (r *counted) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.n.Add(int64(n))
	return n, err
}

// Stat implements Bucket.
func (c *Counter) Stat(ctx context.Context, key string) (Info, error) {
	c.stat.Add(1)
	return c.b.Stat(ctx, key)
}

// page is how many keys an object store lists in one answer.
const page = 1000

// List implements Bucket. It counts a request for each page of 1,000 keys, as
// object stores bill it.
func (c *Counter) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		c.list.Add(1)
		n := 0
		for info, err := range c.b.List(ctx, prefix) {
			if n++; n > page {
				c.list.Add(1)
				n = 1
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// Delete implements Bucket.
func (c *Counter) Delete(ctx context.Context, keys ...string) error {
	c.delete.Add(1)
	return c.b.Delete(ctx, keys...)
}

// Now implements Clock.
func (c *Counter) Now(ctx context.Context) (time.Time, error) {
	if _, ok := c.b.(Clock); ok {
		c.now.Add(1)
	}
	return Now(ctx, c.b)
}
