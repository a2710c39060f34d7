package object_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
)

// chunksOf returns n chunks with their offsets.
func chunksOf(n int) (list []object.Chunk) {
	var at int64
	for i := range n {
		c := object.Chunk{ID: object.Sum(fmt.Appendf(nil, "chunk %d", i)), Size: int64(1 + i%7), Offset: at}
		at += c.Size
		list = append(list, c)
	}
	return list
}

func (s *shelf) chunk(t testing.TB, list []object.Chunk) object.Root {
	t.Helper()
	b := object.NewChunkBuilder(s.emit)
	for _, c := range list {
		if err := b.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	root, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestChunkTreeCutsAfterLinesWhoseOwnIDSaysSo(t *testing.T) {
	for _, n := range []int{1, 2, 1000, 40_000} {
		s := newShelf()
		want := chunksOf(n)
		root := s.chunk(t, want)
		if got, err := object.ReadChunkRoot(t.Context(), s.get, root.ID); err != nil || got != root || got.Files != int64(n) {
			t.Errorf("%d chunks: root %+v, %v; want %+v", n, got, err, root)
		}
		if got := collect(t, object.Chunks(t.Context(), s.get, root.ID, 0, -1)); !slices.Equal(got, want) {
			t.Errorf("%d chunks: others are read, %d of them", n, len(got))
		}
		for id, text := range s.nodes {
			l, err := object.ParseChunks(text)
			if err != nil {
				t.Fatal(err)
			}
			for i := range l.Len() {
				line := l.ID(i)
				cut := line[0] < 2 // seven zero bits
				if cut && i < l.Len()-1 {
					t.Errorf("node %s goes on behind line %d", id.Short(), i)
				}
			}
		}
	}
}

func TestChunksOfARangeReadOnlyNodesTowardsIt(t *testing.T) {
	s := newShelf()
	all := chunksOf(40_000)
	root := s.chunk(t, all)
	for name, r := range map[string]struct {
		off, n int64
		nodes  int
	}{
		"a byte":           {70_000, 1, 3},
		"the first":        {0, 1, 3},
		"the last":         {root.Bytes - 1, 1, 3},
		"a stretch":        {1000, 500, 5},
		"nothing":          {1000, 0, 3},
		"behind the end":   {root.Bytes, 10, 1},
		"more than all":    {root.Bytes - 3, 1 << 62, 3},
		"as far as it can": {root.Bytes - 3, 1<<63 - 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var want []object.Chunk
			for _, c := range all {
				if c.Offset+c.Size > r.off && c.Offset-r.off < r.n {
					want = append(want, c)
				}
			}
			s.read = nil
			if diff := cmp.Diff(want, collect(t, object.Chunks(t.Context(), s.get, root.ID, r.off, r.n))); diff != "" {
				t.Error(diff)
			}
			if len(s.read) > r.nodes {
				t.Errorf("%d nodes read, want at most %d", len(s.read), r.nodes)
			}
		})
	}
}

func TestChunkReaderRefusesNodesThatContradictTheirParent(t *testing.T) {
	s := newShelf()
	root := s.chunk(t, chunksOf(1000))
	top, err := object.ParseChunks(s.nodes[root.ID])
	if err != nil || top.Level == 0 {
		t.Fatal(top, err)
	}
	for name, forge := range map[string]func(l *object.Listing){
		"chunks":    func(l *object.Listing) { l.Children[1].Files++ },
		"bytes":     func(l *object.Listing) { l.Children[1].Bytes-- },
		"level":     func(l *object.Listing) { l.Level++ },
		"one child": func(l *object.Listing) { l.Children = l.Children[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			l := *top
			l.Children = slices.Clone(top.Children)
			forge(&l)
			text := l.AppendTo(nil)
			s.nodes[object.Sum(text)] = text
			var last error
			for _, err := range object.Chunks(t.Context(), s.get, object.Sum(text), 0, -1) {
				last = err
			}
			if errs.KindOf(last) != errs.Corrupt {
				t.Errorf("got %v", last)
			}
		})
	}
}

func TestNoChunkTreeHoldsEmptyChunks(t *testing.T) {
	b := object.NewChunkBuilder(func(*object.Node) error { return nil })
	if _, err := b.Finish(); err == nil {
		t.Error("a tree without chunks")
	}
	for _, c := range []object.Chunk{{ID: object.Empty}, {ID: object.ID{1}}, {ID: object.Empty, Size: 1}, {ID: object.ID{1}, Size: -1}} {
		if err := b.Add(c); err == nil {
			t.Errorf("%+v accepted", c)
		}
	}
}
