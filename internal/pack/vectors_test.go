package pack_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

const vectors = "../../testdata/vectors"

// A vector is a file of testdata/vectors: lines "key: value", an empty line,
// and what is to be read.
type vector struct {
	kind, name string
	head       map[string]string
	payload    string
}

func (v vector) file() string { return filepath.Join(vectors, v.kind, v.name+".txt") }

func (v vector) text() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(v.head)) {
		fmt.Fprintf(&b, "%s: %s\n", key, v.head[key])
	}
	return b.String() + "\n" + v.payload
}

func readVector(t *testing.T, kind, name string) vector {
	t.Helper()
	v := vector{kind: kind, name: name, head: map[string]string{}}
	b, err := os.ReadFile(v.file())
	if err != nil {
		t.Fatal(err)
	}
	head, payload, ok := strings.Cut(string(b), "\n\n")
	if !ok {
		t.Fatal("no empty line")
	}
	v.payload = payload
	for line := range strings.SplitSeq(head, "\n") {
		key, value, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("header line %q", line)
		}
		v.head[key] = value
	}
	return v
}

// vectorKinds are the folders of vectors of this package's formats, and how
// each is checked.
var vectorKinds = map[string]func(*testing.T, vector) error{
	"tree": checkTree, "node": checkNode, "chunk-tree": checkChunkTree, "chunk-node": checkChunkNode,
	"container": checkContainer, "frame": checkFrame, "map": checkMap, "record": checkRecord, "cut": checkCut,
}

// TestVectors reads every vector from its file: the valid ones give what their
// headers say, the others are refused as they say.
func TestVectors(t *testing.T) {
	want := map[string]bool{}
	for _, v := range allVectors(t) {
		want[v.file()] = true
		if *update {
			if err := os.MkdirAll(filepath.Dir(v.file()), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(v.file(), []byte(v.text()), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	for kind, check := range vectorKinds {
		files, err := filepath.Glob(filepath.Join(vectors, kind, "*.txt"))
		if err != nil || len(files) == 0 {
			t.Errorf("no vectors of the kind %s: %v", kind, err)
		}
		for _, file := range files {
			if !want[file] {
				t.Errorf("%s: nothing makes this vector", file)
			}
			delete(want, file)
			t.Run(kind+"/"+filepath.Base(file), func(t *testing.T) {
				v := readVector(t, kind, strings.TrimSuffix(filepath.Base(file), ".txt"))
				err := check(t, v)
				got := "valid"
				switch {
				case errs.KindOf(err) == errs.Corrupt:
					got = "corrupt"
				case err != nil && strings.Contains(err.Error(), "needs a newer mlv"):
					got = "newer"
				case err != nil:
					got = err.Error()
				}
				if got != v.head["expect"] {
					t.Errorf("%s (%v), want %s", got, err, v.head["expect"])
				}
			})
		}
	}
	for file := range want {
		t.Errorf("%s is missing (go test ./internal/pack -update)", file)
	}
}

// same reports a header that says something else than got.
func (v vector) same(t *testing.T, key, got string) {
	t.Helper()
	if v.head[key] != got {
		t.Errorf("%s is %s, want %s", key, got, v.head[key])
	}
}

// checkTree builds the tree of the lines of level 0 in the payload.
func checkTree(t *testing.T, v vector) error {
	l := &object.Listing{}
	if v.head["lines"] == "made" {
		l.Entries = longPaths()
	} else {
		var err error
		if l, err = object.ParseNode([]byte("mlv-tree 1 0\n" + v.payload)); err != nil {
			return err
		}
	}
	var levels [object.MaxLevel + 1]int
	store := map[object.ID][]byte{}
	b := object.NewBuilder(func(n *object.Node) error {
		levels[n.Level]++
		store[n.ID] = bytes.Clone(n.Text)
		return nil
	})
	for _, e := range l.Entries {
		if err := b.Add(e); err != nil {
			return err
		}
	}
	root, err := b.Finish()
	if err != nil {
		return err
	}
	v.same(t, "root", root.ID.String())
	v.same(t, "nodes", strings.Trim(fmt.Sprint(levels[:root.Level+1]), "[]"))
	var again []object.Entry
	get := func(_ context.Context, id object.ID) ([]byte, error) { return store[id], nil }
	for e, err := range object.Entries(t.Context(), get, root.ID, object.Scope{Project: true}) {
		if err != nil {
			return err
		}
		again = append(again, e)
	}
	if !slices.Equal(again, l.Entries) {
		t.Error("other lines are read from the tree")
	}
	return nil
}

func checkNode(t *testing.T, v vector) error {
	l, err := object.ParseNode([]byte(v.payload))
	if err == nil {
		v.same(t, "id", object.Sum(l.AppendTo(nil)).String())
	}
	return err
}

func checkChunkNode(t *testing.T, v vector) error {
	l, err := object.ParseChunks([]byte(v.payload))
	if err == nil {
		v.same(t, "id", object.Sum(l.AppendTo(nil)).String())
	}
	return err
}

// checkChunkTree builds the chunk tree of the lines of level 0 in the payload.
func checkChunkTree(t *testing.T, v vector) error {
	l, err := object.ParseChunks([]byte("mlv-chunks 1 0\n" + v.payload))
	if err != nil {
		return err
	}
	var levels [object.MaxLevel + 1]int
	b := object.NewChunkBuilder(func(n *object.Node) error { levels[n.Level]++; return nil })
	for _, c := range l.Chunks {
		if err := b.Add(c); err != nil {
			return err
		}
	}
	root, err := b.Finish()
	v.same(t, "root", root.ID.String())
	v.same(t, "nodes", strings.Trim(fmt.Sprint(levels[:root.Level+1]), "[]"))
	return err
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func checkContainer(t *testing.T, v vector) error {
	b := unhex(t, v.payload)
	size := int64(len(b))
	n, err := pack.FooterSize(b[max(0, size-pack.TrailerSize):], size)
	if err != nil {
		return err
	}
	f, err := pack.ParseFooter(b[size-n:], size)
	if err != nil {
		return err
	}
	v.same(t, "key", object.Sum(b).String())
	v.same(t, "pack", object.Sum(b[size-n:]).String())
	for _, frame := range f.Frames() {
		if object.Sum(b[frame.Offset:][:frame.Stored]) != frame.Hash {
			t.Errorf("frame %s is not in its place", frame.Hash)
		}
	}
	return nil
}

func checkFrame(t *testing.T, v vector) error {
	_, d := newCodecs(t)
	codec, err1 := strconv.Atoi(v.head["codec"])
	plain, err2 := strconv.Atoi(v.head["plain"])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	b, err := d.Append(nil, unhex(t, v.payload), pack.Codec(codec), plain)
	if err == nil {
		v.same(t, "id", object.Sum(b).String())
	}
	return err
}

func checkMap(t *testing.T, v vector) error {
	text, m, err := pack.SplitNode([]byte(v.payload))
	if err != nil {
		return err
	}
	l, err := object.ParseNode(text)
	if err != nil {
		if l, err = object.ParseChunks(text); err != nil {
			return err
		}
	}
	_, err = pack.ParseMap(m, l)
	return err
}

func checkRecord(_ *testing.T, v vector) error {
	_, err := pack.ParseRecord([]byte(v.payload))
	return err
}

// checkCut cuts the input that the header names and compares the lengths.
func checkCut(t *testing.T, v vector) error {
	average, err1 := strconv.Atoi(v.head["average"])
	n, err2 := strconv.Atoi(v.head["hashes"])
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	var got string
	for _, n := range cuts(t, bytes.NewReader(hashes(n)), average) {
		got += fmt.Sprintf("%d\n", n)
	}
	if got != v.payload {
		t.Errorf("got\n%swant\n%s", got, v.payload)
	}
	return nil
}
