package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/par"
	"github.com/mlv-dev/mlv/internal/remote"
)

const (
	// maxGap is how many unwanted bytes are read rather than making another
	// request: at 100 ms a request and 10 MB/s they cost about the same.
	maxGap = 1 << 20
	// maxSpan bounds one request, and so the buffer it needs.
	maxSpan = 8 << 20
)

// An extent is a stretch of an object on the remote.
type extent struct {
	key       string
	offset, n uint32
	tag       int // the caller's
}

// spans sorts extents and yields runs of them that one request reads.
func spans(list []extent) iter.Seq[[]extent] {
	slices.SortFunc(list, func(a, b extent) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.offset, b.offset), cmp.Compare(a.n, b.n))
	})
	return func(yield func([]extent) bool) {
		for len(list) > 0 {
			n := 1
			from, end := int64(list[0].offset), list[0].end()
			for ; n < len(list); n++ {
				e := list[n]
				if e.key != list[0].key || int64(e.offset) > end+maxGap || max(end, e.end())-from > maxSpan {
					break
				}
				end = max(end, e.end())
			}
			if !yield(list[:n:n]) {
				return
			}
			list = list[n:]
		}
	}
}

func (e extent) end() int64 { return int64(e.offset) + int64(e.n) }

// A reader of extents reads them from a Bucket, near ones with one request.
type extentReader struct {
	bucket  remote.Bucket
	jobs    int
	buffers chan []byte // spare ones
}

func newExtentReader(b remote.Bucket, jobs int) *extentReader {
	return &extentReader{bucket: b, jobs: max(jobs, 1), buffers: make(chan []byte, max(jobs, 1))}
}

// read calls use once with the bytes of every extent, several at a time. What
// use calls Corrupt is read once more on its own, in case it was spoilt on its
// way. An extent that is missing, ends early or stays corrupt goes to bad;
// other errors, and those of bad, end the reading and are returned.
func (r *extentReader) read(ctx context.Context, list []extent, use func(tag int, b []byte) error, bad func(tag int, err error) error) error {
	return par.Each(ctx, r.jobs, spans(list), func(ctx context.Context, span []extent) error {
		return r.span(ctx, span, use, bad)
	})
}

func (r *extentReader) span(ctx context.Context, span []extent, use func(int, []byte) error, bad func(int, error) error) error {
	buf := r.buffer()
	defer r.spare(&buf)
	from, end := span[0].offset, int64(0)
	for _, e := range span {
		end = max(end, e.end())
	}
	err := r.get(ctx, span[0].key, int64(from), end-int64(from), &buf)
	if err != nil && !isLoss(err) {
		return err
	}
	for _, e := range span {
		err := err
		if err == nil {
			err = use(e.tag, buf[e.offset-from:][:e.n])
		}
		if err != nil && (errs.KindOf(err) == errs.Corrupt || len(span) > 1) && isLoss(err) {
			err = r.again(ctx, e, use)
		}
		if err == nil {
			continue
		}
		if !isLoss(err) {
			return err
		}
		if err := bad(e.tag, err); err != nil {
			return err
		}
	}
	return nil
}

// again reads e on its own.
func (r *extentReader) again(ctx context.Context, e extent, use func(int, []byte) error) error {
	buf := r.buffer()
	defer r.spare(&buf)
	if err := r.get(ctx, e.key, int64(e.offset), int64(e.n), &buf); err != nil {
		return err
	}
	return use(e.tag, buf)
}

// get reads exactly n bytes into buf, which it may replace.
func (r *extentReader) get(ctx context.Context, key string, off, n int64, buf *[]byte) error {
	if int64(cap(*buf)) < n {
		*buf = make([]byte, n)
	}
	*buf = (*buf)[:n]
	body, err := r.bucket.Get(ctx, key, off, n)
	if err != nil {
		return err
	}
	got, err := io.ReadFull(body, *buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errs.At(errs.Corrupt, key, "", "object ends at byte %d, before byte %d", off+int64(got), off+n)
	}
	return errors.Join(err, body.Close())
}

func (r *extentReader) buffer() []byte {
	select {
	case b := <-r.buffers:
		return b
	default:
		return nil
	}
}

func (r *extentReader) spare(b *[]byte) {
	select {
	case r.buffers <- *b:
	default:
	}
}

// isLoss tells whether err is about one object, so that what doesn't need it
// can go on.
func isLoss(err error) bool {
	k := errs.KindOf(err)
	return k == errs.Missing || k == errs.Corrupt
}

// getAll reads a whole object of at most limit bytes.
func getAll(ctx context.Context, b remote.Bucket, key string, limit int64) ([]byte, error) {
	body, err := b.Get(ctx, key, 0, -1)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if int64(len(all)) > limit {
		return nil, errs.At(errs.Corrupt, key, "", "object of more than %d bytes", limit)
	}
	return all, nil
}
