package transfer

import (
	"context"
	"errors"
	"io"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// minRun is how many bytes of a base's chunks must follow one another to be
// used where they lie: fewer are sent again, so that a file that changes a
// little each time does not end in a thousand pieces.
const minRun = 512 << 10

// baseChunks reads the chunk trees of what the large files were in the bases,
// so that only what changed in them is sent.
func (p *push) baseChunks(ctx context.Context) error {
	var refs []nodeRef
	for _, i := range p.need {
		if base, ok := p.bases[p.large[i]]; ok && p.tab.at(i).size >= chunkedFrom && p.tab.at(i).spot.kind == nowhere {
			refs = append(refs, nodeRef{chunked: true, spot: base.spot, tag: int(i)})
		}
	}
	if len(refs) == 0 {
		return nil
	}
	learn := func(n *node) error {
		p.know(n.id, asNode, n.spot)
		if n.list.Level > 0 {
			return nil
		}
		for k, c := range n.list.Chunks {
			if r := p.know(c.ID, asBlob, n.spots[k]); r != nil {
				r.size = c.Size
				if r.flags&fresh == 0 && r.spot == n.spots[k] {
					r.flags |= based
				}
			}
		}
		return nil
	}
	d := &descent{
		view:  p.view,
		enter: func(*node, int, fsx.Path) bool { return true },
		inner: learn,
		leaf: func(nodes []*node) error {
			for _, n := range nodes {
				if err := learn(n); err != nil {
					return err
				}
			}
			return nil
		},
	}
	if err := d.addTops(ctx, refs); err != nil {
		return err
	}
	for _, tops := range d.nodes {
		for _, n := range tops {
			p.averages[uint32(n.tag)] = object.Root{Files: n.list.Files, Bytes: n.list.Bytes}
		}
	}
	return d.run(ctx)
}

// sendLarge cuts the file of row i into chunks and packs those that the remote
// does not have.
func (p *push) sendLarge(ctx context.Context, k *packer, i uint32) error {
	r := p.tab.at(i)
	blob, err := p.opts.Store.OpenBlob(r.id)
	if err != nil {
		if !isLoss(err) {
			return err
		}
		p.lose(i, err)
		return nil
	}
	defer func() { _ = blob.Close() }() // it was only read
	hasher := object.NewHasher()
	content := io.TeeReader(io.NewSectionReader(blob, 0, blob.Size), hasher)
	c := &chunker{push: p, packer: k, cutter: pack.NewCutter(content, pack.Average(r.size, p.averages[i]))}
	if err := c.all(ctx); err != nil {
		return err
	}
	if hasher.ID() != r.id || c.bytes != r.size {
		p.lose(i, corrupt("object %s: its copy in the cache is damaged", r.id.Short()))
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chunks[i] = c.rows
	return nil
}

// A chunker sends the chunks of one file.
type chunker struct {
	push   *push
	packer *packer
	cutter *pack.Cutter
	rows   []uint32 // the file's chunks, in order
	bytes  int64

	// What the base has of the file, up to here: content until it is enough
	// to be used where it lies, and the rows that it is made of.
	held  []byte
	run   []uint32
	using bool
}

func (c *chunker) all(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		chunk, err := c.cutter.Next()
		if errors.Is(err, io.EOF) {
			return c.endRun(ctx)
		}
		if err == nil {
			err = c.chunk(ctx, chunk)
		}
		if err != nil {
			return err
		}
	}
}

// chunk sends the next chunk, or uses the one that the remote has.
func (c *chunker) chunk(ctx context.Context, content []byte) error {
	i, what := c.push.meet(object.Sum(content), int64(len(content)))
	c.rows = append(c.rows, i)
	c.bytes += int64(len(content))
	if what == ofBase {
		c.push.meter.Add(0, int64(len(content)))
		if c.using {
			return nil
		}
		c.run = append(c.run, i)
		if c.held = append(c.held, content...); len(c.held) >= minRun {
			c.run, c.held, c.using = c.run[:0], c.held[:0], true
		}
		return nil
	}
	if err := c.endRun(ctx); err != nil || what == sentBefore {
		return err
	}
	return c.packer.add(ctx, i, content)
}

// endRun ends a run of the base's chunks. If it was too short, it is sent.
func (c *chunker) endRun(ctx context.Context) error {
	held := c.held
	for _, i := range c.run {
		n := c.push.tab.at(i).size
		if c.push.again(i) {
			if err := c.packer.add(ctx, i, held[:n]); err != nil {
				return err
			}
		}
		held = held[n:]
	}
	c.run, c.held, c.using = c.run[:0], c.held[:0], false
	return nil
}

// What a chunk is when it is met.
type meeting int

const (
	first      meeting = iota // nobody has it yet
	ofBase                    // the remote has it in a base of the file
	sentBefore                // this push sends it, or an interrupted one did
)

// meet returns the row of a chunk. Of the workers that meet it, one is first.
func (p *push) meet(id object.ID, size int64) (uint32, meeting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.tab.add(id, asBlob)
	r := p.tab.at(i)
	r.size = size
	switch {
	case r.flags&fresh != 0:
		return i, sentBefore
	case r.flags&based != 0:
		return i, ofBase
	case r.spot.kind != nowhere:
		return i, sentBefore
	}
	r.flags |= fresh
	return i, first
}

// again tells whether the caller is to send a chunk that a base has.
func (p *push) again(i uint32) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.tab.at(i)
	if r.flags&fresh != 0 {
		return false
	}
	r.flags |= fresh
	r.spot = spot{}
	return true
}

// sendChunkTrees puts the chunk trees of the large files that were sent.
func (p *push) sendChunkTrees(ctx context.Context, s *nodeSender) error {
	for _, i := range p.need {
		rows, ok := p.chunks[i]
		if !ok {
			continue
		}
		if err := s.chunkTree(ctx, i, rows); err != nil {
			return err
		}
	}
	return nil
}

// chunkTree puts the chunk tree of the file of row i.
func (s *nodeSender) chunkTree(ctx context.Context, file uint32, rows []uint32) error {
	t := s.push.tab
	b := object.NewChunkBuilder(func(n *object.Node) error {
		i := t.add(n.ID, asNode)
		if t.at(i).spot.kind != nowhere {
			return nil
		}
		list, err := object.ParseChunks(n.Text)
		if err != nil {
			return err
		}
		return s.add(ctx, i, list)
	})
	for _, i := range rows {
		r := t.at(i)
		if r.flags&lost != 0 {
			t.at(file).flags |= lost
			s.push.faults[file] = s.push.faults[i]
			return nil
		}
		if err := b.Add(object.Chunk{ID: r.id, Size: r.size}); err != nil {
			return err
		}
	}
	root, err := b.Finish()
	if err != nil {
		return err
	}
	top := t.find(root.ID, asNode).spot
	t.at(file).spot = top
	if s.box != nil && s.box.no == top.box {
		s.box.rows = append(s.box.rows, file)
	}
	return nil
}
