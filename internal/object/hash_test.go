package object_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/mlv-dev/mlv/internal/object"
)

// counted returns n bytes of the official vectors' input.
func counted(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

// everyWay hashes b by each way there is.
func everyWay(t *testing.T, b []byte) map[string]object.ID {
	t.Helper()
	h := object.NewHasher()
	for rest := b; len(rest) > 0; { // in pieces that fit nothing
		n := min(len(rest), 777)
		h.Write(rest[:n])
		rest = rest[n:]
	}
	ways := map[string]object.ID{"Sum": object.Sum(b), "Hasher": h.ID(), "Hasher.Sum": h.Sum(b)}
	for name, workers := range map[string]int{"HashAt, 1 worker": 1, "HashAt, 3 workers": 3} {
		id, err := object.HashAt(t.Context(), bytes.NewReader(b), int64(len(b)), workers, nil)
		if err != nil {
			t.Fatal(err)
		}
		ways[name] = id
	}
	return ways
}

func TestOfficialVectors(t *testing.T) {
	var vectors struct {
		Cases []struct {
			Len  int `json:"input_len"`
			Hash string
		}
	}
	text, err := os.ReadFile("../../testdata/vectors/blake3.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.Cases) < 30 {
		t.Fatalf("%d cases, %v", len(vectors.Cases), err)
	}
	for _, c := range vectors.Cases {
		for way, id := range everyWay(t, counted(c.Len)) {
			if id.String() != c.Hash {
				t.Errorf("%d bytes by %s: %s, want %s", c.Len, way, id, c.Hash)
			}
		}
	}
}

func TestBlocksHashLikeTheWhole(t *testing.T) {
	const m = object.BlockSize
	b := counted(9*m + 1)
	for _, n := range []int{
		1, 1023, 1024, 1025, 16<<10 - 1, 16 << 10, 16<<10 + 1, 17 << 10, 18<<10 + 1, 24 << 10, 31<<10 + 7, 32 << 10, 100_000, 500_000,
		m - 1, m, m + 1, m + 1024, 2*m - 1, 2 * m, 2*m + 1, 3 * m, 3*m + 20_000, 4*m - 16<<10, 4 * m, 4*m + 1, 5*m + 1025, 7 * m, 8 * m, 8*m + 1, 9 * m, 9*m + 1,
	} {
		want := object.Sum(b[:n])
		for way, id := range everyWay(t, b[:n]) {
			if id != want {
				t.Errorf("%d bytes by %s: %s, want %s", n, way, id, want)
			}
		}
	}
}

func TestHashAtShowsEveryBlockOnce(t *testing.T) {
	b := counted(5*object.BlockSize + 7)
	var mu sync.Mutex
	got := make([]byte, len(b))
	shown := 0
	id, err := object.HashAt(t.Context(), bytes.NewReader(b), int64(len(b)), 2, func(off int64, block []byte) error {
		mu.Lock()
		defer mu.Unlock()
		shown += copy(got[off:], block)
		return nil
	})
	if err != nil || id != object.Sum(b) || shown != len(b) || !bytes.Equal(got, b) {
		t.Errorf("%s, %v, %d bytes shown", id, err, shown)
	}
}

func TestHashAtFailsWithItsReaderItsCallerAndItsContext(t *testing.T) {
	b := counted(3 * object.BlockSize)
	if _, err := object.HashAt(t.Context(), bytes.NewReader(b), int64(len(b))+1, 2, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that shrank: %v", err)
	}
	full := errors.New("disk full")
	if _, err := object.HashAt(t.Context(), bytes.NewReader(b), int64(len(b)), 2, func(int64, []byte) error { return full }); !errors.Is(err, full) {
		t.Errorf("a copy that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := object.HashAt(ctx, bytes.NewReader(b), int64(len(b)), 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	if _, err := object.NewBlockHasher(10).ID(); err == nil {
		t.Error("an ID without blocks")
	}
}

func TestIDHasOneSpelling(t *testing.T) {
	text := object.Sum([]byte("x")).String()
	if id, err := object.ParseID(text); err != nil || id != object.Sum([]byte("x")) {
		t.Errorf("%s: %v, %v", text, id, err)
	}
	for _, s := range []string{"", text[1:], text + "0", "G" + text[1:], "A" + text[1:], " " + text[1:], text[:63] + "\n"} {
		if id, err := object.ParseID(s); err == nil {
			t.Errorf("%q accepted as %s", s, id)
		}
	}
}

func BenchmarkHashAt(b *testing.B) {
	data := counted(64 << 20)
	for name, workers := range map[string]int{"1 worker": 1, "2 workers": 2} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := object.HashAt(b.Context(), bytes.NewReader(data), int64(len(data)), workers, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("floor: Sum", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			object.Sum(data)
		}
	})
}
