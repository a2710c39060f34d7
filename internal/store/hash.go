package store

import (
	"context"
	"io"

	"github.com/mlv-dev/mlv/internal/object"
)

// hashTo hashes f and copies it to w, which may be nil.
func hashTo(ctx context.Context, w io.Writer, f io.ReaderAt, size int64, jobs int) (object.ID, int64, error) {
	h := object.NewHasher()
	n, err := io.Copy(io.MultiWriter(h, w), io.NewSectionReader(f, 0, size+1))
	return h.ID(), n, err
}
