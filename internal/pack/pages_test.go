package pack_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

var update = flag.Bool("update", false, "rewrite the examples of docs/format and testdata/vectors")

// nodesOf returns the texts of the nodes of a tree of entries, in the order of
// building, and its root.
func nodesOf(t *testing.T, entries ...object.Entry) (texts []string, root object.Root) {
	t.Helper()
	b := object.NewBuilder(func(n *object.Node) error {
		texts = append(texts, string(n.Text))
		return nil
	})
	for _, e := range entries {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	root, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return texts, root
}

// images are the entries of the example directory.
func images() []object.Entry {
	run := file("b/run.sh", "#!/bin/sh\n")
	run.Mode = object.Exec
	return []object.Entry{file("a.txt", "hello\n"), run, {Path: "empty", ID: object.Empty, Mode: object.Dir}}
}

// hashes returns the n hashes of the numbers from 0, one after the other.
func hashes(n int) (b []byte) {
	for i := range n {
		id := object.Sum(fmt.Appendf(nil, "%d", i))
		b = append(b, id[:]...)
	}
	return b
}

// examples returns what the code makes of the examples of each page.
func examples(t *testing.T) map[string][]string {
	t.Helper()
	text, root := nodesOf(t, images()...)
	_, empty := nodesOf(t)
	two, _ := nodesOf(t, file("v251", "v251"), file("w", "w"))
	l := mustNode(t, text[0])

	var gears, lengths string
	for _, x := range []byte{0, 1, 255} {
		gears += fmt.Sprintf("%016x\n", gear(x))
	}
	for _, n := range cuts(t, bytes.NewReader(hashes(32768)), pack.MinAverage) {
		lengths += fmt.Sprintf("%d\n", n)
	}
	var chunks string
	cb := object.NewChunkBuilder(func(n *object.Node) error { chunks = string(n.Text); return nil })
	for _, s := range []string{"hello\n", "#!/bin/sh\n"} {
		if err := cb.Add(object.Chunk{ID: object.Sum([]byte(s)), Size: int64(len(s))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cb.Finish(); err != nil {
		t.Fatal(err)
	}

	whole := container(t, 0x1122334455667788, []byte("hello\n#!/bin/sh\n"))
	row := whole[16:]
	dump := fmt.Sprintf("00  %x\n10  %x %x %x %x %x\n40  %x %x %x %x %x %x\n", whole[:16], row[:32], row[32:36], row[36:40], row[40:44], row[44:48],
		row[48:52], row[52:60], row[60:62], row[62:64], row[64:68], row[68:])
	containerID := object.Sum(whole)

	place := pack.Place{Container: containerID, Stored: 16, Plain: 16}
	second := place
	second.Skip = 6
	places := []pack.Place{place, second, {}}
	m, err := pack.AppendMap(nil, l, places)
	if err != nil {
		t.Fatal(err)
	}
	project := &object.Listing{Entries: []object.Entry{{Path: "images", ID: root.ID, Size: root.Bytes, Mode: object.Tree}, file("model", "hello\n")}}
	pm, err := pack.AppendMap(nil, project, []pack.Place{
		{Node: true, Codec: pack.Zstd, Stored: 226},
		{Container: containerID, Offset: 4096, Stored: 6, Plain: 6},
	})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := (&pack.Record{Mode: object.Tree, ID: root.ID, Size: root.Bytes, Commit: strings.Repeat("5d0c3f", 7)[:40], Top: l, Places: places}).AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	frec, err := (&pack.Record{Mode: object.File, ID: object.Sum([]byte("hello\n#!/bin/sh\n")), Size: 16, Places: []pack.Place{place}}).AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]string{
		"tree.md":          {text[0], root.ID.String() + "\n", empty.ID.String() + "\n", two[0], two[1], two[2]},
		"chunks.md":        {gears, lengths, chunks},
		"container.md":     {dump, containerID.String() + "\n", object.Sum(whole[16:]).String() + "\n"},
		"map.md":           {string(m), string(pm)},
		"record.md":        {string(rec), string(frec)},
		"remote-layout.md": {key2("c", containerID) + key2("r", root.ID)},
	}
}

func key2(kind string, id object.ID) string {
	return kind + "/" + id.String()[:2] + "/" + id.String() + "\n"
}

var exampleBlock = regexp.MustCompile("(?s)```example\n(.*?)```")

// TestPagesShowWhatTheCodeMakes holds the examples of docs/format to the code:
// every block marked as example is what the code makes, and none is missing.
func TestPagesShowWhatTheCodeMakes(t *testing.T) {
	for page, want := range examples(t) {
		t.Run(page, func(t *testing.T) {
			name := filepath.Join("../../docs/format", page)
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text := string(b)
			if *update {
				i := -1
				text = exampleBlock.ReplaceAllStringFunc(text, func(string) string {
					i++
					return "```example\n" + want[i] + "```"
				})
				if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, m := range exampleBlock.FindAllStringSubmatch(text, -1) {
				got = append(got, m[1])
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s parts with the code (go test ./internal/pack -update):\n%s", page, diff)
			}
		})
	}
}

// TestGearIsOfTheHashOfItsByte holds what chunks.md says of G.
func TestGearIsOfTheHashOfItsByte(t *testing.T) {
	id := object.Sum([]byte{0})
	if want := hex.EncodeToString([]byte{id[7], id[6], id[5], id[4], id[3], id[2], id[1], id[0]}); want != fmt.Sprintf("%016x", gear(0)) {
		t.Errorf("%016x, want %s", gear(0), want)
	}
}
