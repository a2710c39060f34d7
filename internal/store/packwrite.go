package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// maxFrames is how many frames a pack gets before the next one is begun: a
// bound on memory, which holds the footer three times over while it is made.
const maxFrames = 256 << 10

// A packWriter makes one pack. It belongs to one goroutine; after an error,
// its temp must be discarded.
type packWriter struct {
	temp   *fsx.Temp
	frames pack.Builder
}

func (s *Store) newPack(ctx context.Context) (*packWriter, error) {
	temp, err := s.createTemp(ctx, fsx.TempOptions{Perm: 0o444, Direct: true})
	if err != nil {
		return nil, err
	}
	return &packWriter{temp: temp}, nil
}

// full tells whether n more bytes belong into another pack.
func (w *packWriter) full(n int) bool {
	return w.frames.Len() == maxFrames || w.frames.SizeWith(n) > pack.MaxPack
}

func (w *packWriter) add(id object.ID, content []byte) error {
	if _, err := w.frames.Add(id, len(content), len(content), pack.Raw); err != nil {
		return err
	}
	_, err := w.temp.Write(content)
	return err
}

// finish writes the end of the pack and gives it its name, which it returns.
// The name is the hash of footer and trailer, whose random nonce keeps it from
// ever coming back; hashing the body too would take as long as hashing all its
// blobs did.
func (w *packWriter) finish() (string, error) {
	var nonce [8]byte
	_, _ = rand.Read(nonce[:]) // never fails
	end, err := w.frames.Finish(nil, binary.LittleEndian.Uint64(nonce[:]))
	if err != nil {
		return "", err
	}
	if _, err := w.temp.Write(end); err != nil {
		return "", err
	}
	name := object.Sum(end).String() + packExt
	return name, w.temp.Commit(packsDir.Join(fsx.Path(name)), fsx.CommitOptions{})
}
