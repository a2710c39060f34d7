package spec

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mlv-dev/mlv/internal/object"
)

var someID = object.Sum([]byte("a"))

// pointerFile is the pointer of a file or, with a slash at the end, directory.
func pointerFile(path string) *fstest.MapFile {
	p := &Pointer{Path: path, ID: someID, Size: 1, Mode: object.File}
	if name, ok := strings.CutSuffix(path, "/"); ok {
		p.Path, p.Mode, p.Files = name, object.Tree, 1
	}
	b, err := p.Format()
	if err != nil {
		panic(err)
	}
	return &fstest.MapFile{Data: b}
}

func lockFile(entries ...*Entry) *fstest.MapFile {
	l := &Lock{}
	for _, e := range entries {
		l.Put(e)
	}
	b, err := l.Format()
	if err != nil {
		panic(err)
	}
	return &fstest.MapFile{Data: b}
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func load(t *testing.T, fsys fs.FS) *Project {
	t.Helper()
	p, err := Load(context.Background(), fsys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func describe(p *Project) (outs []string) {
	for _, o := range p.Outputs() {
		outs = append(outs, fmt.Sprintf("%s %c %s %s", o.Path, o.Mode, o.From, o.Stage))
	}
	return outs
}

func problems(p *Project) (list []string) {
	for _, problem := range p.Problems {
		text, _, _ := strings.Cut(problem.Err.Error(), "\n")
		list = append(list, string(problem.Path)+" | "+text)
	}
	return list
}

func TestLoadListsPointersAndLockOuts(t *testing.T) {
	out := func(path string) Content { return Content{Path: path, ID: someID, Size: 1, Mode: object.File} }
	dir := Content{Path: "../gen", ID: someID, Size: 1, Files: 1, Mode: object.Tree, NoPush: true}
	fsys := fstest.MapFS{
		"mlv.yaml":          file("project: P\nstages:\n  a: {cmd: x, outs: [model.pkl, new.bin], frozen: true}\n"),
		"mlv.lock":          lockFile(&Entry{Name: "a", Cmd: []string{"x"}, Outs: []Content{out("model.pkl"), out("dropped")}}, &Entry{Name: "gone", Cmd: []string{"y"}, Outs: []Content{out("z")}}),
		"sub/mlv.yaml":      file("stages:\n  b: {cmd: x, wdir: w, outs: [../gen]}\n"),
		"sub/mlv.lock":      lockFile(&Entry{Name: "b", Cmd: []string{"x"}, Wdir: "w", Outs: []Content{dir}}),
		"sub/gen/x.mlv":     pointerFile("x"),
		"data.mlv":          pointerFile("data/"),
		"data/in.mlv":       pointerFile("in"),
		"z.txt.mlv":         pointerFile("z.txt"),
		"other/mlv.yaml":    file("version: 1\nproject: Q\n"),
		"other/o.mlv":       pointerFile("o"),
		".git/y.mlv":        pointerFile("y"),
		".mlv/tmp/x.mlv":    pointerFile("x"),
		".gitignore":        file("venv\n/build/\n!build/keep\n"),
		"venv/x/a.mlv":      pointerFile("a"),
		"build/keep/a.mlv":  pointerFile("a"),
		".mlvignore":        file("scratch*/\n"),
		"scratch1/a.mlv":    pointerFile("a"),
		"deep/er/k/f.mlv":   pointerFile("f"),
		"deep/.gitignore":   file("/er/*\n!/er/k\n"),
		"deep/er/no/f.mlv":  pointerFile("f"),
		"dir.mlv/README.md": file("a folder of this name is no pointer"),
	}
	p := load(t, fsys)
	if diff := cmp.Diff([]string{
		"data t data.mlv ", "deep/er/k/f - deep/er/k/f.mlv ", "model.pkl - mlv.lock a",
		"sub/gen t sub/mlv.lock sub/mlv.yaml:b", "z.txt - z.txt.mlv ",
	}, describe(p)); diff != "" {
		t.Error(diff)
	}
	if len(p.Problems) != 0 {
		t.Errorf("problems %v", problems(p))
	}
	if !p.Outputs()[2].Frozen || !p.Outputs()[3].NoPush || p.Root().Project != "P" || len(p.Stages()) != 2 {
		t.Error("flags of stages are lost")
	}
	if e := p.Entry(p.Stages()[1]); e == nil || e.Name != "b" {
		t.Errorf("entry %v", e)
	}
}

func TestLoadGoesOnPastBrokenFiles(t *testing.T) {
	out := Content{Path: "o", ID: someID, Size: 1, Mode: object.File}
	mixed := lockFile(&Entry{Name: "a", Cmd: []string{"x"}, Outs: []Content{out}})
	mixed.Data = []byte(strings.Replace(string(mixed.Data), "cmd: x", "cmd: z", 1))
	fsys := fstest.MapFS{
		"mlv.yaml":     file("project: P\nstages:\n  a: {cmd: x, outz: [o]}\n  b: {cmd: x}\n"),
		"mlv.lock":     lockFile(&Entry{Name: "a", Cmd: []string{"x"}, Outs: []Content{out}}),
		"s/mlv.yaml":   file("stages: [\n"),
		"s/mlv.lock":   lockFile(&Entry{Name: "a", Cmd: []string{"x"}, Outs: []Content{out}}),
		"t/mlv.lock":   file("nonsense"),
		"u/mlv.yaml":   file("stages: {a: {cmd: x, outs: [o]}}"),
		"u/mlv.lock":   mixed,
		"bad.mlv":      file("version: 1\n"),
		"b.mlv":        pointerFile("b"),
		"sub/a.mlv":    pointerFile("a"),
		"huge.bin.mlv": file(strings.Repeat("#", maxPointer+1)),
	}
	p := load(t, fsys)
	if diff := cmp.Diff([]string{"b - b.mlv ", "o - mlv.lock a", "s/o - s/mlv.lock s/mlv.yaml:a", "sub/a - sub/a.mlv "}, describe(p)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		`bad.mlv | bad.mlv:1:1: it names no path`,
		`huge.bin.mlv | huge.bin.mlv: the file is larger than 65536 bytes`,
		`mlv.yaml | mlv.yaml:3:15: stage a: unknown field "outz"`,
		`s/mlv.yaml | s/mlv.yaml:1:9: this bracket is never closed`,
		`t/mlv.lock | t/mlv.lock:1: not a lock: its first line is missing`,
	}, problems(p)); diff != "" {
		t.Error(diff)
	}
}

// A countingFS remembers the folders that are listed.
type countingFS struct {
	fstest.MapFS
	listed *[]string
}

func (c countingFS) ReadDir(name string) ([]fs.DirEntry, error) {
	*c.listed = append(*c.listed, name)
	return c.MapFS.ReadDir(name)
}

func TestLoadListsNoFolderThatHoldsNoFilesOfItsOwn(t *testing.T) {
	var listed []string
	load(t, countingFS{fstest.MapFS{
		"mlv.yaml":            file("project: P\nstages: {a: {cmd: x, outs: [gen, sub/made]}}\n"),
		".gitignore":          file("/data\n.venv/\n"),
		".mlvignore":          file("huge\n"),
		"data.mlv":            pointerFile("data/"),
		"data/a/b/c":          file(""),
		"gen/a/b":             file(""),
		"sub/made/a":          file(""),
		".venv/lib/x":         file(""),
		"src/huge/x":          file(""),
		".mlv/cache/files/ab": file(""),
		".git/objects/ab":     file(""),
	}, &listed})
	if diff := cmp.Diff([]string{".", "src", "sub"}, listed); diff != "" {
		t.Error(diff)
	}
}

func TestLoadStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Load(ctx, fstest.MapFS{}, Options{}); err == nil {
		t.Error("no error")
	}
}

func TestLockThatLeavesTheProjectIsAProblem(t *testing.T) {
	p := load(t, fstest.MapFS{
		"mlv.yaml": file("stages: {a: {cmd: x, outs: [o]}}"),
		"mlv.lock": lockFile(&Entry{Name: "a", Cmd: []string{"x"}, Outs: []Content{{Path: "../../etc/passwd", ID: someID, Size: 1, Mode: object.File}}}),
	})
	if len(p.Outputs()) != 0 || len(p.Problems) != 1 {
		t.Errorf("%v %v", p.Outputs(), problems(p))
	}
}

func TestOverlaps(t *testing.T) {
	p := load(t, fstest.MapFS{
		"mlv.yaml":    file("stages:\n  a: {cmd: x, outs: [d/e/f, same, g]}\n  b: {cmd: y, outs: [g/h]}\n"),
		"d.mlv":       pointerFile("d/"),
		"same.mlv":    pointerFile("same"),
		"renamed.mlv": pointerFile("same"),
		"d-e.mlv":     pointerFile("d-e"),
	})
	var got []string
	for _, err := range p.Overlaps() {
		got = append(got, err.Error())
	}
	if diff := cmp.Diff([]string{
		"same: kept by both renamed.mlv and same.mlv",
		"same: kept by both renamed.mlv and stage a",
		"d/e/f: kept by stage a, but lies inside d, which d.mlv keeps",
		"g/h: kept by stage b, but lies inside g, which stage a keeps",
	}, got); diff != "" {
		t.Error(diff)
	}
}
