package store

import (
	"context"
	"io"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// PutStream stores the size bytes that write writes to w, front to back, as
// the object id. If they have another hash nothing is stored and the error is
// of class errs.Corrupt. It takes no memory beyond some buffers. What the
// cache has is not asked for.
func (b *Batch) PutStream(ctx context.Context, id object.ID, size int64, write func(w io.Writer) error) error {
	temp, err := b.s.createTemp(ctx, fsx.TempOptions{Perm: 0o444, Size: size, Direct: size >= streamed})
	if err != nil {
		return b.check(err)
	}
	defer temp.Discard()
	h := object.NewHasher()
	if err := write(io.MultiWriter(h, temp)); err != nil {
		return err
	}
	if h.ID() != id {
		return errs.New(errs.Corrupt, "", "object %s: what came has another hash", id.Short())
	}
	if todo, err := b.claim(id, size); !todo {
		return err
	}
	return b.check(b.name(temp, id, false))
}
