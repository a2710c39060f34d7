package transfer

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// A piece is content to get: a whole small file, or one of a frame's several.
type piece struct {
	row    uint32
	want   int      // number of the Want that it was first met in
	at     fsx.Path // and its path there
	stored bool
}

// want adds to list the content id, unless it is here or was wanted before.
func (f *fetch) want(list []piece, number int, id object.ID, size int64, s spot, at fsx.Path) []piece {
	i := f.tab.add(id, asBlob)
	r := f.tab.at(i)
	if r.flags&fresh != 0 {
		return list
	}
	r.flags |= fresh
	r.size, r.spot = size, s
	return append(list, piece{row: i, want: number, at: at})
}

// A frame is the pieces that lie in one, by where.
type frame struct {
	spot   spot
	pieces []piece
}

// blobs gets pieces and stores them.
func (f *fetch) blobs(ctx context.Context, list []piece) error {
	list, err := f.absent(list)
	if err != nil || len(list) == 0 {
		return err
	}
	if f.opts.DryRun {
		for _, p := range list {
			f.count(f.tab.at(p.row).size)
		}
		return nil
	}
	frames, large := f.frames(list)
	extents := make([]extent, len(frames))
	for i, fr := range frames {
		extents[i] = f.tab.extent(fr.spot, i)
	}
	err = f.view.extents.read(ctx, extents, func(i int, stored []byte) error {
		return f.store(ctx, &frames[i], stored)
	}, func(i int, err error) error {
		f.loseFrame(&frames[i], err)
		return nil
	})
	for _, p := range large {
		if err != nil {
			return err
		}
		err = f.getLarge(ctx, p)
	}
	if err == nil && f.held >= batchBytes {
		err = f.commit(ctx)
	}
	return err
}

// absent leaves out what is here.
func (f *fetch) absent(list []piece) ([]piece, error) {
	kept := list[:0]
	for _, p := range list {
		r := f.tab.at(p.row)
		here, err := f.opts.Store.Has(r.id)
		if err != nil {
			return nil, err
		}
		if !here {
			kept = append(kept, p)
			f.opts.Meter.Expect(1, r.size)
		}
	}
	return kept, nil
}

// frames groups pieces by the frame they lie in; large files are apart.
func (f *fetch) frames(list []piece) (frames []frame, large []piece) {
	spotOf := func(p piece) spot { return f.tab.at(p.row).spot }
	slices.SortStableFunc(list, func(a, b piece) int {
		s, t := spotOf(a), spotOf(b)
		return cmp.Or(cmp.Compare(s.kind, t.kind), cmp.Compare(s.box, t.box), cmp.Compare(s.offset, t.offset), cmp.Compare(s.skip, t.skip))
	})
	for len(list) > 0 {
		s := spotOf(list[0])
		n := 1
		if s.kind == inNodes {
			large = append(large, list[0])
			list = list[1:]
			continue
		}
		for ; n < len(list); n++ {
			t := spotOf(list[n])
			t.skip = s.skip
			if s != t {
				break
			}
		}
		frames = append(frames, frame{s, list[:n:n]})
		list = list[n:]
	}
	return frames, large
}

// store decodes a frame, and hashes and stores its pieces. What is wrong with
// one of them doesn't keep the others.
func (f *fetch) store(ctx context.Context, fr *frame, stored []byte) error {
	d, err := f.view.decoder()
	if err != nil {
		return err
	}
	defer f.view.decoders.Put(d)
	plain, err := d.Append(f.scratch(), stored, fr.spot.codec, int(fr.spot.plain))
	defer func() { f.spare(plain) }()
	if err != nil {
		return err
	}
	var bad error
	for i := range fr.pieces {
		p := &fr.pieces[i]
		r := f.tab.at(p.row)
		content := plain[r.spot.skip:][:r.size] // the map was checked to stay inside
		if object.Sum(content) != r.id {
			bad = corrupt("object %s: the remote's bytes have another hash", r.id.Short())
			continue
		}
		if p.stored {
			continue
		}
		if err := f.batch.Put(ctx, r.id, content); err != nil {
			return err
		}
		p.stored = true
		f.count(r.size)
	}
	return bad
}

// count records that content is here now.
func (f *fetch) count(size int64) {
	f.opts.Meter.Add(1, size)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.result.Files++
	f.result.Bytes += size
	f.held += size
}

// loseFrame names the pieces of a frame that could not be had.
func (f *fetch) loseFrame(fr *frame, err error) {
	for _, p := range fr.pieces {
		if !p.stored {
			f.losePiece(p, err)
		}
	}
}

func (f *fetch) losePiece(p piece, err error) {
	f.lose(p.want, p.at, err, "not fetched")
	f.tab.at(p.row).flags &^= fresh // it may be had elsewhere
}
