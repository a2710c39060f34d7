package object

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sync/atomic"

	"github.com/mlv-dev/mlv/internal/par"
	"lukechampine.com/blake3/guts"
)

// BlockSize is the size of the blocks of a BlockHasher, but for the last.
const BlockSize = 1 << 20

// groupSize is what the kernels hash at once.
const groupSize = guts.MaxSIMD * guts.ChunkSize

// A value is the chaining value of a part of BLAKE3's tree.
type value = [8]uint32

// A BlockHasher computes the ID of one large content from its blocks, which
// come in any order and from any number of goroutines. BLAKE3 is a tree: every
// block of a power of two is a part of it by itself.
type BlockHasher struct {
	size   int64
	left   atomic.Int64 // blocks still to come
	values []value      // of all blocks but the last
	last   guts.Node
}

// NewBlockHasher returns a BlockHasher for content of size bytes.
func NewBlockHasher(size int64) *BlockHasher {
	h := &BlockHasher{size: size}
	n := h.Blocks()
	h.values = make([]value, n-1)
	h.left.Store(n)
	return h
}

// Blocks returns the number of blocks, at least one: empty content has an
// empty block.
func (h *BlockHasher) Blocks() int64 { return max((h.size+BlockSize-1)/BlockSize, 1) }

// Len returns the size of block i.
func (h *BlockHasher) Len(i int64) int { return int(min(h.size-i*BlockSize, BlockSize)) }

// Add hashes block i, the Len(i) bytes of b. Each block is to be added once.
func (h *BlockHasher) Add(i int64, b []byte) {
	if len(b) != h.Len(i) {
		panic(fmt.Sprintf("object: block %d of %d bytes, want %d", i, len(b), h.Len(i)))
	}
	node := blockNode(b, i*(BlockSize/guts.ChunkSize))
	if i < int64(len(h.values)) {
		h.values[i] = guts.ChainingValue(node)
	} else {
		h.last = node
	}
	h.left.Add(-1)
}

// ID returns the ID of the content, all blocks of which have been added.
func (h *BlockHasher) ID() (id ID, err error) {
	if left := h.left.Load(); left != 0 {
		return ID{}, fmt.Errorf("%d blocks were not hashed", left)
	}
	root := join(h.values, h.last)
	root.Flags |= guts.FlagRoot
	words := guts.CompressNode(root)
	for i := range len(id) / 4 {
		binary.LittleEndian.PutUint32(id[4*i:], words[i])
	}
	return id, nil
}

// blockNode returns the node of a block whose first chunk of 1 KiB has the
// given number in the whole content.
func blockNode(b []byte, chunk int64) guts.Node {
	var values [BlockSize/groupSize - 1]value
	n := 0
	for ; len(b) > groupSize; n++ {
		values[n] = guts.ChainingValue(groupNode((*[groupSize]byte)(b), groupSize, chunk))
		b, chunk = b[groupSize:], chunk+guts.MaxSIMD
	}
	if len(b) == groupSize {
		return join(values[:n], groupNode((*[groupSize]byte)(b), groupSize, chunk))
	}
	var scratch [groupSize]byte // the kernels want all of it
	return join(values[:n], groupNode(&scratch, copy(scratch[:], b), chunk))
}

func groupNode(b *[groupSize]byte, n int, chunk int64) guts.Node {
	return guts.CompressBuffer(b, n, &guts.IV, uint64(chunk), 0)
}

// join returns the node above equal parts, of which the last may be shorter.
// BLAKE3 puts the greatest power of two of them that leaves something to its
// left.
func join(values []value, last guts.Node) guts.Node {
	if len(values) == 0 {
		return last
	}
	half := 1 << (bits.Len(uint(len(values))) - 1)
	right := join(values[half:], last)
	return guts.ParentNode(merge(values[:half]), guts.ChainingValue(right), &guts.IV, 0)
}

// merge returns the value above a power of two of equal parts.
func merge(values []value) value {
	if len(values) == 1 {
		return values[0]
	}
	half := len(values) / 2
	return guts.ChainingValue(guts.ParentNode(merge(values[:half]), merge(values[half:]), &guts.IV, 0))
}

// HashAt returns the ID of the first size bytes of r, hashed by so many
// workers at once. If see is not nil, it is given every block once, before or
// after others, from several goroutines, so that one reading serves a copy,
// too; it must not keep b. It is an error if r has fewer bytes.
func HashAt(ctx context.Context, r io.ReaderAt, size int64, workers int, see func(off int64, b []byte) error) (ID, error) {
	h := NewBlockHasher(size)
	workers = int(min(int64(workers), h.Blocks()))
	var next atomic.Int64
	err := par.Workers(ctx, workers, func(ctx context.Context, _ int) error {
		buf := make([]byte, min(size, BlockSize))
		for i := next.Add(1) - 1; i < h.Blocks(); i = next.Add(1) - 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
			b, off := buf[:h.Len(i)], i*BlockSize
			if n, err := r.ReadAt(b, off); n < len(b) {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return err
			}
			h.Add(i, b)
			if see != nil {
				if err := see(off, b); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return ID{}, err
	}
	return h.ID()
}
