package pack_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// container returns a container with the given bodies as raw frames.
func container(t testing.TB, nonce uint64, bodies ...[]byte) []byte {
	t.Helper()
	var b pack.Builder
	var body []byte
	for _, c := range bodies {
		f, err := b.Add(object.Sum(c), len(c), len(c), pack.Raw)
		if err != nil || int(f.Offset) != len(body) {
			t.Fatalf("%+v, %v", f, err)
		}
		body = append(body, c...)
	}
	whole, err := b.Finish(body, nonce)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// footer returns the footer of a whole container, checked.
func footer(t testing.TB, whole []byte) pack.Footer {
	t.Helper()
	size := int64(len(whole))
	n, err := pack.FooterSize(whole[size-pack.TrailerSize:], size)
	if err != nil {
		t.Fatal(err)
	}
	f, err := pack.ParseFooter(whole[size-n:], size)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestContainerIsToTheByte(t *testing.T) {
	whole := container(t, 0x1122334455667788, []byte("hello\n#!/bin/sh\n"))
	want := "68656c6c6f0a23212f62696e2f73680a" +
		"90988a4da13ea472561c8609bcd6ee7735daa58b81367b3601d93f8247de70c2" + "00000000" + "10000000" + "10000000" + "00000000" +
		"01000000" + "8877665544332211" + "0100" + "0000" + "15b5b957" + "4d4c5643"
	if got := hex.EncodeToString(whole); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if key := object.Sum(whole).String(); key != "8ab48a90eaf3389ead3fd4be83c4b6753606592b235be2dc37212c334c3c69cc" {
		t.Errorf("key %s", key)
	}
}

func TestFooterFindsEveryFrameAndNoOther(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 9, 100, 5_000} {
		var b pack.Builder
		var want []pack.Frame
		for i := range n {
			var id object.ID
			for j := range id {
				id[j] = byte(r.Uint32())
			}
			if i%100 > 97 { // a crowd at one place
				copy(id[:], want[i-1].Hash[:16])
			}
			size := 1 + r.IntN(1000)
			f, err := b.Add(id, size, size, pack.Raw)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, f)
		}
		tail, err := b.Finish(nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		f, err := pack.ParseFooter(tail, b.Body()+int64(len(tail)))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.Frames(), want) {
			t.Fatalf("of %d: other frames than were added", n)
		}
		for _, frame := range want {
			if got, ok := f.Find(frame.Hash); !ok || got != frame {
				t.Fatalf("of %d: got %+v, want %+v", n, got, frame)
			}
			for _, off := range []byte{1, 255} {
				other := frame.Hash
				other[31] += off
				if got, ok := f.Find(other); ok {
					t.Fatalf("of %d: found %+v", n, got)
				}
			}
		}
		for _, id := range []object.ID{{}, {0: 255, 31: 255}} {
			if _, ok := f.Find(id); ok {
				t.Fatal("found what is not there")
			}
		}
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	f := footer(t, container(t, 1, []byte("a"), []byte("b"), []byte("c")))
	id := object.Sum([]byte("b"))
	if n := testing.AllocsPerRun(100, func() { f.Find(id) }); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func TestBuilderRefusesWhatNoContainerHolds(t *testing.T) {
	var b pack.Builder
	for name, add := range map[string]func() error{
		"nothing stored": func() error { _, err := b.Add(object.ID{1}, 0, 0, pack.Raw); return err },
		"raw, two sizes": func() error { _, err := b.Add(object.ID{1}, 1, 2, pack.Raw); return err },
		"plain too big":  func() error { _, err := b.Add(object.ID{1}, 1, pack.MaxFrame+1, pack.Zstd); return err },
		"codec":          func() error { _, err := b.Add(object.ID{1}, 1, 1, 4); return err },
		"pack too big":   func() error { _, err := b.Add(object.ID{1}, pack.MaxPack, 1, pack.Zstd); return err },
		"no frames":      func() error { _, err := b.Finish(nil, 1); return err },
	} {
		if err := add(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for range 2 {
		if _, err := b.Add(object.ID{1}, 1, 1, pack.Raw); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Finish(nil, 1); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a hash twice: %v", err)
	}
}

// TestFooterHasOneEncoding changes a good footer in every way its rules
// forbid, with the checksum put right.
func TestFooterHasOneEncoding(t *testing.T) {
	good := container(t, 7, []byte("hello\n"), []byte("#!/bin/sh\n"), []byte("third"))
	const body, rows = 21, 3 * pack.RowSize
	tests := map[string]struct {
		change func(b []byte) // of footer and trailer
		kind   errs.Kind
	}{
		"magic":        {func(b []byte) { b[rows+23] = 'D' }, errs.Corrupt},
		"version 0":    {func(b []byte) { b[rows+12] = 0 }, errs.Corrupt},
		"version 2":    {func(b []byte) { b[rows+12] = 2 }, errs.Other},
		"flags":        {func(b []byte) { b[rows+14] = 1 }, errs.Other},
		"count":        {func(b []byte) { b[rows] = 2 }, errs.Corrupt},
		"no rows":      {func(b []byte) { b[rows] = 0 }, errs.Corrupt},
		"order":        {func(b []byte) { swap(b[:48], b[48:96]) }, errs.Corrupt},
		"twice":        {func(b []byte) { copy(b[48:80], b[:32]) }, errs.Corrupt},
		"padding":      {func(b []byte) { b[47] = 1 }, errs.Corrupt},
		"codec":        {func(b []byte) { b[44] = 9 }, errs.Other},
		"gap":          {func(b []byte) { add(b[32:], 1) }, errs.Corrupt},
		"short stored": {func(b []byte) { add(b[36:], ^uint32(0)) }, errs.Corrupt},
		"plain":        {func(b []byte) { add(b[40:], 1) }, errs.Corrupt},
		"plain zero":   {func(b []byte) { b[44] = 1; copy(b[40:44], "\x00\x00\x00\x00") }, errs.Corrupt},
		"plain huge":   {func(b []byte) { b[44] = 1; copy(b[40:44], "\x01\x00\x00\x01") }, errs.Corrupt},
		"outside":      {func(b []byte) { b[35] = 0x80 }, errs.Corrupt},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tail := bytes.Clone(good[body:])
			tt.change(tail)
			fixChecksum(tail)
			_, err := pack.ParseFooter(tail, int64(len(good)))
			if err == nil || errs.KindOf(err) != tt.kind {
				t.Errorf("got %v, want class %v", err, tt.kind)
			}
		})
	}
	bad := bytes.Clone(good[body:])
	bad[rows+16]++
	if _, err := pack.ParseFooter(bad, int64(len(good))); errs.KindOf(err) != errs.Corrupt {
		t.Errorf("checksum: %v", err)
	}
	if _, err := pack.ParseFooter(good[body:], int64(len(good))+1); errs.KindOf(err) != errs.Corrupt {
		t.Errorf("size: %v", err)
	}
}

// fixChecksum puts right the checksum of a changed footer and trailer.
func fixChecksum(tail []byte) {
	end := len(tail) - 8
	binary.LittleEndian.PutUint32(tail[end:], crc32.Checksum(tail[:end], crc32.MakeTable(crc32.Castagnoli)))
}

func swap(a, b []byte) {
	c := slices.Clone(a)
	copy(a, b)
	copy(b, c)
}

func add(b []byte, n uint32) {
	binary.LittleEndian.PutUint32(b, binary.LittleEndian.Uint32(b)+n)
}

func FuzzContainer(f *testing.F) {
	for _, bodies := range [][][]byte{{[]byte("a")}, {[]byte("hello\n"), []byte("#!/bin/sh\n")}} {
		whole := container(f, 42, bodies...)
		n, _ := pack.FooterSize(whole[len(whole)-pack.TrailerSize:], int64(len(whole)))
		f.Add(whole[int64(len(whole))-n:], int64(len(whole)))
	}
	f.Fuzz(func(t *testing.T, tail []byte, size int64) {
		if len(tail) >= pack.TrailerSize { // the checksum, which fuzzing can't guess
			fixChecksum(tail)
		}
		foot, err := pack.ParseFooter(tail, size)
		if err != nil {
			return
		}
		var b pack.Builder
		for _, frame := range foot.Frames() {
			got, err := b.Add(frame.Hash, int(frame.Stored), int(frame.Plain), frame.Codec)
			if err != nil || got != frame {
				t.Fatalf("got %+v, %v; want %+v", got, err, frame)
			}
			if found, ok := foot.Find(frame.Hash); !ok || found != frame {
				t.Fatalf("found %+v, want %+v", found, frame)
			}
		}
		again, err := b.Finish(nil, foot.Nonce())
		if err != nil || !bytes.Equal(again, tail) {
			t.Fatalf("%v\ngot  %x\nwant %x", err, again, tail)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	var x pack.Builder
	ids := make([]object.ID, 70_000)
	for i := range ids {
		ids[i] = object.Sum(binary.LittleEndian.AppendUint32(nil, uint32(i)))
		if _, err := x.Add(ids[i], 1, 1, pack.Raw); err != nil {
			b.Fatal(err)
		}
	}
	tail, err := x.Finish(nil, 1)
	if err != nil {
		b.Fatal(err)
	}
	f, err := pack.ParseFooter(tail, x.Body()+int64(len(tail)))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, ok := f.Find(ids[i%len(ids)]); !ok {
			b.Fatal("not found")
		}
	}
}
