package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
	"github.com/mlv-dev/mlv/internal/remote"
	"github.com/mlv-dev/mlv/internal/store"
)

// files are a directory's, by path; a nil content is an empty directory.
type files map[string][]byte

func text(s string) []byte { return []byte(s) }

// A site is one clone: its .mlv and what it holds.
type site struct {
	t     *testing.T
	dir   string
	mlv   *fsx.Root
	store *store.Store
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: filepath.Join(t.TempDir(), ".mlv")}
	var err error
	if s.mlv, err = fsx.MakeRoot(s.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.mlv.Close() })
	s.open()
	t.Cleanup(func() { _ = s.store.Close() })
	return s
}

func (s *site) open() {
	s.t.Helper()
	var err error
	if s.store, err = store.Open(context.WithoutCancel(s.t.Context()), store.Options{MLV: s.mlv, Jobs: 2}); err != nil {
		s.t.Fatal(err)
	}
}

// reopen makes the store look at its cache anew.
func (s *site) reopen() {
	s.t.Helper()
	if err := s.store.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.open()
}

// forget drops the journals.
func (s *site) forget() {
	s.t.Helper()
	if err := s.mlv.RemoveAll("push"); err != nil {
		s.t.Fatal(err)
	}
}

// dirOf stores a directory and returns it as an output.
func (s *site) dirOf(path fsx.Path, fs files) object.Entry {
	s.t.Helper()
	batch := s.store.NewBatch()
	root, err := buildDir(s.t.Context(), batch, fs)
	if err == nil {
		err = batch.Commit(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return object.Entry{Path: path, ID: root.ID, Size: root.Bytes, Mode: object.Tree}
}

func buildDir(ctx context.Context, batch *store.Batch, fs files) (object.Root, error) {
	b := object.NewBuilder(func(n *object.Node) error { return batch.PutNode(ctx, n.ID, n.Text) })
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		content := fs[name]
		e := object.Entry{Path: fsx.Path(name), ID: object.Sum(content), Size: int64(len(content)), Mode: object.File}
		if content == nil {
			e.Mode = object.Dir
		}
		if err := batch.Put(ctx, e.ID, content); err != nil {
			return object.Root{}, err
		}
		if err := b.Add(e); err != nil {
			return object.Root{}, err
		}
	}
	return b.Finish()
}

// fileOf stores a file and returns it as an output.
func (s *site) fileOf(path fsx.Path, content []byte) object.Entry {
	s.t.Helper()
	batch := s.store.NewBatch()
	id := object.Sum(content)
	err := batch.Put(s.t.Context(), id, content)
	if err == nil {
		err = batch.Commit(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return object.Entry{Path: path, ID: id, Size: int64(len(content)), Mode: object.File}
}

// history is what earlier commits had, newest first.
func history(commits ...[]object.Entry) History {
	return func(yield func([]object.Entry, error) bool) {
		for _, c := range commits {
			if !yield(c, nil) {
				return
			}
		}
	}
}

const testURL = "mem:project"

func (s *site) options(b remote.Bucket, outputs []object.Entry, earlier ...[]object.Entry) PushOptions {
	return PushOptions{
		Store: s.store, Bucket: b, Outputs: outputs, History: history(earlier...),
		Commit: strings.Repeat("5d0c3f7a", 5), State: s.mlv, URL: testURL, Workers: 2,
	}
}

func (s *site) push(b remote.Bucket, outputs []object.Entry, earlier ...[]object.Entry) PushResult {
	s.t.Helper()
	r, err := Push(s.t.Context(), s.options(b, outputs, earlier...))
	if err != nil {
		s.t.Fatalf("push: %v", err)
	}
	return r
}

// audit walks every record of a remote and checks that all it reaches is
// there and what its hash says. It returns the contents of each root by path;
// a file has the path "".
func audit(t *testing.T, b remote.Bucket) map[object.ID]files {
	t.Helper()
	d, err := pack.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a := &auditor{t: t, d: d, objects: map[string][]byte{}, frames: map[pack.Place][]byte{}}
	roots := map[object.ID]files{}
	for info, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		body, err := getAll(t.Context(), b, info.Key, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		a.objects[info.Key] = body
	}
	for key, body := range a.objects {
		kind, name := key[:2], filepath.Base(key)
		if (kind == "c/" || kind == "t/") && object.Sum(body).String() != name {
			t.Errorf("%s: its bytes have another hash", key)
		}
		if kind == "r/" {
			id, fs, err := a.record(body)
			if err != nil || id.String() != name {
				t.Errorf("%s: %v", key, err)
				continue
			}
			roots[id] = fs
		}
	}
	return roots
}

type auditor struct {
	t       *testing.T
	d       *pack.Decoder
	objects map[string][]byte
	frames  map[pack.Place][]byte
}

func (a *auditor) record(body []byte) (object.ID, files, error) {
	plain, err := a.d.AppendText(nil, body)
	if err != nil {
		return object.ID{}, nil, err
	}
	r, err := pack.ParseRecord(plain)
	if err != nil {
		return object.ID{}, nil, err
	}
	fs := files{}
	if r.Top == nil {
		fs[""], err = a.blob(r.ID, r.Size, r.Places[0])
		return r.ID, fs, err
	}
	return r.ID, fs, a.lines(fs, "", r.Top, r.Places)
}

func (a *auditor) frame(p pack.Place) ([]byte, error) {
	p.Skip = 0
	if b, ok := a.frames[p]; ok {
		return b, nil
	}
	b, err := a.decode(p)
	if err == nil {
		a.frames[p] = b
	}
	return b, err
}

func (a *auditor) decode(p pack.Place) ([]byte, error) {
	k := inBlobs
	if p.Node {
		k = inNodes
	}
	key := containerKey(k, p.Container)
	body, ok := a.objects[key]
	if !ok {
		return nil, fmt.Errorf("%s is not there", key)
	}
	if int(p.Offset+p.Stored) > len(body) {
		return nil, fmt.Errorf("%s has no frame of %d bytes at %d", key, p.Stored, p.Offset)
	}
	stored := body[p.Offset:][:p.Stored]
	if p.Node {
		return a.d.AppendText(nil, stored)
	}
	return a.d.Append(nil, stored, p.Codec, int(p.Plain))
}

func (a *auditor) blob(id object.ID, size int64, p pack.Place) ([]byte, error) {
	if size == 0 {
		return []byte{}, nil
	}
	if p.Empty() {
		return nil, fmt.Errorf("%s has no place", id.Short())
	}
	plain, err := a.frame(p)
	if err != nil {
		return nil, err
	}
	if p.Node {
		l, places, err := node0(plain, object.ParseChunks)
		if err != nil {
			return nil, err
		}
		plain, err = a.chunks(l, places, p.Container)
		if err != nil {
			return nil, err
		}
	} else {
		plain = plain[p.Skip:][:size]
	}
	if object.Sum(plain) != id || int64(len(plain)) != size {
		return nil, fmt.Errorf("%s has another hash", id.Short())
	}
	return plain, nil
}

func node0(plain []byte, parse func([]byte) (*object.Listing, error)) (*object.Listing, []pack.Place, error) {
	text, mapText, err := pack.SplitNode(plain)
	if err != nil {
		return nil, nil, err
	}
	l, err := parse(text)
	if err != nil {
		return nil, nil, err
	}
	places, err := pack.ParseMap(mapText, l)
	return l, places, err
}

func (a *auditor) chunks(l *object.Listing, places []pack.Place, self object.ID) (all []byte, err error) {
	pack.Resolve(places, self)
	for i, p := range places {
		var b []byte
		if l.Level == 0 {
			b, err = a.blob(l.Chunks[i].ID, l.Chunks[i].Size, p)
		} else {
			var plain []byte
			if plain, err = a.frame(p); err == nil {
				var below *object.Listing
				var pl []pack.Place
				if below, pl, err = node0(plain, object.ParseChunks); err == nil {
					b, err = a.chunks(below, pl, p.Container)
				}
			}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
	return all, nil
}

// lines reads what the lines of a node stand for.
func (a *auditor) lines(fs files, at string, l *object.Listing, places []pack.Place) error {
	for i, p := range places {
		node := l.Level > 0
		path := at
		if !node {
			e := l.Entries[i]
			path = filepath.ToSlash(filepath.Join(at, string(e.Path)))
			node = e.Mode == object.Tree
			if !node {
				content, err := a.blob(e.ID, e.Size, p)
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				fs[path] = content
				if e.Mode == object.Dir {
					fs[path] = nil
				}
				continue
			}
		}
		plain, err := a.frame(p)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		below, pl, err := node0(plain, object.ParseNode)
		if err == nil && object.Sum(below.AppendTo(nil)) != l.ID(i) {
			err = errors.New("node has another hash")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		pack.Resolve(pl, p.Container)
		if err := a.lines(fs, path, below, pl); err != nil {
			return err
		}
	}
	return nil
}

// wantFiles compares what a remote has of a root.
func wantFiles(t *testing.T, what string, got, want files) {
	t.Helper()
	bad := 0
	for name, content := range want {
		if bad > 3 {
			t.Errorf("%s: and more", what)
			break
		}
		if b, ok := got[name]; !ok || !bytes.Equal(b, content) || (b == nil) != (content == nil) {
			t.Errorf("%s: %q has %d bytes (%v), want %d", what, name, len(b), ok, len(content))
			bad++
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %q is too much", what, name)
		}
	}
}

func wantKind(t *testing.T, what string, err error, want errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != want {
		t.Errorf("%s: %v, want class %v", what, err, want)
	}
}

// damageFile flips a bit of a file below .mlv.
func damageFile(t *testing.T, s *site, path string) {
	t.Helper()
	name := filepath.Join(s.dir, filepath.FromSlash(path))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := errors.Join(os.Chmod(name, 0o600), os.WriteFile(name, b, 0o600)); err != nil {
		t.Fatal(err)
	}
}
