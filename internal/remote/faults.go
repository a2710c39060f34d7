package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"
)

// A Request is one that Faults is about to pass on.
type Request struct {
	Kind   string // "put", "get", "stat", "list", "delete", "now"
	Key    string // of list the prefix, of delete the first
	N, Nth int    // requests of this kind, and of all kinds, before this one
}

// A Fault is what becomes of a request. The zero Fault does no harm.
type Fault struct {
	Delay time.Duration // first wait
	Err   error         // then fail with it …
	Late  bool          // … but only after the request was carried out
	Lose  bool          // put: answer nil and store nothing
	Short int64         // put, get: drop so many bytes at the end of the body
	Flip  int64         // put, get: flip a bit of the byte at Flip-1
}

// ErrKilled is what every request fails with once a client is dead.
var ErrKilled = errors.New("killed")

// KillAfter lets n puts pass and none of the requests after the last of them,
// as if the client had been killed there.
func KillAfter(n int) func(Request) Fault {
	puts := 0
	return func(r Request) Fault {
		if puts == n {
			return Fault{Err: ErrKilled}
		}
		if r.Kind == "put" {
			puts++
		}
		return Fault{}
	}
}

// Faults makes requests to a Bucket go wrong, for tests of what must bear it.
type Faults struct {
	b    Bucket
	mu   sync.Mutex
	next func(Request) Fault
	kind map[string]int
	all  int
}

// Fail returns b with faults: next decides about each request, one at a time.
func Fail(b Bucket, next func(Request) Fault) *Faults {
	return &Faults{b: b, next: next, kind: map[string]int{}}
}

// fault waits as the fault of this request says and returns it.
func (f *Faults) fault(ctx context.Context, kind, key string) (Fault, error) {
	f.mu.Lock()
	fault := f.next(Request{kind, key, f.kind[kind], f.all})
	f.kind[kind]++
	f.all++
	f.mu.Unlock()
	if fault.Delay > 0 {
		if err := sleep(ctx, fault.Delay); err != nil {
			return fault, err
		}
	}
	if fault.Late {
		return fault, nil
	}
	return fault, fault.Err
}

// spoil returns b as the fault leaves it.
func (f Fault) spoil(b []byte) []byte {
	if f.Flip > 0 && f.Flip <= int64(len(b)) {
		b[f.Flip-1] ^= 1
	}
	return b[:max(int64(len(b))-f.Short, 0)]
}

// Put implements Bucket.
func (f *Faults) Put(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	fault, err := f.fault(ctx, "put", key)
	if err != nil || fault.Lose {
		return err
	}
	if fault.Short > 0 || fault.Flip > 0 {
		b := make([]byte, size)
		if _, err := body.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		b = fault.spoil(b)
		body, size = bytes.NewReader(b), int64(len(b))
	}
	if err := f.b.Put(ctx, key, body, size); err != nil {
		return err
	}
	return fault.Err
}

// Get implements Bucket. A fault that is late breaks the body off in the
// middle.
func (f *Faults) Get(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	fault, err := f.fault(ctx, "get", key)
	if err != nil {
		return nil, err
	}
	body, err := f.b.Get(ctx, key, off, n)
	switch {
	case err != nil && fault.Err != nil:
		return nil, fault.Err
	case err != nil || fault == (Fault{Delay: fault.Delay}):
		return body, err
	}
	defer func() { _ = body.Close() }()
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	b = fault.spoil(b)
	if fault.Err == nil {
		return io.NopCloser(bytes.NewReader(b)), nil
	}
	return io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)/2]), failed{fault.Err})), nil
}

// Stat implements Bucket.
func (f *Faults) Stat(ctx context.Context, key string) (Info, error) {
	fault, err := f.fault(ctx, "stat", key)
	if err != nil {
		return Info{}, err
	}
	info, err := f.b.Stat(ctx, key)
	if fault.Err != nil {
		return Info{}, fault.Err
	}
	return info, err
}

// List implements Bucket. A fault that is late comes after the first half of
// the keys.
func (f *Faults) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		fault, err := f.fault(ctx, "list", prefix)
		if err != nil {
			yield(Info{}, err)
			return
		}
		var all []Info
		for info, err := range f.b.List(ctx, prefix) {
			if err != nil {
				yield(Info{}, err)
				return
			}
			all = append(all, info)
		}
		if fault.Err != nil {
			all = all[:len(all)/2]
		}
		for _, info := range all {
			if !yield(info, nil) {
				return
			}
		}
		if fault.Err != nil {
			yield(Info{}, fault.Err)
		}
	}
}

// Delete implements Bucket.
func (f *Faults) Delete(ctx context.Context, keys ...string) error {
	key := ""
	if len(keys) > 0 {
		key = keys[0]
	}
	fault, err := f.fault(ctx, "delete", key)
	if err != nil {
		return err
	}
	return errors.Join(f.b.Delete(ctx, keys...), fault.Err)
}

// Now implements Clock.
func (f *Faults) Now(ctx context.Context) (time.Time, error) {
	if _, ok := f.b.(Clock); !ok {
		return time.Time{}, nil
	}
	if _, err := f.fault(ctx, "now", ""); err != nil {
		return time.Time{}, err
	}
	return Now(ctx, f.b)
}
