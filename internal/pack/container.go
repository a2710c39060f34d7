// Package pack holds how blobs and nodes are stored: containers of frames,
// the codecs of frames, maps and records that say where things lie, and the
// cutters that make chunks of large files.
package pack

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
)

// Limits, in bytes. A reader checks them before it reads or decodes anything.
const (
	MaxFrame     = 16 << 20 // what one frame decodes to
	MaxGroup     = 1 << 20  // the same, of a frame of several blobs
	MaxContainer = 64 << 20 // a whole remote container
	MaxPack      = 1 << 30  // a whole local pack
)

// Sizes of a container's end.
const (
	RowSize     = 48
	TrailerSize = 24
)

const (
	magic   = "MLVC"
	version = 1
)

// A Codec says how a frame is stored.
type Codec uint8

// The codecs. All but Raw are one zstd frame.
const (
	Raw     Codec = iota
	Zstd          // of the bytes as they are
	Planes2       // of their two byte planes, for numbers of two bytes
	Planes4       // of their four byte planes
)

// A Frame is one row of a footer: Stored bytes at Offset that decode to Plain
// bytes with the given Hash. A node's frame holds its map behind its text;
// Hash is that of the text alone.
type Frame struct {
	Hash          object.ID
	Offset        uint32
	Stored, Plain uint32
	Codec         Codec
}

// check tells what no container with such a body holds.
func (f *Frame) check(body int64) error {
	switch {
	case f.Codec > Planes4:
		return newer(fmt.Sprintf("frame %s: codec %d", f.Hash.Short(), f.Codec))
	case f.Stored == 0 || f.Plain == 0 || f.Plain > MaxFrame:
		return corrupt("frame %s of %d bytes stored, %d plain", f.Hash.Short(), f.Stored, f.Plain)
	case f.Codec == Raw && f.Stored != f.Plain:
		return corrupt("frame %s: %d raw bytes of %d", f.Hash.Short(), f.Stored, f.Plain)
	case int64(f.Offset)+int64(f.Stored) > body:
		return corrupt("frame %s leaves its container", f.Hash.Short())
	}
	return nil
}

// A Builder lists the frames of a container whose body is written elsewhere,
// in the order of that body. The zero Builder is ready.
type Builder struct {
	frames []Frame
	body   int64
}

// Add lists the next frame and returns it with its offset. It refuses what
// would take the container past MaxPack.
func (b *Builder) Add(hash object.ID, stored, plain int, codec Codec) (Frame, error) {
	if b.SizeWith(stored) > MaxPack {
		return Frame{}, fmt.Errorf("a container of more than %d bytes", MaxPack)
	}
	f := Frame{hash, uint32(b.body), uint32(stored), uint32(plain), codec}
	if err := f.check(b.body + int64(stored)); err != nil {
		return Frame{}, err
	}
	b.frames = append(b.frames, f)
	b.body += int64(stored)
	return f, nil
}

// Len returns the number of frames.
func (b *Builder) Len() int { return len(b.frames) }

// Body returns the size of the body: the offset of the next frame.
func (b *Builder) Body() int64 { return b.body }

// SizeWith returns the size of the whole container with one more frame of so
// many stored bytes.
func (b *Builder) SizeWith(stored int) int64 {
	return b.body + int64(stored) + int64(len(b.frames)+1)*RowSize + TrailerSize
}

// Finish appends footer and trailer to dst. The nonce is to be random: it
// keeps the name of a deleted container from ever coming back. No two frames
// may have one hash, and there must be a frame.
func (b *Builder) Finish(dst []byte, nonce uint64) ([]byte, error) {
	if len(b.frames) == 0 {
		return dst, fmt.Errorf("a container without frames")
	}
	rows := slices.Clone(b.frames)
	slices.SortFunc(rows, func(a, b Frame) int {
		// Eight bytes decide but for accidents.
		return cmp.Or(cmp.Compare(prefix(a.Hash[:]), prefix(b.Hash[:])), a.Hash.Compare(b.Hash))
	})
	start := len(dst)
	dst = slices.Grow(dst, len(rows)*RowSize+TrailerSize)
	for i := range rows {
		if i > 0 && rows[i].Hash == rows[i-1].Hash {
			return dst[:start], fmt.Errorf("frame %s twice in one container", rows[i].Hash.Short())
		}
		dst = appendRow(dst, &rows[i])
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(rows)))
	dst = binary.LittleEndian.AppendUint64(dst, nonce)
	dst = binary.LittleEndian.AppendUint16(dst, version)
	dst = binary.LittleEndian.AppendUint16(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
	return append(dst, magic...), nil
}

func appendRow(b []byte, f *Frame) []byte {
	b = append(b, f.Hash[:]...)
	b = binary.LittleEndian.AppendUint32(b, f.Offset)
	b = binary.LittleEndian.AppendUint32(b, f.Stored)
	b = binary.LittleEndian.AppendUint32(b, f.Plain)
	return append(b, byte(f.Codec), 0, 0, 0)
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// prefix returns the first eight bytes of a hash, in its order.
func prefix(hash []byte) uint64 { return binary.BigEndian.Uint64(hash) }

// A Footer is the end of a container. It reads its rows from the bytes it was
// made of, which may be mapped and must not change.
type Footer struct {
	rows  []byte
	body  int64
	nonce uint64
}

// FooterSize returns how many bytes footer and trailer take of a container of
// size bytes, whose last TrailerSize bytes are trailer.
func FooterSize(trailer []byte, size int64) (int64, error) {
	if len(trailer) != TrailerSize || size < TrailerSize || string(trailer[20:]) != magic {
		return 0, corrupt("not a container")
	}
	if v := binary.LittleEndian.Uint16(trailer[12:]); v > version {
		return 0, newer(fmt.Sprintf("container version %d", v))
	}
	if flags := binary.LittleEndian.Uint16(trailer[14:]); flags != 0 {
		return 0, newer(fmt.Sprintf("container flags %#x", flags))
	}
	n := int64(binary.LittleEndian.Uint32(trailer)) * RowSize
	if trailer[12] == 0 || n == 0 || n > size-TrailerSize || size > MaxPack {
		return 0, corrupt("a container of %d bytes with %d of rows", size, n)
	}
	return n + TrailerSize, nil
}

// OpenFooter returns the footer in b, the last FooterSize bytes of a container
// of size bytes, having looked at its trailer only. That is enough for a file
// of our own, since what a frame decodes to is hashed anyway.
func OpenFooter(b []byte, size int64) (Footer, error) {
	if len(b) < TrailerSize {
		return Footer{}, corrupt("not a container")
	}
	rows, trailer := b[:len(b)-TrailerSize], b[len(b)-TrailerSize:]
	n, err := FooterSize(trailer, size)
	if err != nil {
		return Footer{}, err
	}
	if n != int64(len(b)) {
		return Footer{}, corrupt("a footer of %d bytes, want %d", len(b), n)
	}
	return Footer{rows, size - n, binary.LittleEndian.Uint64(trailer[4:])}, nil
}

// ParseFooter is OpenFooter for bytes of others: it checks every row.
func ParseFooter(b []byte, size int64) (Footer, error) {
	f, err := OpenFooter(b, size)
	if err != nil {
		return Footer{}, err
	}
	trailer := b[len(f.rows):]
	if binary.LittleEndian.Uint32(trailer[16:]) != checksum(b[:len(f.rows)+16]) {
		return Footer{}, corrupt("wrong checksum of a footer")
	}
	return f, f.check()
}

// check holds that rows rise and that their frames fill the body.
func (f Footer) check() error {
	frames := f.Frames()
	for i := 1; i < len(frames); i++ {
		if frames[i].Offset != frames[i-1].Offset+frames[i-1].Stored {
			return corrupt("frame %s does not begin where the one before ends", frames[i].Hash.Short())
		}
	}
	first, last := frames[0], frames[len(frames)-1]
	if first.Offset != 0 || int64(last.Offset)+int64(last.Stored) != f.body {
		return corrupt("frames do not fill their container")
	}
	for i := range f.Len() {
		row := f.rows[i*RowSize:][:RowSize]
		frame := f.At(i)
		switch {
		case row[45]|row[46]|row[47] != 0:
			return corrupt("frame %s: padding is not zero", frame.Hash.Short())
		case i > 0 && bytes.Compare(f.rows[(i-1)*RowSize:][:32], row[:32]) >= 0:
			return corrupt("frame %s is not in order", frame.Hash.Short())
		}
		if err := frame.check(f.body); err != nil {
			return err
		}
	}
	return nil
}

// Len returns the number of frames.
func (f Footer) Len() int { return len(f.rows) / RowSize }

// Body returns the size of the body.
func (f Footer) Body() int64 { return f.body }

// Nonce returns the random number of the trailer.
func (f Footer) Nonce() uint64 { return f.nonce }

// At returns row i, in the order of the hashes.
func (f Footer) At(i int) (frame Frame) {
	row := f.rows[i*RowSize:][:RowSize]
	copy(frame.Hash[:], row)
	frame.Offset = binary.LittleEndian.Uint32(row[32:])
	frame.Stored = binary.LittleEndian.Uint32(row[36:])
	frame.Plain = binary.LittleEndian.Uint32(row[40:])
	frame.Codec = Codec(row[44])
	return frame
}

// Frames returns all frames in the order of the body.
func (f Footer) Frames() []Frame {
	list := make([]Frame, f.Len())
	for i := range list {
		list[i] = f.At(i)
	}
	slices.SortFunc(list, func(a, b Frame) int { return cmp.Compare(a.Offset, b.Offset) })
	return list
}

// Find returns the frame with the given hash. A frame that leaves the body or
// that no codec makes is not found.
func (f Footer) Find(hash object.ID) (Frame, bool) {
	i := f.search(hash)
	if i == f.Len() || !bytes.Equal(f.rows[i*RowSize:][:32], hash[:]) {
		return Frame{}, false
	}
	frame := f.At(i)
	return frame, frame.check(f.body) == nil
}

func corrupt(format string, args ...any) *errs.Error {
	return errs.New(errs.Corrupt, "", format, args...)
}

// newer is the failure of reading what a later version wrote.
func newer(what string) error {
	return errs.New(errs.Other, "install a newer mlv", "%s needs a newer mlv", what)
}
