package pack

import (
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/mlv-dev/mlv/internal/object"
)

// Limits of the average size of chunks.
const (
	MinAverage = 64 << 10
	MaxAverage = 4 << 20
)

// How many chunks a file is cut into at most: by the average chosen for its
// size, and by that of its base, which is kept so that chunks stay the same.
const (
	manyChunks = 1 << 20
	baseChunks = 1 << 21
)

// Average returns the average size of the chunks of a file of size bytes: the
// smallest power of two that makes at most 2²⁰ chunks of it, between
// MinAverage and MaxAverage. A file that has a base, an earlier version whose
// chunk tree is base, keeps its average up to 2²¹ chunks; a zero base is none.
func Average(size int64, base object.Root) int {
	if base.Files > 0 {
		mean := uint64(base.Bytes / base.Files)
		a := int64(1) << (bits.Len64(mean+mean/2) - 1) // the power of two that mean is about
		a = min(max(a, MinAverage), MaxAverage)
		if size/a <= baseChunks {
			return int(a)
		}
	}
	a := int64(MinAverage)
	for a < MaxAverage && size > a*manyChunks {
		a *= 2
	}
	return int(a)
}

// window is the number of bytes that decide whether a chunk ends behind them.
const window = 64

// A Cutter cuts a stream into chunks at places that the bytes before them
// choose (FastCDC: Xia et al., USENIX ATC 2016), so that a change moves the
// cuts near it only. The cuts are a function of the bytes and the average.
type Cutter struct {
	r          io.Reader
	gear       [256]uint64
	min, max   int
	average    int
	hard, easy uint64 // the bits that must be zero before the average, and from it on
	buf        []byte
	start, end int // what of buf is read and not yet cut
	err        error
}

// NewCutter returns a Cutter of r. The average is a power of two; chunks are
// of a quarter to four times that, the last may be shorter.
func NewCutter(r io.Reader, average int) *Cutter {
	log := uint(bits.TrailingZeros(uint(average)))
	c := &Cutter{
		r: r, min: average / 4, average: average, max: average * 4,
		hard: ^uint64(0) << (64 - (log + 2)), easy: ^uint64(0) << (64 - (log - 2)),
		buf: make([]byte, 8*average),
	}
	for i := range c.gear {
		id := object.Sum([]byte{byte(i)})
		c.gear[i] = binary.LittleEndian.Uint64(id[:])
	}
	return c
}

// Next returns the next chunk, valid until the next call, or io.EOF after the
// last.
func (c *Cutter) Next() ([]byte, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	if c.start == c.end {
		return nil, io.EOF
	}
	chunk := c.buf[c.start:c.end]
	chunk = chunk[:c.cut(chunk)]
	c.start += len(chunk)
	return chunk, nil
}

// fill reads until the longest chunk is at hand or the stream ends.
func (c *Cutter) fill() error {
	if c.end-c.start >= c.max || c.err == io.EOF {
		return nil
	}
	c.end = copy(c.buf, c.buf[c.start:c.end])
	c.start = 0
	for c.end < len(c.buf) && c.err == nil {
		var n int
		n, c.err = c.r.Read(c.buf[c.end:])
		c.end += n
	}
	if c.err == io.EOF {
		return nil
	}
	return c.err
}

// cut returns the length of the chunk that begins b, which is as long as the
// longest or holds all the rest.
func (c *Cutter) cut(b []byte) int {
	if len(b) <= c.min {
		return len(b)
	}
	b = b[:min(len(b), c.max)]
	// Each shift drops what the byte a window earlier gave, so that the sum
	// over the window is known before the first place where a chunk may end.
	gear, sum := &c.gear, uint64(0)
	for _, x := range b[c.min-window : c.min-1] {
		sum = sum<<1 + gear[x]
	}
	middle, hard, easy := min(len(b), c.average), c.hard, c.easy
	for i, x := range b[c.min-1 : middle-1] {
		if sum = sum<<1 + gear[x]; sum&hard == 0 {
			return c.min + i
		}
	}
	for i, x := range b[middle-1:] {
		if sum = sum<<1 + gear[x]; sum&easy == 0 {
			return middle + i
		}
	}
	return len(b)
}
