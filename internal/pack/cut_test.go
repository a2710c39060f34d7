package pack_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// cuts returns the lengths of the chunks of r.
func cuts(t testing.TB, r io.Reader, average int) (lengths []int) {
	t.Helper()
	c := pack.NewCutter(r, average)
	for {
		chunk, err := c.Next()
		if errors.Is(err, io.EOF) {
			return lengths
		}
		if err != nil || len(chunk) == 0 {
			t.Fatalf("%d bytes, %v", len(chunk), err)
		}
		lengths = append(lengths, len(chunk))
	}
}

// plainCuts is the rule of docs/format/chunks.md written down a second time,
// with the sum over the window computed anew at each place.
func plainCuts(b []byte, average int) (lengths []int) {
	log := bits.Len(uint(average)) - 1
	for len(b) > 0 {
		n := min(average/4, len(b))
		for ; n < min(4*average, len(b)); n++ {
			var sum uint64
			for j := range 64 {
				id := gear(b[n-1-j])
				sum += id << j
			}
			zeros := log + 2
			if n >= average {
				zeros = log - 2
			}
			if bits.LeadingZeros64(sum) >= zeros {
				break
			}
		}
		lengths = append(lengths, n)
		b = b[n:]
	}
	return lengths
}

var gears [256]uint64

func gear(x byte) uint64 {
	if gears[x] == 0 {
		id := object.Sum([]byte{x})
		gears[x] = binary.LittleEndian.Uint64(id[:])
	}
	return gears[x]
}

func TestCutsAreWhatTheRuleSays(t *testing.T) {
	for name, b := range map[string][]byte{
		"random": random(1 << 20), "text": prose(600_000), "zeros": make([]byte, 600_000),
		"nothing": {}, "a byte": {1}, "the least": random(16 << 10), "one more": random(16<<10 + 1),
	} {
		t.Run(name, func(t *testing.T) {
			want := plainCuts(b, pack.MinAverage)
			if got := cuts(t, bytes.NewReader(b), pack.MinAverage); !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			if got := cuts(t, iotest.HalfReader(bytes.NewReader(b)), pack.MinAverage); !slices.Equal(got, want) {
				t.Errorf("read in halves: got %v, want %v", got, want)
			}
		})
	}
}

func TestChunksAreOfTheAverageSizeAndWithinItsBounds(t *testing.T) {
	for average := pack.MinAverage; average <= pack.MaxAverage; average *= 4 {
		b := random(32 * average)
		lengths := cuts(t, bytes.NewReader(b), average)
		sum := 0
		for i, n := range lengths {
			sum += n
			if n > 4*average || n < average/4 && i < len(lengths)-1 {
				t.Errorf("average %d: a chunk of %d", average, n)
			}
		}
		if mean := sum / len(lengths); sum != len(b) || mean < average*3/4 || mean > average*5/4 {
			t.Errorf("average %d: %d chunks of %d bytes, together %d of %d", average, len(lengths), mean, sum, len(b))
		}
		base := object.Root{Files: int64(len(lengths)), Bytes: int64(sum)}
		if got := pack.Average(int64(len(b)), base); got != average {
			t.Errorf("average %d is taken for %d", average, got)
		}
	}
}

func TestAnInsertionMovesTheCutsNearItOnly(t *testing.T) {
	b := random(8 << 20)
	set := func(b []byte) map[object.ID]bool {
		ids := map[object.ID]bool{}
		for _, n := range cuts(t, bytes.NewReader(b), pack.MinAverage) {
			ids[object.Sum(b[:n])] = true
			b = b[n:]
		}
		return ids
	}
	before := set(b)
	added := 0
	for id := range set(slices.Insert(slices.Clone(b), 3<<20, []byte("inserted")...)) {
		if !before[id] {
			added++
		}
	}
	if added == 0 || added > 4 {
		t.Errorf("%d of %d chunks are new", added, len(before))
	}
}

func TestAverageGrowsWithTheFileAndKeepsThatOfItsBase(t *testing.T) {
	const gi = 1 << 30
	base := func(size int64, average int64) object.Root {
		return object.Root{Bytes: size, Files: size / average}
	}
	tests := map[string]struct {
		size int64
		base object.Root
		want int
	}{
		"small":           {1, object.Root{}, 64 << 10},
		"64 GiB":          {64 * gi, object.Root{}, 64 << 10},
		"a byte more":     {64*gi + 1, object.Root{}, 128 << 10},
		"1 TiB":           {1024 * gi, object.Root{}, 1 << 20},
		"past the most":   {1 << 50, object.Root{}, 4 << 20},
		"grown twofold":   {128 * gi, base(64*gi, 64<<10), 64 << 10},
		"grown too much":  {128*gi + 64<<10, base(64*gi, 64<<10), 256 << 10},
		"shrunk":          {gi, base(1024*gi, 1<<20), 1 << 20},
		"mean above":      {gi, base(gi, 80<<10), 64 << 10},
		"mean below":      {gi, base(gi, 110<<10), 128 << 10},
		"of tiny tensors": {gi, base(gi, 100), 64 << 10},
	}
	for name, tt := range tests {
		if got := pack.Average(tt.size, tt.base); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestCutterReturnsTheErrorOfItsReader(t *testing.T) {
	broken := errors.New("broken")
	c := pack.NewCutter(io.MultiReader(bytes.NewReader(random(1000)), iotest.ErrReader(broken)), pack.MinAverage)
	if chunk, err := c.Next(); !errors.Is(err, broken) {
		t.Errorf("%d bytes, %v", len(chunk), err)
	}
}

func BenchmarkCut(b *testing.B) {
	data := random(32 << 20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		cuts(b, bytes.NewReader(data), pack.MinAverage)
	}
}
