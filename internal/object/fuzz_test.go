package object_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/mlv-dev/mlv/internal/object"
)

// FuzzTree holds that a node has one spelling, and that what a node of level 0
// says can be built again.
func FuzzTree(f *testing.F) {
	s := newShelf()
	s.build(f, many(300))
	s.build(f, nil)
	s.build(f, append(files("a\nb", `a\b`, "empt"), object.Entry{Path: "empty", ID: object.Empty, Mode: object.Dir}))
	for _, text := range s.nodes {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := object.ParseNode(text)
		if err != nil {
			return
		}
		if again := l.AppendTo(nil); !bytes.Equal(again, text) {
			t.Fatalf("got  %q\nfrom %q", again, text)
		}
		if l.Level > 0 {
			return
		}
		shelf := newShelf()
		root := shelf.build(t, l.Entries)
		got := shelf.list(t, root.ID, object.Scope{Project: true})
		if !slices.Equal(got, l.Entries) || root.Files != l.Files || root.Bytes != l.Bytes {
			t.Fatalf("got  %v\nfrom %v", got, l.Entries)
		}
	})
}

// FuzzChunks holds the same of chunk trees.
func FuzzChunks(f *testing.F) {
	s := newShelf()
	s.chunk(f, chunksOf(300))
	s.chunk(f, chunksOf(1))
	for _, text := range s.nodes {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := object.ParseChunks(text)
		if err != nil {
			return
		}
		if again := l.AppendTo(nil); !bytes.Equal(again, text) {
			t.Fatalf("got  %q\nfrom %q", again, text)
		}
		if l.Level > 0 {
			return
		}
		shelf := newShelf()
		root := shelf.chunk(t, l.Chunks)
		n := 0
		for _, c := range collect(t, object.Chunks(t.Context(), shelf.get, root.ID, 0, -1)) {
			if want := l.Chunks[n]; c.ID != want.ID || c.Size != want.Size {
				t.Fatalf("chunk %d: %v, want %v", n, c, want)
			}
			n++
		}
		if n != len(l.Chunks) {
			t.Fatalf("%d chunks, want %d", n, len(l.Chunks))
		}
	})
}
