package transfer

import (
	"context"
	"io"
	"slices"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// windowBytes is how much of a large file is in memory at once.
const windowBytes = 32 << 20

// A chunkAt is a chunk of a file, and where on the remote it lies.
type chunkAt struct {
	id   object.ID
	size uint32
	spot spot
}

// getLarge stores a file that is a tree of chunks. Of the tree only its own
// hash is proven, of the file that of all its bytes.
func (f *fetch) getLarge(ctx context.Context, p piece) error {
	r := f.tab.at(p.row)
	chunks, err := f.chunksOf(ctx, r)
	if err == nil {
		err = f.batch.PutStream(ctx, r.id, r.size, func(w io.Writer) error { return f.stream(ctx, w, chunks) })
	}
	switch {
	case err == nil:
		f.count(r.size)
	case isLoss(err):
		f.losePiece(p, err)
	default:
		return err
	}
	return nil
}

// chunksOf reads the chunk tree of a file.
func (f *fetch) chunksOf(ctx context.Context, r *row) (chunks []chunkAt, err error) {
	var bad error
	d := &descent{
		view:  f.view,
		enter: func(*node, int, fsx.Path) bool { return true },
		inner: func(*node) error { return nil },
		bad:   func(_ nodeRef, err error) { bad = err },
	}
	d.leaf = func(nodes []*node) error {
		for _, n := range nodes {
			for k, c := range n.list.Chunks {
				if c.Size > int64(n.spots[k].plain) {
					return corrupt("chunk %s of %d bytes", c.ID.Short(), c.Size)
				}
				chunks = append(chunks, chunkAt{c.ID, uint32(c.Size), n.spots[k]})
			}
		}
		return nil
	}
	if err := d.addTops(ctx, []nodeRef{{chunked: true, spot: r.spot}}); err != nil {
		return nil, err
	}
	for _, tops := range d.nodes {
		for _, n := range tops {
			if n.list.Bytes != r.size {
				return nil, corrupt("object %s of %d bytes: its chunks have %d", r.id.Short(), r.size, n.list.Bytes)
			}
		}
	}
	if err := d.run(ctx); err != nil {
		return nil, err
	}
	return chunks, bad
}

// stream writes chunks, a window of them after the other.
func (f *fetch) stream(ctx context.Context, w io.Writer, chunks []chunkAt) error {
	var window []byte
	for len(chunks) > 0 {
		n, bytes := 0, 0
		for n < len(chunks) && (n == 0 || bytes+int(chunks[n].size) <= windowBytes) {
			bytes += int(chunks[n].size)
			n++
		}
		window = slices.Grow(window[:0], bytes)[:bytes]
		if err := f.window(ctx, window, chunks[:n]); err != nil {
			return err
		}
		if _, err := w.Write(window); err != nil {
			return err
		}
		chunks = chunks[n:]
	}
	return nil
}

// window gets chunks and puts them together in b.
func (f *fetch) window(ctx context.Context, b []byte, chunks []chunkAt) error {
	extents := make([]extent, len(chunks))
	dst := make([][]byte, len(chunks))
	for i, c := range chunks {
		extents[i] = f.tab.extent(c.spot, i)
		dst[i], b = b[:c.size], b[c.size:]
	}
	return f.view.extents.read(ctx, extents, func(i int, stored []byte) error {
		return f.chunk(dst[i], stored, &chunks[i])
	}, func(_ int, err error) error { return err })
}

// chunk decodes one chunk into dst and checks it.
func (f *fetch) chunk(dst, stored []byte, c *chunkAt) error {
	d, err := f.view.decoder()
	if err != nil {
		return err
	}
	defer f.view.decoders.Put(d)
	plain, err := d.Append(f.scratch(), stored, c.spot.codec, int(c.spot.plain))
	defer func() { f.spare(plain) }()
	if err != nil {
		return err
	}
	content := plain[c.spot.skip:][:c.size] // the map was checked to stay inside
	if object.Sum(content) != c.id {
		return corrupt("chunk %s: the remote's bytes have another hash", c.id.Short())
	}
	copy(dst, content)
	return nil
}
