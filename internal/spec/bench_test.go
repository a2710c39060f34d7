package spec

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/object"
)

// BenchmarkLoad reads a project of 100 stages with its lock, 20 pointers and
// 50 folders from disk.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	var file strings.Builder
	file.WriteString("version: 1\nproject: P\nstages:\n")
	lock := &Lock{}
	for i := range 100 {
		fmt.Fprintf(&file, "  s%02d:\n    cmd: python s.py %d\n    deps: [s.py, in/%d]\n    params: [a, b]\n    outs: [out/%d]\n", i, i, i, i)
		c := func(path string) Content {
			return Content{Path: fmt.Sprintf(path, i), ID: someID, Size: 1, Mode: object.File}
		}
		lock.Put(&Entry{Name: fmt.Sprintf("s%02d", i), Cmd: []string{fmt.Sprint("python s.py ", i)}, Deps: []Content{c("in/%d"), c("s%d.py")}, Outs: []Content{c("out/%d")}})
	}
	text, err := lock.Format()
	if err != nil {
		b.Fatal(err)
	}
	write(FileName, file.String())
	write(LockName, string(text))
	for i := range 50 {
		write(fmt.Sprintf("src/p%d/x.py", i), "")
	}
	for i := range 20 {
		write(fmt.Sprintf("d%d.mlv", i), string(pointerFile(fmt.Sprintf("d%d/", i)).Data))
	}
	for b.Loop() {
		p, err := Load(context.Background(), os.DirFS(dir), Options{})
		if err != nil || len(p.Problems) > 0 || len(p.Outputs()) != 120 {
			b.Fatalf("%v, %v, %d outputs", err, p.Problems, len(p.Outputs()))
		}
	}
}
