// Package par runs bounded work and counts it.
package par

import (
	"context"
	"iter"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Each calls f for every item of seq, at most n at a time. It stops at the
// first error and returns it once every started call has returned.
func Each[T any](ctx context.Context, n int, seq iter.Seq[T], f func(context.Context, T) error) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(n, 1))
	for item := range seq {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error { return f(gctx, item) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err() // not gctx: Wait always cancels it
}

// Workers calls f n times at once, each with its number from 0, for work that
// shares a queue and keeps buffers between items. It returns the first error
// once all calls have returned; the context of the others is cancelled then.
func Workers(ctx context.Context, n int, f func(ctx context.Context, worker int) error) error {
	g, gctx := errgroup.WithContext(ctx)
	for i := range max(n, 1) {
		g.Go(func() error { return f(gctx, i) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// A Meter counts work. The worker adds, the screen reads, and neither waits
// for the other. A nil *Meter is valid and counts nothing.
type Meter struct {
	phase             atomic.Pointer[string]
	items, itemsTotal atomic.Int64
	bytes, bytesTotal atomic.Int64
}

// Phase names what is being done now ("hashing") and starts the counts anew.
func (m *Meter) Phase(name string) {
	if m == nil {
		return
	}
	m.phase.Store(&name)
	m.items.Store(0)
	m.itemsTotal.Store(0)
	m.bytes.Store(0)
	m.bytesTotal.Store(0)
}

// Expect raises the totals.
func (m *Meter) Expect(items, bytes int64) {
	if m == nil {
		return
	}
	m.itemsTotal.Add(items)
	m.bytesTotal.Add(bytes)
}

// Add records finished items and bytes.
func (m *Meter) Add(items, bytes int64) {
	if m == nil {
		return
	}
	m.items.Add(items)
	m.bytes.Add(bytes)
}

// Progress is one reading of a Meter. A total of 0 is unknown.
type Progress struct {
	Phase                                string
	Items, ItemsTotal, Bytes, BytesTotal int64
}

// Read returns the current counts.
func (m *Meter) Read() Progress {
	if m == nil {
		return Progress{}
	}
	p := Progress{Items: m.items.Load(), ItemsTotal: m.itemsTotal.Load(), Bytes: m.bytes.Load(), BytesTotal: m.bytesTotal.Load()}
	if name := m.phase.Load(); name != nil {
		p.Phase = *name
	}
	return p
}
