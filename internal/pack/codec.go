package pack

import (
	"fmt"
	"math"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// MaxText limits what a frame of text decodes to: a node with its map, or a
// record.
const MaxText = 4 << 20

// How the choice of a codec samples.
const (
	sampleWhole = 64 << 10 // up to here zstd is tried on all
	sampleSize  = 32 << 10 // of longer content
	planesFrom  = 16 << 10 // shorter content is no tensor
	planesLook  = 8 << 10  // what the frequencies of bytes are counted in
	samplePicks = 4        // pieces of a sample
)

// An Encoder makes frames. It is for one goroutine; making one is dear.
type Encoder struct {
	zstd   *zstd.Encoder
	lit    literals
	sample []byte
	buf    []byte
}

// NewEncoder returns an Encoder.
func NewEncoder() (*Encoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return &Encoder{zstd: z}, nil
}

// Append appends plain, as a frame stores it, to dst in the codec that samples
// of it recommend: Raw where the gain is under 3 %. Plain is not empty.
func (e *Encoder) Append(dst, plain []byte) ([]byte, Codec) {
	start := len(dst)
	codec := Zstd
	if len(plain) > sampleWhole {
		e.sample = appendSample(e.sample[:0], plain, sampleSize)
		e.buf = e.zstd.EncodeAll(e.sample, e.buf[:0])
		codec = e.choose(plain, len(e.buf), len(e.sample))
		if codec == Zstd {
			dst = e.zstd.EncodeAll(plain, dst)
		}
	} else {
		dst = e.zstd.EncodeAll(plain, dst)
		codec = e.choose(plain, len(dst)-start, len(plain))
	}
	if n := codec.planes(); n > 0 {
		e.buf = split(e.buf[:0], plain, n)
		dst = e.lit.append(dst[:start], e.buf, n)
	}
	if codec == Raw || !gains(len(dst)-start, len(plain)) {
		return append(dst[:start], plain...), Raw
	}
	return dst, codec
}

// gains tells whether a stored size is at least 3 % below the plain one.
func gains(stored, plain int) bool { return stored*100 <= plain*97 }

// choose returns the codec for plain, of which zstd stored a part.
func (e *Encoder) choose(plain []byte, stored, part int) Codec {
	best, least := Raw, 1.0
	if gains(stored, part) {
		best, least = Zstd, float64(stored)/float64(part)
	}
	const repeats = 0.5 // so small only text gets, or what repeats itself
	if len(plain) < planesFrom || least < repeats {
		return best
	}
	e.sample = appendSample(e.sample[:0], plain, planesLook)
	two, four := planeSizes(e.sample)
	if two < 0.97*least {
		best, least = Planes2, two
	}
	if four < 0.97*least {
		best = Planes4
	}
	return best
}

// AppendText appends text, a node with its map or a record, as Zstd whatever
// the gain, since its place does not name a codec.
func (e *Encoder) AppendText(dst, text []byte) []byte { return e.zstd.EncodeAll(text, dst) }

// appendSample appends about size bytes of b, in pieces from evenly spread
// places, each of which begins at a multiple of four, as numbers do.
func appendSample(dst, b []byte, size int) []byte {
	piece := size / samplePicks
	for i := range samplePicks {
		at := (len(b) - piece) / (samplePicks - 1) * i &^ 3
		dst = append(dst, b[at:at+piece]...)
	}
	return dst
}

// planeSizes estimates by the frequencies of bytes what part of b its two and
// its four byte planes would take.
func planeSizes(b []byte) (two, four float64) {
	var count [4][256]uint32
	for len(b) >= 4 {
		count[0][b[0]]++
		count[1][b[1]]++
		count[2][b[2]]++
		count[3][b[3]]++
		b = b[4:]
	}
	for i := range count {
		four += entropy(&count[i]) / 4
	}
	for i := range 256 {
		count[0][i] += count[2][i]
		count[1][i] += count[3][i]
	}
	return (entropy(&count[0]) + entropy(&count[1])) / 2, four
}

// entropy returns what part of their size bytes of such frequencies demand.
func entropy(count *[256]uint32) float64 {
	var n, sum float64
	for _, c := range count {
		if c > 0 {
			n += float64(c)
			sum += float64(c) * math.Log2(float64(c))
		}
	}
	return (math.Log2(n) - sum/n) / 8
}

// A Decoder reads frames. It is for one goroutine; making one is dear.
type Decoder struct {
	zstd *zstd.Decoder
	buf  []byte
}

// NewDecoder returns a Decoder. Close frees what it holds.
func NewDecoder() (*Decoder, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxFrame),
		zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return &Decoder{zstd: z}, nil
}

// Close frees what d holds.
func (d *Decoder) Close() { d.zstd.Close() }

// Append decodes stored, which is to make plain bytes, and appends them to
// dst. It never decodes more than that. What it returns is not hashed.
func (d *Decoder) Append(dst, stored []byte, codec Codec, plain int) ([]byte, error) {
	switch {
	case codec > Planes4:
		return dst, newer(fmt.Sprintf("codec %d", codec))
	case plain <= 0 || plain > MaxFrame:
		return dst, corrupt("a frame of %d bytes", plain)
	case codec == Raw:
		if len(stored) != plain {
			return dst, corrupt("%d raw bytes of %d", len(stored), plain)
		}
		return append(dst, stored...), nil
	case codec == Zstd:
		return d.decode(dst, stored, plain)
	}
	var err error
	if d.buf, err = d.decode(d.buf[:0], stored, plain); err != nil {
		return dst, err
	}
	return join(dst, d.buf, codec.planes()), nil
}

// AppendText decodes the frame of a node with its map, or of a record, of at
// most MaxText bytes, and appends it to dst.
func (d *Decoder) AppendText(dst, stored []byte) ([]byte, error) {
	size, err := contentSize(stored)
	if err != nil {
		return dst, err
	}
	if size == 0 || size > MaxText {
		return dst, corrupt("a text of %d bytes", size)
	}
	return d.decode(dst, stored, int(size))
}

func (d *Decoder) decode(dst, stored []byte, plain int) ([]byte, error) {
	size, err := contentSize(stored)
	if err != nil {
		return dst, err
	}
	if size != uint64(plain) {
		return dst, corrupt("a frame of %d bytes, want %d", size, plain)
	}
	start := len(dst)
	dst = slices.Grow(dst, plain)
	out, err := d.zstd.DecodeAll(stored, dst[:start:start+plain])
	if err != nil {
		return dst, corrupt("zstd: %w", err)
	}
	if len(out) != start+plain {
		return dst, corrupt("a frame of %d bytes, want %d", len(out)-start, plain)
	}
	return out, nil
}

// contentSize returns what the header of a zstd frame says it decodes to. The
// frames of the format carry it, and neither checksum nor dictionary.
func contentSize(stored []byte) (uint64, error) {
	var h zstd.Header
	if err := h.Decode(stored); err != nil {
		return 0, corrupt("zstd: %w", err)
	}
	if h.Skippable || !h.HasFCS || h.HasCheckSum || h.DictionaryID != 0 {
		return 0, corrupt("a zstd frame that is skipped, or without size, or with checksum or dictionary")
	}
	return h.FrameContentSize, nil
}
