package remote

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"time"
)

// Retry tries requests of b again whose errors are Temporary: after 0.2 s,
// doubling to 10 s, each pause cut at random so that clients that failed
// together don't return together; a pause the server asked for is kept, up to
// two minutes. After eight attempts the last error stands. A read that breaks
// off goes on where it was.
func Retry(b Bucket) Bucket { return &retry{b} }

type retry struct{ Bucket }

const (
	attempts = 8
	pause    = 200 * time.Millisecond
	maxPause = 10 * time.Second
	maxAfter = 2 * time.Minute
)

// again waits for attempt's pause and tells whether to try once more.
func again(ctx context.Context, attempt int, err error) bool {
	t, ok := errors.AsType[*Temporary](err)
	if !ok || attempt+1 >= attempts || ctx.Err() != nil {
		return false
	}
	d := min(pause<<attempt, maxPause)
	d = d/2 + rand.N(d/2)
	return sleep(ctx, max(d, min(t.After, maxAfter))) == nil
}

// loop calls f until it succeeds or trying again is of no use.
func loop(ctx context.Context, f func() error) error {
	for attempt := 0; ; attempt++ {
		if err := f(); err == nil || !again(ctx, attempt, err) {
			return err
		}
	}
}

func (r *retry) Put(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	return loop(ctx, func() error { return r.Bucket.Put(ctx, key, body, size) })
}

func (r *retry) Stat(ctx context.Context, key string) (info Info, err error) {
	err = loop(ctx, func() error { info, err = r.Bucket.Stat(ctx, key); return err })
	return info, err
}

func (r *retry) Delete(ctx context.Context, keys ...string) error {
	return loop(ctx, func() error { return r.Bucket.Delete(ctx, keys...) })
}

// Now implements Clock.
func (r *retry) Now(ctx context.Context) (now time.Time, err error) {
	err = loop(ctx, func() error { now, err = Now(ctx, r.Bucket); return err })
	return now, err
}

func (r *retry) Get(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	g := &resumed{ctx: ctx, b: r.Bucket, key: key, off: off, n: n}
	if err := loop(ctx, g.open); err != nil {
		return nil, err
	}
	return g, nil
}

// resumed is the body of a Get that survives a broken connection.
type resumed struct {
	ctx     context.Context //nolint:containedctx // a reader's life is that of its request
	b       Bucket
	key     string
	off, n  int64 // what is left to read; n < 0: to the end
	body    io.ReadCloser
	attempt int
}

func (g *resumed) open() (err error) {
	g.body, err = g.b.Get(g.ctx, g.key, g.off, g.n)
	return err
}

func (g *resumed) Read(p []byte) (int, error) {
	for {
		n, err := g.body.Read(p)
		g.off += int64(n)
		if g.n >= 0 {
			g.n -= int64(n)
		}
		if n > 0 {
			g.attempt = 0
			if _, ok := errors.AsType[*Temporary](err); ok {
				err = nil // met again by the next Read
			}
			return n, err
		}
		if err == nil || !again(g.ctx, g.attempt, err) {
			return 0, err
		}
		g.attempt++
		_ = g.body.Close()
		if err := loop(g.ctx, g.open); err != nil {
			g.body = io.NopCloser(failed{err})
		}
	}
}

func (g *resumed) Close() error { return g.body.Close() }

// failed is a reader of nothing but an error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// List begins anew after a failure and passes over what it yielded.
func (r *retry) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		last := ""
		err := loop(ctx, func() error {
			for info, err := range r.Bucket.List(ctx, prefix) {
				if err != nil {
					return err
				}
				if info.Key <= last {
					continue
				}
				last = info.Key
				if !yield(info, nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(Info{}, err)
		}
	}
}
