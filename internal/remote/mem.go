package remote

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

var _ = register(driver{scheme: "mem", open: openMem})

// openMem opens what Options.Mem holds, below the URL's path.
func openMem(loc location) (Bucket, error) {
	if loc.Mem == nil {
		return nil, unknown(loc)
	}
	return loc.Mem, nil
}

// Mem is a Bucket in memory, for tests. The zero value is ready.
type Mem struct {
	mu      sync.Mutex
	objects map[string]memObject
}

type memObject struct {
	body []byte // never changed
	time time.Time
}

// Put implements Bucket.
func (m *Mem) Put(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	if _, err := checkKey(key); err != nil {
		return err
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(body, 0, size), b); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects == nil {
		m.objects = map[string]memObject{}
	}
	m.objects[key] = memObject{b, time.Now()}
	return nil
}

func (m *Mem) object(ctx context.Context, key string) (memObject, error) {
	if _, err := checkKey(key); err != nil {
		return memObject{}, err
	}
	if err := ctx.Err(); err != nil {
		return memObject{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	if !ok {
		return memObject{}, missing(key)
	}
	return o, nil
}

// Get implements Bucket.
func (m *Mem) Get(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	o, err := m.object(ctx, key)
	if err != nil {
		return nil, err
	}
	size := int64(len(o.body))
	if off >= size && n != 0 && !(off == 0 && n < 0) {
		return nil, beyond(key, size, off)
	}
	end := size
	if n >= 0 {
		end = min(end, off+n)
	}
	return io.NopCloser(bytes.NewReader(o.body[off:end])), nil
}

// Stat implements Bucket.
func (m *Mem) Stat(ctx context.Context, key string) (Info, error) {
	o, err := m.object(ctx, key)
	if err != nil {
		return Info{Now: time.Now()}, err
	}
	return Info{Key: key, Size: int64(len(o.body)), Time: o.time, Now: time.Now()}, nil
}

// List implements Bucket.
func (m *Mem) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		m.mu.Lock()
		objects := maps.Clone(m.objects)
		m.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(Info{}, err)
				return
			}
			o := objects[key]
			if !yield(Info{Key: key, Size: int64(len(o.body)), Time: o.time}, nil) {
				return
			}
		}
	}
}

// Delete implements Bucket.
func (m *Mem) Delete(ctx context.Context, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		delete(m.objects, key)
	}
	return nil
}
