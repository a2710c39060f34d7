package spec

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
)

const images = `# the photos of 2025
version: 1
path: images
type: directory
hash: blake3:1e0619f9c0a5e6a7a4d8ad16ae6a2ab5a1f9f6bb4a6c37a1b2c3d4e5f6071829   # as of June
size: 16
files: 3
owner: ana      # unknown keys stay
labels: [raw, "eu"]
push: true
`

func TestPointerUnchangedIsTheSameBytes(t *testing.T) {
	vectors, err := filepath.Glob(vectors + "pointer/*.mlv")
	if err != nil || len(vectors) < 3 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for _, name := range vectors {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePointer(name, b)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Format(); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{images, strings.ReplaceAll(images, "\n", "\r\n"), strings.TrimSuffix(images, "\n")} {
		p, err := ParsePointer("images.mlv", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Format()
		if err != nil || string(got) != text {
			t.Errorf("%v: %s", err, cmp.Diff(text, string(got)))
		}
	}
}

func TestPointerUpdateKeepsWhatAPersonWrote(t *testing.T) {
	p, err := ParsePointer("images.mlv", []byte(images))
	if err != nil {
		t.Fatal(err)
	}
	p.ID, p.Size, p.Files, p.Mode, p.Remote = object.Sum([]byte("x")), 1, 0, object.Exec, "backup"
	got, err := p.Format()
	want := strings.NewReplacer(
		"blake3:1e0619f9c0a5e6a7a4d8ad16ae6a2ab5a1f9f6bb4a6c37a1b2c3d4e5f6071829", "blake3:"+p.ID.String(),
		"directory", "file", "size: 16", "size: 1", "files: 3", "exec: true",
		"labels: [raw, \"eu\"]\n", "labels: [raw, \"eu\"]\nremote: backup\n",
	).Replace(images)
	if err != nil || string(got) != want {
		t.Errorf("%v: %s", err, cmp.Diff(want, string(got)))
	}
	again, err := ParsePointer("images.mlv", got)
	if err != nil || again.Mode != object.Exec || again.ID != p.ID {
		t.Errorf("read back: %+v, %v", again, err)
	}
}

func TestNewPointer(t *testing.T) {
	p := &Pointer{Path: "über: #1 ", ID: object.Sum([]byte("a")), Size: 1, Mode: object.Exec, NoPush: true, Desc: "it's"}
	got, err := p.Format()
	want := "version: 1\npath: \"über: #1 \"\ntype: file\nhash: blake3:" + p.ID.String() + "\nsize: 1\nexec: true\ndesc: \"it's\"\npush: false\n"
	if err != nil || string(got) != want {
		t.Fatalf("%v: %s", err, cmp.Diff(want, string(got)))
	}
	back, err := ParsePointer("p", got)
	if err != nil || back.Path != p.Path || back.Mode != object.Exec || !back.NoPush {
		t.Errorf("read back: %+v, %v", back, err)
	}
	if _, err := (&Pointer{Path: "a\xff"}).Format(); err == nil {
		t.Error("a path that is not UTF-8 was written")
	}
}

func TestPointerRefusals(t *testing.T) {
	good := "version: 1\npath: a\ntype: file\nhash: blake3:" + object.Sum([]byte("a")).String() + "\nsize: 1\n"
	if _, err := ParsePointer("a.mlv", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"version":      {"version: 1", "version: 2", "a.mlv:1:10: version 2 needs a newer mlv\n  1 | version: 2\n    |          ^"},
		"two names":    {"path: a", "path: a/b", "more than one name"},
		"up":           {"path: a", "path: ..", `component ".."`},
		"git":          {"path: a", "path: .GIT", "another name of .git"},
		"type":         {"type: file", "type: fil", "not one of file, directory"},
		"hash":         {"blake3:", "md5:", "a hash begins with blake3:"},
		"size":         {"size: 1", "size: -1", "a number from 0"},
		"size 0":       {"size: 1", "size: 0", "does not fit the hash"},
		"text size":    {"size: 1", `size: "1"`, "a number from 0, not text"},
		"no size":      {"size: 1", "", "it names no size"},
		"files":        {"size: 1", "size: 1\nfiles: 2", "a file has no number of files"},
		"exec false":   {"size: 1", "size: 1\nexec: false", "exec is never false"},
		"bool":         {"size: 1", "size: 1\npush: no", "push: wants true or false, not text"},
		"twice":        {"size: 1", "size: 1\nsize: 1", `key "size" stands twice`},
		"anchor":       {"size: 1", "size: &a 1", "not allowed in this file"},
		"directory":    {"type: file", "type: directory", "names its number of files"},
		"a conflict":   {"size: 1", "<<<<<<< HEAD\nsize: 1\n=======\nsize: 2\n>>>>>>> x", "a.mlv:5: git left a merge conflict"},
		"only comment": {good, "# nothing", "holds no map"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePointer("a.mlv", []byte(strings.Replace(good, c.from, c.to, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) || errs.KindOf(err) != errs.Usage {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func FuzzPointer(f *testing.F) {
	f.Add([]byte(images))
	f.Add([]byte("{version: 1, path: a, type: file, hash: 'blake3:" + object.Empty.String() + "', size: 0}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePointer("p.mlv", b)
		if err != nil {
			return
		}
		same, err := p.Format()
		if err != nil || string(same) != string(b) {
			t.Fatalf("%q became %q, %v", b, same, err)
		}
		p.ID, p.Size, p.Files, p.Mode, p.Remote = object.Sum([]byte("x")), 1, 2, object.Tree, "r"
		changed, err := p.Format()
		if err != nil {
			return // a spelling that cannot be edited in place
		}
		q, err := ParsePointer("p.mlv", changed)
		if err != nil || q.ID != p.ID || q.Size != 1 || q.Files != 2 || q.Mode != object.Tree || q.Remote != "r" || q.Path != p.Path || q.Desc != p.Desc {
			t.Fatalf("%q became %q, which reads as %+v, %v", b, changed, q, err)
		}
	})
}
