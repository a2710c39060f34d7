package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/proc"
	"github.com/mlv-dev/mlv/internal/spec"
)

// TestMain lets this test's program stand in for mlv as the guard, and as an
// mlv that is killed at a step.
func TestMain(m *testing.M) {
	if code, is := proc.GuardMain(context.Background(), os.Args); is {
		os.Exit(code)
	}
	if at := os.Getenv("PIPELINE_TEST_KILL"); at != "" {
		os.Exit(killedRepro(at))
	}
	os.Exit(m.Run())
}

// A folderCache is a cache, with its run records, that is a plain folder: a
// file an object, named by its hash.
type folderCache struct{ dir string }

func (c folderCache) path(kind string, id object.ID) string {
	return filepath.Join(c.dir, kind, id.String())
}

func (c folderCache) Has(id object.ID) (bool, error) {
	_, err := os.Stat(c.path("objects", id))
	return err == nil, nil
}

func (c folderCache) Node(_ context.Context, id object.ID) ([]byte, error) {
	b, err := os.ReadFile(c.path("objects", id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.New(errs.Missing, "", "object %s is missing", id.Short())
	}
	return b, err
}

func (c folderCache) Run(key object.ID) ([]byte, error) {
	b, err := os.ReadFile(c.path("runs", key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

func (c folderCache) PutRun(key object.ID, b []byte) error { return c.put("runs", key, b) }

func (c folderCache) put(kind string, id object.ID, b []byte) error {
	path := c.path(kind, id)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// folderFiles are the files of a project, with such a cache.
type folderFiles struct {
	root   *fsx.Root
	cache  folderCache
	hashes int // calls of Hash
}

func (f *folderFiles) Hash(_ context.Context, p fsx.Path) (Found, error) {
	f.hashes++
	return f.scan(p, func(object.ID, []byte) error { return nil })
}

func (f *folderFiles) Save(_ context.Context, p fsx.Path) (Found, error) {
	return f.scan(p, func(id object.ID, b []byte) error { return f.cache.put("objects", id, b) })
}

// scan hashes what stands at p, giving all content to keep.
func (f *folderFiles) scan(p fsx.Path, keep func(object.ID, []byte) error) (Found, error) {
	top := filepath.Join(f.root.Dir(), string(p))
	st, err := os.Lstat(top)
	if err != nil {
		return Found{}, err
	}
	one := func(name string, st fs.FileInfo) (object.Entry, error) {
		b, err := os.ReadFile(name)
		if err != nil {
			return object.Entry{}, err
		}
		e := object.Entry{ID: object.Sum(b), Size: int64(len(b)), Mode: object.File}
		if st.Mode()&0o100 != 0 {
			e.Mode = object.Exec
		}
		return e, keep(e.ID, b)
	}
	if !st.IsDir() {
		e, err := one(top, st)
		return Found{e.ID, e.Size, 0, e.Mode}, err
	}
	var lines []object.Entry
	err = filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		e, err := one(name, st)
		rel, _ := filepath.Rel(top, name)
		e.Path = fsx.Path(filepath.ToSlash(rel))
		lines = append(lines, e)
		return err
	})
	if err != nil {
		return Found{}, err
	}
	slices.SortFunc(lines, func(a, b object.Entry) int { return cmp.Compare(a.Path, b.Path) })
	b := object.NewBuilder(func(n *object.Node) error { return keep(n.ID, bytes.Clone(n.Text)) })
	for _, e := range lines {
		if err := b.Add(e); err != nil {
			return Found{}, err
		}
	}
	root, err := b.Finish()
	return Found{root.ID, root.Bytes, root.Files, object.Tree}, err
}

func (f *folderFiles) Place(ctx context.Context, p fsx.Path, what Found) error {
	top := filepath.Join(f.root.Dir(), string(p))
	if _, err := os.Lstat(top); err == nil {
		return fmt.Errorf("%s exists", p)
	}
	one := func(name string, id object.ID, mode object.Mode) error {
		var b []byte
		if id != object.Empty {
			var err error
			if b, err = f.cache.Node(ctx, id); err != nil {
				return err
			}
		}
		perm := os.FileMode(0o644)
		if mode == object.Exec {
			perm = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, b, perm)
	}
	if what.Mode != object.Tree {
		return one(top, what.ID, what.Mode)
	}
	if err := os.MkdirAll(top, 0o755); err != nil {
		return err
	}
	for e, err := range object.Entries(ctx, f.cache.Node, what.ID, object.Scope{}) {
		if err != nil {
			return err
		}
		if err := one(filepath.Join(top, filepath.FromSlash(string(e.Path))), e.ID, e.Mode); err != nil {
			return err
		}
	}
	return nil
}

// A world is a project in a folder of its own.
type world struct {
	t     *testing.T
	dir   string
	files *folderFiles
	git   Git
	out   bytes.Buffer // what stages wrote
}

// newWorld makes a project of files; a name that ends in ".sh" is executable.
func newWorld(t *testing.T, files map[string]string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	for name, content := range files {
		w.write(name, content)
	}
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *world) write(name, content string) {
	w.t.Helper()
	perm := os.FileMode(0o644)
	if strings.HasSuffix(name, ".sh") {
		perm = 0o755
	}
	err := os.MkdirAll(filepath.Dir(w.path(name)), 0o755)
	if err == nil {
		_ = os.Remove(w.path(name))
		err = os.WriteFile(w.path(name), []byte(content), perm)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// read returns a file's content, "absent" if there is none.
func (w *world) read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "absent"
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.RemoveAll(w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) rename(from, to string) {
	w.t.Helper()
	err := os.MkdirAll(filepath.Dir(w.path(to)), 0o755)
	if err = errors.Join(err, os.Rename(w.path(from), w.path(to))); err != nil {
		w.t.Fatal(err)
	}
}

// edit replaces text in a file.
func (w *world) edit(name, from, to string) {
	w.t.Helper()
	b := w.read(name)
	if !strings.Contains(b, from) {
		w.t.Fatalf("%s has no %q:\n%s", name, from, b)
	}
	w.write(name, strings.ReplaceAll(b, from, to))
}

// openIn opens the pipeline of the project in dir.
func openIn(ctx context.Context, dir string, git Git) (*Pipeline, *folderFiles, error) {
	root, err := fsx.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	sp, err := spec.Load(ctx, root.FS(), spec.Options{Above: 1})
	if err != nil {
		return nil, nil, err
	}
	files := &folderFiles{root: root, cache: folderCache{filepath.Join(dir, ".mlv", "cache")}}
	p, err := New(Options{Root: root, Spec: sp, Files: files, Cache: files.cache, Git: git, By: "test"})
	return p, files, err
}

func (w *world) open() *Pipeline {
	w.t.Helper()
	p, err := w.tryOpen()
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) tryOpen() (*Pipeline, error) {
	p, files, err := openIn(w.t.Context(), w.dir, w.git)
	w.files = files
	if p != nil {
		w.t.Cleanup(func() { _ = p.Close() })
	}
	return p, err
}

// repro runs repro as a command of its own would.
func (w *world) repro(opt ReproOptions) (ReproResult, error) {
	w.t.Helper()
	w.out.Reset()
	opt.Output = &w.out
	p := w.open()
	defer p.Close()
	return p.Repro(w.t.Context(), opt)
}

// want runs repro, which must succeed with these outcomes, as
// "train: ran, eval: unchanged", reasons left out.
func (w *world) want(outcomes string, opt ReproOptions) ReproResult {
	w.t.Helper()
	r, err := w.repro(opt)
	if err != nil {
		w.t.Fatalf("repro: %v\n%s", err, w.out.String())
	}
	w.compare(r, outcomes)
	return r
}

func (w *world) compare(r ReproResult, outcomes string) {
	w.t.Helper()
	var got []string
	for _, s := range r.Stages {
		got = append(got, s.Stage+": "+s.Outcome)
	}
	if g := strings.Join(got, ", "); g != outcomes {
		w.t.Fatalf("got  %s\nwant %s\n%+v", g, outcomes, r.Stages)
	}
}

// reasons returns why a stage of r was stale, joined by "; ".
func reasons(r ReproResult, stage string) string {
	for _, s := range r.Stages {
		if s.Stage == stage {
			var texts []string
			for _, reason := range s.Reasons {
				texts = append(texts, reason.Text)
			}
			return strings.Join(texts, "; ")
		}
	}
	return "no such stage"
}

// clean fails if a run left anything set aside.
func (w *world) clean() {
	w.t.Helper()
	entries, err := os.ReadDir(w.path(".mlv/aside"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		w.t.Errorf("left aside: %s", e.Name())
	}
}
