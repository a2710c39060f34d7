package object_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
)

// A shelf keeps the nodes of trees, and which were read.
type shelf struct {
	nodes map[object.ID][]byte
	read  []object.ID
}

func newShelf() *shelf { return &shelf{nodes: map[object.ID][]byte{}} }

func (s *shelf) emit(n *object.Node) error {
	if object.Sum(n.Text) != n.ID {
		return fmt.Errorf("node of level %d has another hash than its text", n.Level)
	}
	s.nodes[n.ID] = bytes.Clone(n.Text)
	return nil
}

func (s *shelf) get(_ context.Context, id object.ID) ([]byte, error) {
	text, ok := s.nodes[id]
	if !ok {
		return nil, errs.New(errs.Missing, "", "node %s", id.Short())
	}
	s.read = append(s.read, id)
	return text, nil
}

func (s *shelf) build(t testing.TB, entries []object.Entry) object.Root {
	t.Helper()
	b := object.NewBuilder(s.emit)
	for _, e := range entries {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	root, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func (s *shelf) list(t testing.TB, root object.ID, scope object.Scope) []object.Entry {
	t.Helper()
	return collect(t, object.Entries(t.Context(), s.get, root, scope))
}

func collect[T any](t testing.TB, seq iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// file returns an entry whose content is its path.
func file(p string) object.Entry {
	return object.Entry{Path: fsx.Path(p), ID: object.Sum([]byte(p)), Size: int64(len(p)), Mode: object.File}
}

func files(paths ...string) (list []object.Entry) {
	for _, p := range paths {
		list = append(list, file(p))
	}
	return list
}

// many returns n entries in 100 directories, in order.
func many(n int) []object.Entry {
	list := make([]object.Entry, n)
	for i := range list {
		list[i] = file(fmt.Sprintf("%02d/%06d", i*100/n, i))
	}
	return list
}

// plainTree is the tree rule written down a second time, level by level with
// everything in memory.
func plainTree(entries []object.Entry) (root object.ID, level int, nodes map[object.ID]string) {
	type item struct {
		line, last   string
		files, bytes int64
	}
	zeros := func(p string) (n int) {
		id := object.Sum([]byte(p))
		for n < 256 && id[n/8]>>(7-n%8)&1 == 0 {
			n++
		}
		return n
	}
	esc := strings.NewReplacer("\n", `\n`, `\`, `\\`)
	items := []item{}
	for _, e := range entries {
		p := string(e.Path)
		items = append(items, item{fmt.Sprintf("%s %d %c %s\n", e.ID, e.Size, e.Mode, esc.Replace(p)), p, 1, e.Size})
	}
	nodes = map[object.ID]string{}
	for level := 0; ; level++ {
		var up []item
		var id object.ID
		header := "mlv-tree 1 " + strconv.Itoa(level) + "\n"
		for first := true; first || len(items) > 0; first = false {
			text, sum := header, item{}
			for len(items) > 0 && (text == header || len(text)+len(items[0].line) <= 1<<20) {
				it := items[0]
				items = items[1:]
				text += it.line
				sum = item{"", it.last, sum.files + it.files, sum.bytes + it.bytes}
				if zeros(it.last) >= 7*(level+1) {
					break
				}
			}
			id = object.Sum([]byte(text))
			nodes[id] = text
			sum.line = fmt.Sprintf("%s %d %d %s\n", id, sum.files, sum.bytes, esc.Replace(sum.last))
			up = append(up, sum)
		}
		if len(up) == 1 {
			return id, level, nodes
		}
		items = up
	}
}

func TestTreeIsWhatTheRuleSays(t *testing.T) {
	lists := map[string][]object.Entry{
		"none": nil, "one": files("a"), "two": files("a", "b"), "5000": many(5000), "escapes": files("a\nb", `a\b`, "c\\\n\\"),
	}
	var long []object.Entry
	for i := range 600 { // reaches the cap of 1 MiB
		long = append(long, file(fmt.Sprintf("%04d/%s", i, strings.Repeat(strings.Repeat("x", 254)+"/", 15)+strings.Repeat("\\", 200))))
	}
	lists["paths of 4 KiB"] = long
	for name, entries := range lists {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			root := s.build(t, entries)
			id, level, nodes := plainTree(entries)
			if root.ID != id || root.Level != level || root.Files != int64(len(entries)) {
				t.Errorf("root %v, want %s of level %d with %d files", root, id, level, len(entries))
			}
			got := map[object.ID]string{}
			for id, text := range s.nodes {
				got[id] = string(text)
			}
			if diff := cmp.Diff(nodes, got); diff != "" {
				t.Error(diff)
			}
			if got := s.list(t, root.ID, object.Scope{}); !slices.Equal(got, entries) {
				t.Errorf("other lines are read, %d of them", len(got))
			}
		})
	}
}

func TestEmptyDirectoryIsOneNodeWithoutLines(t *testing.T) {
	s := newShelf()
	root := s.build(t, nil)
	if got := root.ID.String(); !strings.HasPrefix(got, "0d83afcbce7bee4c") || root.Level != 0 {
		t.Errorf("empty directory: %s of level %d", got, root.Level)
	}
	if got := string(s.nodes[root.ID]); got != "mlv-tree 1 0\n" {
		t.Errorf("text %q", got)
	}
}

func TestSubIsTheTreeOfTheEntriesWithoutThePrefix(t *testing.T) {
	s := newShelf()
	var inside []object.Entry
	for _, e := range many(3000) {
		if e.Path.Under("42") {
			e.Path = e.Path.Rel("42")
			inside = append(inside, e)
		}
	}
	root, want := s.build(t, many(3000)), s.build(t, inside)
	got, err := object.Sub(t.Context(), s.get, root.ID, "42", s.emit)
	if err != nil || got != want || got.Files != 30 {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestScopeReadsOnlyNodesTowardsThePaths(t *testing.T) {
	s := newShelf()
	all := many(20000)
	all = slices.Insert(all, 200, file("00a"), file("00b"))
	root := s.build(t, all)
	tests := map[string]struct {
		under []fsx.Path
		nodes int // at most
	}{
		"one file":      {[]fsx.Path{"17/003456"}, 3},
		"a directory":   {[]fsx.Path{"17"}, 12},
		"nested, twice": {[]fsx.Path{"17/003456", "17", "17"}, 12},
		"nothing":       {[]fsx.Path{"17/zzz", "5"}, 4},
		"neighbours":    {[]fsx.Path{"00", "00a"}, 12},
		"the root":      {[]fsx.Path{""}, 1000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var want []object.Entry
			for _, e := range all {
				if slices.ContainsFunc(tt.under, e.Path.Under) {
					want = append(want, e)
				}
			}
			s.read = nil
			if got := s.list(t, root.ID, object.Scope{Under: tt.under}); !slices.Equal(got, want) {
				t.Errorf("%d lines, want %d", len(got), len(want))
			}
			if len(s.read) > tt.nodes {
				t.Errorf("%d nodes read, want at most %d", len(s.read), tt.nodes)
			}
		})
	}
}

func TestLookupTellsLineDirectoryAndNothingApart(t *testing.T) {
	s := newShelf()
	root := s.build(t, many(1000))
	e, err := object.Lookup(t.Context(), s.get, root.ID, "01/000015", object.Scope{})
	if err != nil || e != file("01/000015") {
		t.Errorf("a line: %v, %v", e, err)
	}
	e, err = object.Lookup(t.Context(), s.get, root.ID, "01", object.Scope{})
	if err != nil || e != (object.Entry{Path: "01", Mode: object.Tree}) {
		t.Errorf("a directory: %v, %v", e, err)
	}
	if _, err = object.Lookup(t.Context(), s.get, root.ID, "01/00001", object.Scope{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

func TestDiffYieldsWhatDiffers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	base := many(8000)
	for round := range 12 {
		from, to := slices.Clone(base), slices.Clone(base)
		for range r.IntN(4) {
			to[r.IntN(len(to))].ID[3]++
			i, j := r.IntN(len(from)), r.IntN(len(to))
			from = slices.Delete(from, i, min(len(from), i+r.IntN(400)))
			to = slices.Delete(to, j, min(len(to), j+r.IntN(3)))
		}
		var want []object.Change
		in := map[fsx.Path]object.Change{}
		for _, e := range from {
			in[e.Path] = object.Change{Path: e.Path, From: e}
		}
		for _, e := range to {
			c := in[e.Path]
			c.Path, c.To = e.Path, e
			in[e.Path] = c
		}
		for _, c := range in {
			if c.From != c.To {
				want = append(want, c)
			}
		}
		slices.SortFunc(want, func(a, b object.Change) int { return strings.Compare(string(a.Path), string(b.Path)) })
		s := newShelf()
		a, b := s.build(t, from).ID, s.build(t, to).ID
		if diff := cmp.Diff(want, collect(t, object.Diff(t.Context(), s.get, a, b, object.Scope{}))); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
	}
}

func TestDiffReadsOnlyWhatDiffers(t *testing.T) {
	s := newShelf()
	from := many(100_000)
	a := s.build(t, from)
	if a.Level != 2 {
		t.Fatalf("level %d", a.Level)
	}
	changed := slices.Clone(from)
	changed[77_777].ID[0]++
	tests := map[string]struct {
		to      []object.Entry
		changes int
		nodes   int
	}{
		"nothing":      {from, 0, 0},
		"one changed":  {changed, 1, 6},
		"one removed":  {slices.Delete(slices.Clone(from), 5, 6), 1, 8},
		"a new folder": {append(slices.Clone(from), files("zz/1", "zz/2")...), 2, 6},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := s.build(t, tt.to)
			s.read = nil
			changes := collect(t, object.Diff(t.Context(), s.get, a.ID, b.ID, object.Scope{}))
			if len(changes) != tt.changes || len(s.read) > tt.nodes {
				t.Errorf("%d changes by %d nodes, want %d by at most %d", len(changes), len(s.read), tt.changes, tt.nodes)
			}
		})
	}
	s.read = nil
	if n := len(collect(t, object.Diff(t.Context(), s.get, object.ID{}, a.ID, object.Scope{}))); n != len(from) {
		t.Errorf("against nothing: %d changes", n)
	}
}

func TestBuilderRefusesWhatNoTreeHolds(t *testing.T) {
	tests := map[string]struct {
		list []object.Entry
		want string
	}{
		"twice":            {files("a", "a"), `path "a" does not come after "a"`},
		"falling":          {files("b", "a"), `path "a" does not come after "b"`},
		"below a line":     {files("a", "a-b", "a/b"), `path "a/b" lies below "a"`},
		"mode":             {[]object.Entry{{Path: "a", ID: object.Sum([]byte("x")), Size: 1, Mode: 'z'}}, "mode 'z'"},
		"empty, wrong ID":  {[]object.Entry{{Path: "a", Mode: object.File}}, "only empty content has no bytes"},
		"Empty with bytes": {[]object.Entry{{Path: "a", ID: object.Empty, Size: 1, Mode: object.File}}, "only empty content has no bytes"},
		"d with bytes":     {[]object.Entry{{Path: "a", ID: object.Empty, Size: 1, Mode: object.Dir}}, "empty directory of 1 bytes"},
		"negative":         {[]object.Entry{{Path: "a", Size: -1, Mode: object.File}}, "size -1"},
		"too many bytes":   {[]object.Entry{{Path: "a", Size: 1<<63 - 1, Mode: object.File}, {Path: "b", ID: object.ID{1}, Size: 1, Mode: object.File}}, "more than 2⁶³ bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := object.NewBuilder(func(*object.Node) error { return nil })
			var err error
			for _, e := range tt.list {
				err = b.Add(e)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestReaderRefusesNodesThatContradictTheirParent forges each claim of an
// upper line in turn.
func TestReaderRefusesNodesThatContradictTheirParent(t *testing.T) {
	s := newShelf()
	root := s.build(t, many(1000))
	top, err := object.ParseNode(s.nodes[root.ID])
	if err != nil || top.Level != 1 {
		t.Fatal(top, err)
	}
	tests := map[string]func(l *object.Listing){
		"files":        func(l *object.Listing) { l.Children[1].Files++ },
		"bytes":        func(l *object.Listing) { l.Children[1].Bytes-- },
		"last path":    func(l *object.Listing) { l.Children[1].Last += "x" },
		"another node": func(l *object.Listing) { l.Children[1].ID = l.Children[0].ID },
		"level":        func(l *object.Listing) { l.Level++ },
		"one child":    func(l *object.Listing) { l.Children = l.Children[:1] },
	}
	for name, forge := range tests {
		t.Run(name, func(t *testing.T) {
			l := *top
			l.Children = slices.Clone(top.Children)
			forge(&l)
			text := l.AppendTo(nil)
			s.nodes[object.Sum(text)] = text
			var last error
			for _, err := range object.Entries(t.Context(), s.get, object.Sum(text), object.Scope{}) {
				last = err
			}
			if errs.KindOf(last) != errs.Corrupt {
				t.Errorf("got %v, want a corrupt tree", last)
			}
		})
	}
}

func TestProjectLinesAreRefusedElsewhere(t *testing.T) {
	s := newShelf()
	e := object.Entry{Path: "data", ID: object.Sum([]byte("mlv-tree 1 0\n")), Mode: object.Tree}
	root := s.build(t, []object.Entry{e})
	if got := s.list(t, root.ID, object.Scope{Project: true}); !slices.Equal(got, []object.Entry{e}) {
		t.Errorf("project tree: %v", got)
	}
	for _, err := range object.Entries(t.Context(), s.get, root.ID, object.Scope{}) {
		if errs.KindOf(err) != errs.Corrupt {
			t.Errorf("got %v", err)
		}
	}
}

// TestLinesCostNoAllocations holds the price of long lists: what is allocated
// grows with the nodes, not with the lines.
func TestLinesCostNoAllocations(t *testing.T) {
	s := newShelf()
	entries := many(20_000)
	root := s.build(t, entries)
	nodes := len(s.nodes)
	build := testing.AllocsPerRun(3, func() {
		b := object.NewBuilder(func(*object.Node) error { return nil })
		for i := range entries {
			if err := b.Add(entries[i]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Finish(); err != nil {
			t.Fatal(err)
		}
	})
	read := testing.AllocsPerRun(3, func() {
		for _, err := range object.Entries(t.Context(), s.get, root.ID, object.Scope{}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	if limit := float64(3*nodes + 100); build > limit || read > limit {
		t.Errorf("%d entries in %d nodes: %.0f allocations to build, %.0f to read; want at most %.0f", len(entries), nodes, build, read, limit)
	}
}

func BenchmarkBuild(b *testing.B) {
	entries := many(100_000)
	for b.Loop() {
		x := object.NewBuilder(func(*object.Node) error { return nil })
		for i := range entries {
			if err := x.Add(entries[i]); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := x.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEntries(b *testing.B) {
	s := newShelf()
	root := s.build(b, many(100_000))
	for b.Loop() {
		s.read = s.read[:0]
		for _, err := range object.Entries(b.Context(), s.get, root.ID, object.Scope{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
