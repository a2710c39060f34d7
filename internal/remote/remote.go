// Package remote is object storage: keys with bytes behind them, on a folder,
// a server or a cloud. Drivers do the requests and nothing else; retry, counts
// and injected faults are decorators of the one interface.
package remote

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// A Bucket holds the objects of one project. Keys are slash paths that fsx
// accepts. All methods may be called at the same time, and see every Put and
// Delete that ended before they began.
type Bucket interface {
	// Put stores size bytes of body under key. It is atomic, replaces what was
	// there, and once it returned nil the object is durable. It reads body
	// from the start, perhaps more than once.
	Put(ctx context.Context, key string, body io.ReaderAt, size int64) error

	// Get reads n bytes of an object from off, or all that follow if n < 0.
	// A reader that ends early met the end of the object. The class of the
	// error is Missing where there is no such object, and Corrupt where the
	// object ends at off or before it. The caller closes the reader.
	Get(ctx context.Context, key string, off, n int64) (io.ReadCloser, error)

	// Stat describes an object without reading it. Of an absent one the class
	// of the error is Missing; Info.Now is set all the same where it is known.
	Stat(ctx context.Context, key string) (Info, error)

	// List yields the objects whose keys begin with prefix, rising by key.
	// Info.Now is not set. After an error it yields no more.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]

	// Delete removes objects. That one is absent is no error.
	Delete(ctx context.Context, keys ...string) error
}

// Info describes an object. Both times are those of the store's own clock.
type Info struct {
	Key  string
	Size int64
	Time time.Time // when it was put
	Now  time.Time // when the question was answered; zero: the store doesn't say
}

// A Clock is a Bucket whose answers carry no time, but which can be asked for
// it, at the cost of a request.
type Clock interface {
	Now(ctx context.Context) (time.Time, error)
}

// Now returns the time by the store's own clock, or zero where the store tells
// it only with Stat.
func Now(ctx context.Context, b Bucket) (time.Time, error) {
	if c, ok := b.(Clock); ok {
		return c.Now(ctx)
	}
	return time.Time{}, nil
}

// ErrTooLarge is in the chain of a Put's error when the store would take a
// smaller object.
var ErrTooLarge = errors.New("object is larger than the store takes")

// A Temporary error may pass by itself: a time limit, a broken connection, a
// server that is busy. Drivers mark what may be tried again with it.
type Temporary struct {
	Err   error
	After time.Duration // the server asked for this pause; 0: it didn't say
}

func (t *Temporary) Error() string { return t.Err.Error() }

func (t *Temporary) Unwrap() error { return t.Err }

func missing(key string) error {
	return errs.At(errs.Missing, key, "", "the remote has no such object")
}

func beyond(key string, size, off int64) error {
	return errs.At(errs.Corrupt, key, "", "object has %d bytes, byte %d was asked for", size, off)
}

// checkKey guards drivers against a key that a damaged listing or a bug made.
func checkKey(key string) (fsx.Path, error) {
	p, err := fsx.ParsePath(key)
	if err != nil {
		return "", errs.New(errs.Corrupt, "", "key of an object: %w", err)
	}
	return p, nil
}

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
