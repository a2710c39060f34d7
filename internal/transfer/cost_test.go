package transfer

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/remote"
	"github.com/mlv-dev/mlv/internal/store"
)

// long makes the tests of costs as large as the bars say: a million files, and
// ten thousand pushes. It takes a quarter of an hour.
var long = flag.Bool("long", false, "test costs with a million files, and with ten thousand pushes")

// A big directory is kept as its lines, so that changing one is cheap.
type big struct {
	s     *site
	lines []object.Entry
	batch *store.Batch
}

func newBig(s *site, n int) *big {
	b := &big{s: s, lines: make([]object.Entry, n), batch: s.store.NewBatch()}
	for i := range b.lines {
		b.set(i, 0)
	}
	return b
}

// set gives file i its content of a version: 16 bytes.
func (b *big) set(i, version int) {
	b.s.t.Helper()
	content := fmt.Appendf(nil, "%08d%08d", i, version)
	path := fsx.Path(fmt.Sprintf("part-%04d/file-%07d.txt", i/1000, i))
	b.lines[i] = object.Entry{Path: path, ID: object.Sum(content), Size: int64(len(content)), Mode: object.File}
	if err := b.batch.Put(b.s.t.Context(), b.lines[i].ID, content); err != nil {
		b.s.t.Fatal(err)
	}
}

// save stores the tree and returns it as the output "data".
func (b *big) save() object.Entry {
	b.s.t.Helper()
	t := object.NewBuilder(func(n *object.Node) error { return b.batch.PutNode(b.s.t.Context(), n.ID, n.Text) })
	for _, e := range b.lines {
		if err := t.Add(e); err != nil {
			b.s.t.Fatal(err)
		}
	}
	root, err := t.Finish()
	if err == nil {
		err = b.batch.Commit(b.s.t.Context())
	}
	if err == nil {
		err = b.s.store.Tidy(b.s.t.Context()) // as each command does
	}
	if err != nil {
		b.s.t.Fatal(err)
	}
	b.batch = b.s.store.NewBatch()
	return object.Entry{Path: "data", ID: root.ID, Size: root.Bytes, Mode: object.Tree}
}

func wantCheapChange(t *testing.T, when string, r PushResult) {
	t.Helper()
	if r.Files != 1 || r.Requests > 12 || r.Sent > 64<<10 || r.Received > 64<<10 {
		t.Errorf("%s, one changed file: %+v, want at most 12 requests and 64 KiB", when, r)
	}
}

func TestCostOfOneChange(t *testing.T) {
	if *long {
		t.Run("1000000 files", func(t *testing.T) { testCostOfOneChange(t, 1_000_000, 10) })
		t.Run("10000 pushes", func(t *testing.T) { testCostOfOneChange(t, 50_000, 10_000) })
		return
	}
	testCostOfOneChange(t, 20_000, 50)
}

func testCostOfOneChange(t *testing.T, n, pushes int) {
	s := newSite(t)
	b := newBig(s, n)
	mem := new(remote.Mem)
	before := b.save()
	r := s.push(mem, []object.Entry{before})
	if r.Files != n {
		t.Fatalf("first push: %+v", r)
	}
	t.Logf("first push: %+v", r)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range pushes {
		b.set(random.IntN(n), i+1)
		after := b.save()
		// HEAD is what is pushed, the commit before it what was.
		r := s.push(mem, []object.Entry{after}, []object.Entry{after}, []object.Entry{before})
		if i == 0 || i == pushes-1 {
			t.Logf("push %d: %+v", i+1, r)
		}
		wantCheapChange(t, fmt.Sprint("after ", i+1, " pushes"), r)
		before = after
	}
	if r := s.push(mem, []object.Entry{before}); !r.UpToDate || r.Requests != 1 {
		t.Errorf("nothing to do: %+v", r)
	}
	t.Run("fetch of one file", func(t *testing.T) { testCostOfOneFile(t, mem, before, b.lines[n/3]) })
}

func testCostOfOneFile(t *testing.T, b remote.Bucket, out, line object.Entry) {
	s := newSite(t)
	r, err := Fetch(t.Context(), FetchOptions{
		Store: s.store, Bucket: b, Wants: []Want{{out, []fsx.Path{line.Path}}}, History: history([]object.Entry{out}),
	})
	t.Logf("%+v", r)
	if err != nil || r.Files != 1 || r.Requests > 5 || r.Received > 1<<20 {
		t.Errorf("%+v (%v), want at most 5 requests and 1 MB", r, err)
	}
	if content, err := s.store.Get(t.Context(), line.ID, nil); err != nil || object.Sum(content) != line.ID {
		t.Errorf("not stored: %v", err)
	}
}
