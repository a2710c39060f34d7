package pack_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/pack"
)

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(b) // never fails
	return b
}

// weights returns n bytes of normally spread numbers of 2 (bfloat16) or 4
// bytes.
func weights(n, width int) []byte {
	r := rand.New(rand.NewPCG(4, uint64(n)))
	var b []byte
	for len(b) < n {
		bits := math.Float32bits(float32(r.NormFloat64() * 0.02))
		if width == 2 {
			b = binary.LittleEndian.AppendUint16(b, uint16(bits>>16))
		} else {
			b = binary.LittleEndian.AppendUint32(b, bits)
		}
	}
	return b[:n]
}

func prose(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "{\"image\": \"train/%08d.png\", \"label\": %d}\n", i*7919, i%10)
	}
	return b.Bytes()[:n]
}

func newCodecs(t testing.TB) (*pack.Encoder, *pack.Decoder) {
	t.Helper()
	e, err := pack.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	d, err := pack.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return e, d
}

func TestFramesDecodeToWhatWasEncoded(t *testing.T) {
	tests := map[string]struct {
		plain []byte
		codec pack.Codec
		most  float64 // of the plain size
	}{
		"a byte":               {[]byte("x"), pack.Raw, 1},
		"short text":           {prose(300), pack.Zstd, 0.5},
		"text":                 {prose(50_000), pack.Zstd, 0.25},
		"much text":            {prose(3_000_001), pack.Zstd, 0.25},
		"random":               {random(10_000), pack.Raw, 1},
		"much random":          {random(2_000_003), pack.Raw, 1},
		"bfloat16":             {weights(1<<20, 2), pack.Planes2, 0.72},
		"bfloat16, odd length": {weights(1<<20+1, 2), pack.Planes2, 0.72},
		"few bfloat16":         {weights(20_000, 2), pack.Planes2, 0.8},
		"float32":              {weights(1<<20, 4), pack.Planes4, 0.88},
		"float32 and 3 bytes":  {weights(100_003, 4), pack.Planes4, 0.9},
		"zeros":                {make([]byte, 1<<20), pack.Zstd, 0.01},
		"the largest frame":    {weights(pack.MaxFrame, 2), pack.Planes2, 0.72},
	}
	e, d := newCodecs(t)
	stock, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stock.Close()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stored, codec := e.Append([]byte("before"), tt.plain)
			stored = bytes.TrimPrefix(stored, []byte("before"))
			if codec != tt.codec || float64(len(stored)) > tt.most*float64(len(tt.plain)) {
				t.Errorf("codec %d, %.3f of %d bytes; want codec %d, at most %.2f",
					codec, float64(len(stored))/float64(len(tt.plain)), len(tt.plain), tt.codec, tt.most)
			}
			got, err := d.Append([]byte("before"), stored, codec, len(tt.plain))
			if err != nil || !bytes.Equal(bytes.TrimPrefix(got, []byte("before")), tt.plain) {
				t.Fatalf("%v, or other bytes", err)
			}
			if codec != pack.Raw {
				if got, err := stock.DecodeAll(stored, nil); err != nil || len(got) != len(tt.plain) {
					t.Errorf("a stock decoder: %d bytes, %v", len(got), err)
				}
			}
			for _, plain := range []int{len(tt.plain) - 1, len(tt.plain) + 1} {
				if _, err := d.Append(nil, stored, codec, plain); errs.KindOf(err) != errs.Corrupt {
					t.Errorf("declared as %d bytes: %v", plain, err)
				}
			}
		})
	}
}

// TestDecoderRefusesForeignFrames holds what "one zstd frame" means, and that
// nothing is decoded past the declared size.
func TestDecoderRefusesForeignFrames(t *testing.T) {
	_, d := newCodecs(t)
	plain := prose(5000)
	encode := func(opts ...zstd.EOption) []byte {
		z, err := zstd.NewWriter(nil, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return z.EncodeAll(plain, nil)
	}
	var stream bytes.Buffer
	z, err := zstd.NewWriter(&stream, zstd.WithEncoderCRC(false))
	if err != nil {
		t.Fatal(err)
	}
	z.Write(plain[:1])
	z.Flush()
	z.Write(plain[1:])
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	good := encode(zstd.WithEncoderCRC(false))
	tests := map[string][]byte{
		"nothing":       {},
		"checksum":      encode(),
		"no size":       stream.Bytes(),
		"cut short":     good[:len(good)-1],
		"bytes behind":  append(bytes.Clone(good), 0),
		"two frames":    append(bytes.Clone(good), good...),
		"skippable":     append([]byte("\x50\x2a\x4d\x18\x01\x00\x00\x00x"), good...),
		"another magic": append([]byte("x"), good[1:]...),
	}
	for name, stored := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := d.Append(nil, stored, pack.Zstd, len(plain)); errs.KindOf(err) != errs.Corrupt {
				t.Errorf("got %v", err)
			}
			if _, err := d.AppendText(nil, stored); errs.KindOf(err) != errs.Corrupt {
				t.Errorf("as text: %v", err)
			}
		})
	}
	if _, err := d.Append(nil, good, pack.Planes4+1, len(plain)); err == nil || errs.KindOf(err) != errs.Other {
		t.Errorf("codec 4: %v", err)
	}
}

func TestTextIsBoundedByItsOwnHeader(t *testing.T) {
	e, d := newCodecs(t)
	text := []byte(strings.Repeat("mlv", 1000))
	got, err := d.AppendText([]byte("x"), e.AppendText(nil, text))
	if err != nil || string(got) != "x"+string(text) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := d.AppendText(nil, e.AppendText(nil, make([]byte, pack.MaxText+1))); errs.KindOf(err) != errs.Corrupt {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(prose(500), uint8(1))
	f.Add(weights(20_000, 2), uint8(2))
	f.Add(weights(20_000, 4), uint8(3))
	e, d := newCodecs(f)
	f.Fuzz(func(t *testing.T, b []byte, codec uint8) {
		if len(b) == 0 {
			return
		}
		stored, c := e.Append(nil, b)
		got, err := d.Append(nil, stored, c, len(b))
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%v, or other bytes", err)
		}
		if got, err := d.Append(nil, b, pack.Codec(codec), 1000); err == nil && len(got) != 1000 {
			t.Fatalf("%d bytes of 1000", len(got))
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for name, plain := range map[string][]byte{"text64K": prose(64 << 10), "random64K": random(64 << 10), "random4M": random(4 << 20), "bf16": weights(4<<20, 2), "f32": weights(4<<20, 4)} {
		b.Run(name, func(b *testing.B) {
			e, _ := newCodecs(b)
			b.SetBytes(int64(len(plain)))
			var dst []byte
			for b.Loop() {
				dst, _ = e.Append(dst[:0], plain)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, plain := range map[string][]byte{"text64K": prose(64 << 10), "bf16": weights(4<<20, 2), "f32": weights(4<<20, 4)} {
		b.Run(name, func(b *testing.B) {
			e, d := newCodecs(b)
			stored, c := e.Append(nil, plain)
			b.SetBytes(int64(len(plain)))
			var dst []byte
			for b.Loop() {
				dst, _ = d.Append(dst[:0], stored, c, len(plain))
			}
		})
	}
}
