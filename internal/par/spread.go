package par

import (
	"context"
	"sync"
)

// Spread calls f for each item of first and for every item that a call
// pushes, at most n calls at a time, the newest item first: a walk goes deep
// before it goes wide, so little waits at once. worker, from 0, says which of
// the n slots makes the call, for buffers that are kept between items. It
// stops at the first error and returns it once every started call has
// returned.
func Spread[T any](ctx context.Context, n int, first []T, f func(ctx context.Context, worker int, item T, push func(...T)) error) error {
	q := queue[T]{items: first}
	q.more.L = &q.mu
	return Workers(ctx, n, func(ctx context.Context, worker int) error {
		defer context.AfterFunc(ctx, q.stop)()
		for {
			item, ok := q.pop()
			if !ok {
				return nil
			}
			if err := f(ctx, worker, item, q.push); err != nil {
				q.stop()
				return err
			}
			q.done()
		}
	})
}

// A queue is a stack that knows when nothing more can come.
type queue[T any] struct {
	mu    sync.Mutex
	more  sync.Cond
	items []T
	busy  int
	ended bool
}

func (q *queue[T]) push(items ...T) {
	q.mu.Lock()
	q.items = append(q.items, items...)
	q.mu.Unlock()
	q.more.Broadcast()
}

// pop waits for an item; it returns false when all are done, or after stop.
func (q *queue[T]) pop() (item T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && q.busy > 0 && !q.ended {
		q.more.Wait()
	}
	if len(q.items) == 0 || q.ended {
		return item, false
	}
	last := len(q.items) - 1
	item, q.items = q.items[last], q.items[:last]
	q.busy++
	return item, true
}

func (q *queue[T]) done() {
	q.mu.Lock()
	q.busy--
	idle := q.busy == 0 && len(q.items) == 0
	q.mu.Unlock()
	if idle {
		q.more.Broadcast()
	}
}

func (q *queue[T]) stop() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.more.Broadcast()
}
