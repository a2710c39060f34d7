package pack_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mlv-dev/mlv/internal/fsx"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// python returns an interpreter that has what restore.py imports: the one
// named by MLV_TEST_PYTHON, or python3. Without one the test is skipped, on CI
// it fails.
func python(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("its files have names that Windows refuses")
	}
	name := os.Getenv("MLV_TEST_PYTHON")
	if name == "" {
		name = "python3"
	}
	if out, err := exec.CommandContext(t.Context(), name, "-c", "import blake3, zstandard").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s lacks blake3 or zstandard: %v\n%s", name, err, out)
		}
		t.Skipf("%s lacks blake3 or zstandard: %v", name, err)
	}
	return name
}

// A folder is a remote that a test writes frame by frame.
type folder struct {
	t      *testing.T
	dir    string
	enc    *pack.Encoder
	frames pack.Builder // of the container being filled
	body   []byte
	blobs  map[object.ID]pack.Place
	nodes  map[object.ID]pack.Place
	tops   map[object.ID]pack.Record // Top and Places of each tree's top
}

func newFolder(t *testing.T) *folder {
	e, _ := newCodecs(t)
	return &folder{t: t, dir: t.TempDir(), enc: e, blobs: map[object.ID]pack.Place{}, nodes: map[object.ID]pack.Place{}, tops: map[object.ID]pack.Record{}}
}

func (f *folder) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// group stores blobs as one frame.
func (f *folder) group(blobs ...string) {
	all := []byte(strings.Join(blobs, ""))
	stored, codec := f.enc.Append(nil, all)
	frame, err := f.frames.Add(object.Sum(all), len(stored), len(all), codec)
	f.must(err)
	f.body = append(f.body, stored...)
	skip := 0
	for _, b := range blobs {
		f.blobs[object.Sum([]byte(b))] = pack.Place{Codec: codec, Offset: frame.Offset, Stored: frame.Stored, Plain: frame.Plain, Skip: uint32(skip)}
		skip += len(b)
	}
}

// seal writes the container and returns its key.
func (f *folder) seal(kind string) object.ID {
	whole, err := f.frames.Finish(f.body, 1)
	f.must(err)
	key := object.Sum(whole)
	f.write(kind, key, whole)
	f.frames, f.body = pack.Builder{}, nil
	return key
}

func (f *folder) write(kind string, key object.ID, b []byte) {
	name := filepath.Join(f.dir, kind, key.String()[:2], key.String())
	f.must(os.MkdirAll(filepath.Dir(name), 0o777))
	f.must(os.WriteFile(name, b, 0o666))
}

// node stores a node with its map in the container being filled.
func (f *folder) node(text []byte, l *object.Listing) {
	var places []pack.Place
	for i := range l.Len() {
		p, ok := f.blobs[l.ID(i)]
		if !ok || l.Level > 0 {
			p = f.nodes[l.ID(i)]
		}
		places = append(places, p)
	}
	id := object.Sum(text)
	plain, err := pack.AppendMap(bytes.Clone(text), l, places)
	f.must(err)
	stored := f.enc.AppendText(nil, plain)
	frame, err := f.frames.Add(id, len(stored), len(plain), pack.Zstd)
	f.must(err)
	f.body = append(f.body, stored...)
	f.nodes[id] = pack.Place{Node: true, Codec: pack.Zstd, Offset: frame.Offset, Stored: frame.Stored}
	f.tops[id] = pack.Record{Top: l, Places: places}
}

func (f *folder) tree(entries []object.Entry) object.Root {
	b := object.NewBuilder(func(n *object.Node) error {
		l, err := object.ParseNode(n.Text)
		if err == nil {
			f.node(n.Text, l)
		}
		return err
	})
	for _, e := range entries {
		f.must(b.Add(e))
	}
	root, err := b.Finish()
	f.must(err)
	return root
}

// chunked stores the chunk tree of a file whose chunks are in blobs.
func (f *folder) chunked(file object.ID, chunks ...string) {
	b := object.NewChunkBuilder(func(n *object.Node) error {
		l, err := object.ParseChunks(n.Text)
		if err == nil {
			f.node(n.Text, l)
		}
		return err
	})
	for _, c := range chunks {
		f.must(b.Add(object.Chunk{ID: object.Sum([]byte(c)), Size: int64(len(c))}))
	}
	root, err := b.Finish()
	f.must(err)
	f.nodes[file] = f.nodes[root.ID]
}

func (f *folder) record(r pack.Record) {
	text, err := r.AppendTo(nil)
	f.must(err)
	f.write("r", r.ID, f.enc.AppendText(nil, text))
}

// TestRestoreScriptReadsEveryForm writes a remote that has each codec, frames
// of several blobs, upper nodes, a chunked file, and every mode, and lets the
// script restore it.
func TestRestoreScriptReadsEveryForm(t *testing.T) {
	py := python(t)
	f := newFolder(t)
	want := map[string]string{"b/run.sh": "#!/bin/sh\n", "a.txt": "hello\n", "link": "a.txt", "nothing": "", "a\nb\\c": "escaped", "empty/": ""}
	want["bf16"], want["f32"], want["noise"] = string(weights(70_001, 2)), string(weights(100_003, 4)), string(random(40_000))
	chunks := []string{string(random(30_000)), string(prose(90_000)), string(weights(50_000, 2))}
	want["large"] = strings.Join(chunks, "")
	for i := range 400 {
		want[fmt.Sprintf("many/%03d", i)] = fmt.Sprintf("{\"n\": %d}\n", i)
	}
	var entries []object.Entry
	var small []string
	for p, content := range want {
		e := object.Entry{Path: fsx.Path(strings.TrimSuffix(p, "/")), ID: object.Sum([]byte(content)), Size: int64(len(content)), Mode: object.File}
		switch p {
		case "b/run.sh":
			e.Mode = object.Exec
		case "link":
			e.Mode = object.Symlink
		case "empty/":
			e.Mode = object.Dir
		case "bf16", "f32", "noise":
			f.group(content)
		}
		if len(content) > 0 && len(content) < 1000 {
			small = append(small, content)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b object.Entry) int { return strings.Compare(string(a.Path), string(b.Path)) })
	slices.Sort(small)
	f.group(slices.Compact(small)...)
	for _, c := range chunks {
		f.group(c)
	}
	blobs := f.seal("c")
	for id, p := range f.blobs {
		p.Container = blobs
		f.blobs[id] = p
	}
	f.chunked(object.Sum([]byte(want["large"])), chunks...)
	root := f.tree(entries)
	if root.Level == 0 {
		t.Fatal("no upper nodes")
	}
	project := f.tree([]object.Entry{{Path: "data/images", ID: root.ID, Size: root.Bytes, Mode: object.Tree}, file("one", want["noise"])})
	nodes := f.seal("t")
	for _, r := range []object.Root{root, project} {
		rec := f.tops[r.ID]
		rec.Mode, rec.ID, rec.Size = object.Tree, r.ID, r.Bytes
		pack.Resolve(rec.Places, nodes)
		f.record(rec)
	}
	large := file("large", want["large"])
	place := []pack.Place{f.nodes[large.ID]}
	pack.Resolve(place, nodes)
	f.record(pack.Record{Mode: object.File, ID: large.ID, Size: large.Size, Places: place})

	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), py, append([]string{"../../docs/examples/restore.py", f.dir}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	list := []string{
		fmt.Sprintf("%s directory %d\n", root.ID, root.Bytes), fmt.Sprintf("%s directory %d\n", project.ID, project.Bytes),
		fmt.Sprintf("%s file %d\n", large.ID, large.Size),
	}
	slices.Sort(list)
	if got := run(); got != strings.Join(list, "") {
		t.Errorf("got\n%swant\n%s", got, list)
	}
	dest := t.TempDir()
	run("blake3:"+project.ID.String(), filepath.Join(dest, "p"))
	if diff := cmp.Diff(want, contents(t, filepath.Join(dest, "p/data/images"))); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(filepath.Join(dest, "p/data/images/b/run.sh")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("run.sh: %v, %v", info, err)
	}
	run(large.ID.String(), filepath.Join(dest, "large"))
	if got, err := os.ReadFile(filepath.Join(dest, "large")); err != nil || string(got) != want["large"] {
		t.Errorf("large: %d bytes, %v", len(got), err)
	}

	// A byte of a container turned: the script stops, and says of what.
	name := filepath.Join(f.dir, "c", blobs.String()[:2], blobs.String())
	b, err := os.ReadFile(name)
	f.must(err)
	for i := range b[:len(b)/2] {
		b[i] ^= 1
	}
	f.must(os.WriteFile(name, b, 0o666))
	cmd := exec.CommandContext(t.Context(), py, "../../docs/examples/restore.py", f.dir, root.ID.String(), filepath.Join(dest, "bad"))
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("damage was restored: %s", out)
	}
}

func file(p, content string) object.Entry {
	return object.Entry{Path: fsx.Path(p), ID: object.Sum([]byte(content)), Size: int64(len(content)), Mode: object.File}
}

// contents returns what lies below dir: files, targets of links, and empty
// folders with a slash.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel := strings.TrimPrefix(filepath.ToSlash(name), filepath.ToSlash(dir)+"/")
		var b []byte
		switch {
		case d.Type() == fs.ModeSymlink:
			var target string
			target, err = os.Readlink(name)
			b = []byte(target)
		case d.IsDir():
			list, err := os.ReadDir(name)
			if len(list) > 0 || err != nil {
				return err
			}
			rel += "/"
		default:
			b, err = os.ReadFile(name)
		}
		got[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
