package object

import (
	"context"
	"fmt"
	"iter"
	"strconv"
)

// A Chunk is a piece of a large file.
type Chunk struct {
	ID     ID
	Size   int64
	Offset int64 // in the file; set by Chunks, no part of a line
}

// check tells what no chunk tree may say of c.
func (c *Chunk) check() error {
	if c.Size <= 0 || c.ID == Empty {
		return corrupt("chunk %s of %d bytes", c.ID.Short(), c.Size)
	}
	return nil
}

const chunkWord = "mlv-chunks"

func appendChunk(b []byte, c *Chunk) []byte {
	b = c.ID.AppendTo(b)
	b = append(b, ' ')
	b = strconv.AppendInt(b, c.Size, 10)
	return append(b, '\n')
}

func appendChunkChild(b []byte, c *Child) []byte {
	b = c.ID.AppendTo(b)
	b = append(b, ' ')
	b = strconv.AppendInt(b, c.Files, 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, c.Bytes, 10)
	return append(b, '\n')
}

// A ChunkBuilder makes the chunk tree of a file in one pass, as a Builder does
// that of a directory.
type ChunkBuilder struct {
	levels levels
	line   []byte
}

// NewChunkBuilder returns a ChunkBuilder that calls emit once for every node,
// children before parents, the top last.
func NewChunkBuilder(emit func(*Node) error) *ChunkBuilder {
	return &ChunkBuilder{levels: levels{
		word: chunkWord, emit: emit, line: appendChunkChild,
		cut: func(c *Child, _ int) bool { return zeros(&c.ID) >= cutBits },
	}}
}

// Add appends the next chunk of the file.
func (b *ChunkBuilder) Add(c Chunk) error {
	if err := c.check(); err != nil {
		return err
	}
	b.line = appendChunk(b.line[:0], &c)
	return b.levels.add(0, b.line, &Child{Files: 1, Bytes: c.Size}, zeros(&c.ID) >= cutBits)
}

// Finish emits what is open and returns the tree. A file without chunks has
// none.
func (b *ChunkBuilder) Finish() (Root, error) {
	if len(b.levels.open) == 0 {
		return Root{}, fmt.Errorf("a chunk tree without chunks")
	}
	return b.levels.finish()
}

// Chunks yields, in order and with their offsets, the chunks of the chunk tree
// root that hold any of the n bytes from offset off; n < 0 is the rest. It
// reads only the nodes towards them, and checks each against its line in the
// node above. An error is yielded once and last.
//
// That the chunks make the file whose ID one wants, only hashing all of them
// proves.
func Chunks(ctx context.Context, get Getter, root ID, off, n int64) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		w := &chunkWalk{ctx: ctx, get: get, from: off, to: off + n, yield: yield}
		if n < 0 || w.to < off {
			w.to = 1<<63 - 1
		}
		if _, err := w.node(root, nil, 0, 0); err != nil {
			yield(Chunk{}, err)
		}
	}
}

// ReadChunkRoot reads the top node of the chunk tree root.
func ReadChunkRoot(ctx context.Context, get Getter, root ID) (Root, error) {
	w := &chunkWalk{ctx: ctx, get: get}
	l, err := w.read(root, nil, 0)
	if err != nil {
		return Root{}, err
	}
	return Root{root, l.Level, l.Files, l.Bytes}, nil
}

type chunkWalk struct {
	ctx      context.Context //nolint:containedctx // lives as long as one call
	get      Getter
	from, to int64
	yield    func(Chunk, error) bool
}

// node yields the chunks of the node id, which begins at offset at and of
// which line speaks in a node of the level above; the top has none. It returns
// false when there is nothing more to yield.
func (w *chunkWalk) node(id ID, line *Child, level int, at int64) (more bool, err error) {
	l, err := w.read(id, line, level)
	if err != nil {
		return false, err
	}
	for _, c := range l.Chunks {
		c.Offset = at
		at += c.Size
		if at <= w.from {
			continue
		}
		if c.Offset >= w.to || !w.yield(c, nil) {
			return false, nil
		}
	}
	for i := range l.Children {
		c := &l.Children[i]
		at += c.Bytes
		if at <= w.from {
			continue
		}
		if at-c.Bytes >= w.to {
			return false, nil
		}
		if more, err := w.node(c.ID, c, l.Level-1, at-c.Bytes); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

func (w *chunkWalk) read(id ID, line *Child, level int) (*Listing, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	text, err := w.get(w.ctx, id)
	if err != nil {
		return nil, err
	}
	l, err := ParseChunks(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("chunk node %s: %w", id.Short(), err)
	case line == nil && l.Level > 0 && len(l.Children) == 1:
		return nil, corrupt("chunk tree %s: a top of level %d that lists one node", id.Short(), l.Level)
	case line != nil && (l.Level != level || l.Files != line.Files || l.Bytes != line.Bytes):
		return nil, corrupt("chunk node %s is not what the node above says of it", id.Short())
	}
	return l, nil
}
