package pack

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/klauspost/compress/huff0"
)

// planes returns how many byte planes c has, 0 without.
func (c Codec) planes() int {
	switch c {
	case Planes2:
		return 2
	case Planes4:
		return 4
	}
	return 0
}

// split appends the n byte planes of b, each of every nth byte, and then the
// rest of the division. The exponents of numbers come to lie side by side so.
func split(dst, b []byte, n int) []byte {
	start, rows := len(dst), len(b)/n
	dst = slices.Grow(dst, len(b))[:start+len(b)]
	out := dst[start:]
	copy(out[rows*n:], b[rows*n:])
	for first := 0; first < n; first += 2 { // two planes a pass: fewer passes, few streams
		p, q := out[first*rows:][:rows], out[(first+1)*rows:][:rows]
		for i, j := 0, first; i < rows; i, j = i+1, j+n {
			pair := b[j : j+2 : j+2]
			p[i], q[i] = pair[0], pair[1]
		}
	}
	return dst
}

// join appends the bytes of which b holds the n planes.
func join(dst, b []byte, n int) []byte {
	start, rows := len(dst), len(b)/n
	dst = slices.Grow(dst, len(b))[:start+len(b)]
	out := dst[start:]
	copy(out[rows*n:], b[rows*n:])
	for first := 0; first < n; first += 2 {
		p, q := b[first*rows:][:rows], b[(first+1)*rows:][:rows]
		for i, j := 0, first; i < rows; i, j = i+1, j+n {
			pair := out[j : j+2 : j+2]
			pair[0], pair[1] = p[i], q[i]
		}
	}
	return dst
}

// eachPlane yields the n planes in b and the rest, without those that are
// empty.
func eachPlane(b []byte, n int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		rows := len(b) / n
		for plane := range n {
			if rows > 0 && !yield(b[plane*rows:][:rows]) {
				return
			}
		}
		if rest := b[rows*n:]; len(rest) > 0 {
			yield(rest)
		}
	}
}

// The numbers of RFC 8878 that a frame of literals needs.
const (
	zstdMagic     = 0xFD2FB528
	singleSegment = 1 << 5 // of the frame header's descriptor
	sizeOf4       = 2 << 6 // the content size takes four bytes
	lastBlock     = 1
	rawBlock      = 0 << 1
	rleBlock      = 1 << 1
	codedBlock    = 2 << 1
	maxBlock      = 128 << 10
	codedLiterals = 2
	fourStreams   = 3 << 2 // with two sizes of 18 bits
	literalsHead  = 5
)

// literals writes zstd frames of Huffman-coded literals and nothing else:
// what there is to gain in the planes of numbers, at thrice the speed of an
// encoder that looks for repetitions.
type literals struct{ scratch huff0.Scratch }

// append appends a zstd frame of planes. Blocks end with each plane, since
// planes differ in how their bytes are spread.
func (l *literals) append(dst, planes []byte, n int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, zstdMagic)
	dst = append(dst, sizeOf4|singleSegment)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(planes)))
	last := 0
	for plane := range eachPlane(planes, n) {
		for len(plane) > 0 {
			block := plane[:min(len(plane), maxBlock)]
			plane = plane[len(block):]
			last = len(dst)
			dst = l.block(dst, block)
		}
	}
	dst[last] |= lastBlock
	return dst
}

// block appends one block, coded if that is shorter.
func (l *literals) block(dst, b []byte) []byte {
	l.scratch.Reuse = huff0.ReusePolicyNone
	const minCoded = 64 // four streams of less are not worth their heads
	if len(b) < minCoded {
		return append(blockHead(dst, rawBlock, len(b)), b...)
	}
	coded, _, err := huff0.Compress4X(b, &l.scratch)
	size := literalsHead + len(coded) + 1
	switch {
	case err == huff0.ErrUseRLE:
		return append(blockHead(dst, rleBlock, len(b)), b[0])
	case err != nil || size >= len(b):
		return append(blockHead(dst, rawBlock, len(b)), b...)
	}
	dst = blockHead(dst, codedBlock, size)
	head := codedLiterals | fourStreams | uint64(len(b))<<4 | uint64(len(coded))<<22
	dst = append(dst, byte(head), byte(head>>8), byte(head>>16), byte(head>>24), byte(head>>32))
	dst = append(dst, coded...)
	return append(dst, 0) // no sequences
}

func blockHead(dst []byte, kind, size int) []byte {
	head := kind | size<<3
	return append(dst, byte(head), byte(head>>8), byte(head>>16))
}
