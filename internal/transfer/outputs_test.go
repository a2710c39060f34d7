package transfer

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
)

// Of what the cache lacks, only what needs it stays behind, named.
func TestMissingContentStopsOnlyItsOutput(t *testing.T) {
	s := newSite(t)
	absent := object.Sum(text("nobody has this"))
	b := s.store.NewBatch()
	var root object.Root
	tree := object.NewBuilder(func(n *object.Node) error { return b.PutNode(t.Context(), n.ID, n.Text) })
	for _, e := range []object.Entry{
		{Path: "a/gone", ID: absent, Size: 15, Mode: object.File},
		{Path: "b", ID: object.Sum(text("b")), Size: 1, Mode: object.File},
	} {
		if err := tree.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	root, err := tree.Finish()
	if err == nil {
		if err = b.Put(t.Context(), object.Sum(text("b")), text("b")); err == nil {
			err = b.Commit(t.Context())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	good := numbered(20)
	outputs := []object.Entry{
		{Path: "bad", ID: root.ID, Size: root.Bytes, Mode: object.Tree},
		{Path: "nodes", ID: object.Sum(text("no such tree")), Size: 5, Mode: object.Tree},
		s.dirOf("good", good),
	}
	mem := new(remote.Mem)
	_, err = Push(t.Context(), s.options(mem, outputs))
	wantKind(t, "push", err, errs.Missing)
	for _, path := range []string{"bad/a/gone", "nodes"} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%v does not name %s", err, path)
		}
	}
	roots := audit(t, mem)
	wantFiles(t, "good", roots[outputs[2].ID], good)
	if len(roots) != 1 {
		t.Errorf("%d records, want one", len(roots))
	}
	// With the content at hand the next push completes.
	outputs = outputs[:1:1]
	s.fileOf("x", text("nobody has this"))
	s.push(mem, outputs)
	wantFiles(t, "bad", audit(t, mem)[root.ID], files{"a/gone": text("nobody has this"), "b": text("b")})
}

func TestRenamedFilesAreNotSentAgain(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	old := numbered(500)
	for i := range 10 {
		old["pictures/"+string(rune('a'+i))] = noise(50_000, byte(i))
	}
	moved := files{}
	for name, b := range old {
		moved["new/"+name] = b
	}
	before, after := []object.Entry{s.dirOf("data", old)}, []object.Entry{s.dirOf("data", moved)}
	s.push(mem, before)
	if r := s.push(mem, after, before); r.Files != 0 || r.Sent > 150_000 {
		t.Errorf("%+v, want nodes alone", r)
	}
	wantFiles(t, "data", audit(t, mem)[after[0].ID], moved)
	// And so is a directory as a whole, under another name.
	again := []object.Entry{after[0]}
	again[0].Path = "elsewhere/data"
	if r := s.push(mem, again, after, before); r.Files != 0 || r.Outputs != 0 || r.Containers != 1 {
		t.Errorf("%+v, want the project's node alone", r)
	}
	audit(t, mem)
}

// A directory that was never here in whole can get a file more.
func TestAddToADirectoryThatIsNotHere(t *testing.T) {
	far, here := newSite(t), newSite(t)
	mem := new(remote.Mem)
	fs := numbered(300)
	before := []object.Entry{far.dirOf("data", fs)}
	far.push(mem, before)
	b := here.store.NewBatch()
	more := maps.Clone(fs)
	more["new"] = text("new")
	// Only the tree's nodes and the new file are here.
	tree := object.NewBuilder(func(n *object.Node) error { return b.PutNode(t.Context(), n.ID, n.Text) })
	for _, name := range slices.Sorted(maps.Keys(more)) {
		c := more[name]
		if err := tree.Add(object.Entry{Path: fsx.Path(name), ID: object.Sum(c), Size: int64(len(c)), Mode: object.File}); err != nil {
			t.Fatal(err)
		}
	}
	root, err := tree.Finish()
	if err == nil {
		err = b.Put(t.Context(), object.Sum(text("new")), text("new"))
	}
	if err == nil {
		err = b.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	after := []object.Entry{{Path: "data", ID: root.ID, Size: root.Bytes, Mode: object.Tree}}
	if r := here.push(mem, after, before); r.Files != 1 || r.Containers != 2 {
		t.Errorf("%+v", r)
	}
	wantFiles(t, "data", audit(t, mem)[root.ID], more)
}

func TestPartialPushWritesRecordsOfItsOutputsAlone(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	a, b := s.dirOf("a", numbered(150)), s.fileOf("b", text("b"))
	o := s.options(mem, []object.Entry{a})
	o.Partial = true
	r, err := Push(t.Context(), o)
	if err != nil || r.Outputs != 1 {
		t.Fatalf("%+v (%v)", r, err)
	}
	if roots := audit(t, mem); len(roots) != 1 {
		t.Errorf("%d records, want that of a", len(roots))
	}
	if r, err := Push(t.Context(), o); err != nil || !r.UpToDate || r.Requests != 1 {
		t.Errorf("again: %+v (%v)", r, err)
	}
	// The whole push finds a where it is.
	if r := s.push(mem, []object.Entry{a, b}); r.Files != 1 || r.Outputs != 1 {
		t.Errorf("whole push: %+v", r)
	}
	roots := audit(t, mem)
	wantFiles(t, "a", roots[a.ID], numbered(150))
	// A partial push of what only the project's record reaches gives it its own.
	if err := mem.Delete(t.Context(), recordKey(a.ID)); err != nil {
		t.Fatal(err)
	}
	o.History = history([]object.Entry{a, b})
	if r, err := Push(t.Context(), o); err != nil || r.Files != 0 {
		t.Errorf("%+v (%v)", r, err)
	}
	wantFiles(t, "a", audit(t, mem)[a.ID], numbered(150))
}

func TestMissingSaysWhatARemoteLacks(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	a, b, c := s.dirOf("a", numbered(5)), s.fileOf("b", text("b")), s.fileOf("c", nil)
	all := []object.Entry{a, b, c}
	ask := func(outputs []object.Entry, h History) []object.Entry {
		t.Helper()
		list, err := Missing(t.Context(), MissingOptions{Bucket: mem, Outputs: outputs, History: h})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := ask(all, nil); !slices.Equal(got, []object.Entry{a, b}) {
		t.Errorf("of an empty remote %v is missing", got)
	}
	s.push(mem, []object.Entry{a, c})
	if got := ask(all, history([]object.Entry{a, c})); !slices.Equal(got, []object.Entry{b}) {
		t.Errorf("%v is missing, want b", got)
	}
	s.push(mem, all)
	count := remote.Count(mem)
	list, err := Missing(t.Context(), MissingOptions{Bucket: count, Outputs: all})
	if err != nil || len(list) > 0 || count.Counts().Requests() != 1 {
		t.Errorf("%v is missing (%v), %d requests", list, err, count.Counts().Requests())
	}
}

func TestFetchOfSomePathsGetsTheseAlone(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	fs := numbered(2000)
	fs["d001-x"] = text("between d001 and d001/")
	outputs := []object.Entry{s.dirOf("data", fs)}
	s.push(mem, outputs)
	for under, want := range map[fsx.Path]int{"d001": 100, "d001/f00123.json": 1, "d001-x": 1, "absent": 0, "": 2001} {
		other := newSite(t)
		r, err := Fetch(t.Context(), FetchOptions{
			Store: other.store, Bucket: mem, Wants: []Want{{outputs[0], []fsx.Path{under}}}, History: history(outputs),
		})
		if err != nil || r.Files != want {
			t.Errorf("under %q: %+v (%v), want %d files", under, r, err, want)
		}
		r, err = Fetch(t.Context(), FetchOptions{
			Store: other.store, Bucket: mem, Wants: []Want{{outputs[0], []fsx.Path{under}}}, History: history(outputs),
		})
		if err != nil || !r.UpToDate || r.Requests != 0 {
			t.Errorf("under %q, again: %+v (%v)", under, r, err)
		}
	}
}

func TestFetchNamesWhatIsNotOnTheRemote(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	a, b := s.dirOf("a", numbered(5)), s.fileOf("b", text("b"))
	s.push(mem, []object.Entry{a})
	other := newSite(t)
	_, err := other.fetch(mem, nil, a, b)
	wantKind(t, "fetch", err, errs.Missing)
	if err == nil || !strings.Contains(err.Error(), "b: object") {
		t.Errorf("%v does not name b", err)
	}
	other.wantHere(a, numbered(5))
}

func TestManyOutputsAreFoundThroughTheProject(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	var outputs []object.Entry
	for i := range 300 {
		outputs = append(outputs, s.fileOf(fsx.Path("out-"+string(rune('a'+i%26))+string(rune('a'+i/26))), noise(100, byte(i))))
	}
	s.push(mem, outputs)
	other := newSite(t)
	r, err := other.fetch(mem, history(outputs), outputs...)
	if err != nil || r.Requests > 6 {
		t.Errorf("%+v (%v), want a few requests", r, err)
	}
	// Without history, one listing finds them.
	third := newSite(t)
	if r, err := third.fetch(mem, nil, outputs...); err != nil || r.Files == 0 {
		t.Errorf("%+v (%v)", r, err)
	}
}

// An old version that comes back is compared with its own record, too, not
// only with what was there last.
func TestOldVersionThatComesBackIsFound(t *testing.T) {
	s := newSite(t)
	mem := new(remote.Mem)
	old := []object.Entry{s.dirOf("data", files{"a": noise(3<<20, 1)})}
	now := []object.Entry{s.dirOf("data", files{"b": noise(3<<20, 2)})}
	s.push(mem, old)
	s.push(mem, now, old)
	again := append(slices.Clone(old), s.fileOf("x", text("x")))
	if r := s.push(mem, again, now); r.Files != 1 || r.Sent > 10_000 {
		t.Errorf("%+v, want x alone", r)
	}
	audit(t, mem)
}
