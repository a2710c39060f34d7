package pack_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/pack"
)

// allVectors makes the vectors; -update writes them.
func allVectors(t *testing.T) []vector {
	t.Helper()
	var list []vector
	for _, part := range [][]vector{treeVectors(t), nodeVectors(), chunkVectors(t), containerVectors(t), frameVectors(t), mapVectors(t), recordVectors(), cutVectors(t)} {
		list = append(list, part...)
	}
	return list
}

// longPaths are 600 paths of 4 KiB and more in their escaped form, so that
// nodes end at the cap of 1 MiB.
func longPaths() (list []object.Entry) {
	for i := range 600 {
		list = append(list, file(fmt.Sprintf("%04d/%s%s", i, strings.Repeat(strings.Repeat("x", 254)+"/", 15), strings.Repeat(`\`, 200)), "x"))
	}
	return list
}

func treeVectors(t *testing.T) (list []vector) {
	mode := func(m object.Mode, p, content string) object.Entry {
		e := file(p, content)
		e.Mode = m
		return e
	}
	add := func(name, what string, entries ...object.Entry) {
		texts, root := nodesOf(t, entries...)
		count := make([]int, root.Level+1)
		for _, text := range texts {
			count[text[len("mlv-tree 1 ")]-'0']++
		}
		l := &object.Listing{Entries: entries}
		v := vector{"tree", name, map[string]string{
			"expect": "valid", "what": what, "root": root.ID.String(), "nodes": strings.Trim(fmt.Sprint(count), "[]"),
		}, strings.TrimPrefix(string(l.AppendTo(nil)), "mlv-tree 1 0\n")}
		if name == "cap" {
			v.head["lines"], v.payload = "made", ""
		}
		list = append(list, v)
	}
	add("images", "the example of docs/format/tree.md", images()...)
	add("none", "an empty directory is one node without lines")
	add("one", "one line", file("a", "a"))
	add("two", "two lines", file("a", "a"), file("b", "b"))
	add("bits-14", "a path with at least 14 zero bits alone: one node, level 0", file("v3054", "x"))
	add("bits-14-then", "a path with at least 14 zero bits ends nodes of levels 0 and 1", file("v3054", "x"), file("w", "x"))
	add("bits-7-then", "a path with 7 zero bits ends a node of level 0", file("v251", "x"), file("w", "x"))
	add("bits-7-last", "the last line would end its node: no node without lines follows", file("a", "a"), file("v251", "x"))
	add("modes", "every mode; t is of a project tree", mode(object.Dir, "d", ""), file("f", "f"), mode(object.Symlink, "l", "f"),
		object.Entry{Path: "t", ID: object.Sum([]byte("mlv-tree 1 0\n")), Mode: object.Tree}, mode(object.Exec, "x", "x"))
	add("empty-directory-order", "an empty directory sorts by its bare path", mode(object.Dir, "a", ""), file("a-b", "x"))
	add("directory-order", "a full path's slash is a byte like others", file("a-b", "x"), file("a/b", "x"), file("a0", "x"))
	add("escapes", "lines rise by the unescaped bytes", file("a\n", "x"), file("a\nb", "x"), file("aZ", "x"), file(`a\`, "x"), file(`a\\`, "x"), file(`a\n`, "x"))
	add("bytes", "a path is any bytes", file("\x01", "x"), file(" ", "x"), file(" a ", "x"), file("ü", "x"), file("\xff\xfe", "x"))
	add("empty-file", "an empty file", mode(object.File, "e", ""))
	add("cap", "600 lines: path i is i in four digits, \"/\", 15 times (254 \"x\" and \"/\"), 200 backslashes; content \"x\"; nodes end before 1 MiB", longPaths()...)
	return list
}

const (
	idA = "17762fddd969a453925d65717ac3eea21320b66b54342fde15128d6caf21215f" // of "a"
	id0 = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" // of nothing
)

// texts makes vectors of one kind, valid where the name says so.
func texts(kind string, cases map[string]string) (list []vector) {
	for name, payload := range cases {
		head := map[string]string{"expect": "corrupt"}
		switch {
		case strings.HasPrefix(name, "valid"):
			head["expect"] = "valid"
			if strings.HasSuffix(kind, "node") {
				head["id"] = object.Sum([]byte(payload)).String()
			}
		case strings.HasPrefix(name, "newer"):
			head["expect"] = "newer"
		}
		list = append(list, vector{kind, name, head, payload})
	}
	return list
}

func nodeVectors() []vector {
	const h0, h1 = "mlv-tree 1 0\n", "mlv-tree 1 1\n"
	line := func(path string) string { return idA + " 1 - " + path + "\n" }
	up := func(path string) string { return idA + " 1 1 " + path + "\n" }
	return texts("node", map[string]string{
		"valid-none":          h0,
		"valid-level-0":       h0 + line("a") + line("b"),
		"valid-level-8":       "mlv-tree 1 8\n" + up("a"),
		"valid-upper":         h1 + up("a/b") + up("b"),
		"newer-version":       "mlv-tree 2 0\n" + line("a"),
		"version-0":           "mlv-tree 0 0\n" + line("a"),
		"version-01":          "mlv-tree 01 0\n" + line("a"),
		"word":                "mlv-tees 1 0\n" + line("a"),
		"level-9":             "mlv-tree 1 9\n" + up("a"),
		"level-00":            "mlv-tree 1 00\n" + line("a"),
		"header-blank":        "mlv-tree 1 0 \n" + line("a"),
		"no-header":           line("a"),
		"nothing":             "",
		"no-line-feed":        h0 + strings.TrimSuffix(line("a"), "\n"),
		"empty-line":          h0 + "\n",
		"upper-none":          h1,
		"upper-no-files":      h1 + idA + " 0 1 a\n",
		"upper-with-mode":     h1 + idA + " 1 - a\n",
		"number-leading-zero": h0 + idA + " 01 - a\n",
		"number-sign":         h0 + idA + " +1 - a\n",
		"number-past-63-bits": h0 + idA + " 9223372036854775808 - a\n",
		"sum-past-63-bits":    h0 + idA + " 9223372036854775807 - a\n" + line("b"),
		"hash-upper-case":     h0 + strings.ToUpper(line("")[:64]) + " 1 - a\n",
		"hash-short":          h0 + idA[1:] + " 1 - a\n",
		"mode-unknown":        h0 + idA + " 1 s a\n",
		"mode-missing":        h0 + idA + " 1 a\n",
		"two-blanks":          h0 + idA + " 1  - a\n",
		"directory-of-1-byte": h0 + idA + " 1 d a\n",
		"empty-hash-1-byte":   h0 + id0 + " 1 - a\n",
		"other-hash-0-bytes":  h0 + idA + " 0 - a\n",
		"path-empty":          h0 + line(""),
		"path-absolute":       h0 + line("/a"),
		"path-dot-dot":        h0 + line("a/../b"),
		"path-dot":            h0 + line("./a"),
		"path-slash-behind":   h0 + line("a/"),
		"path-two-slashes":    h0 + line("a//b"),
		"path-git":            h0 + line("a/.GIT/config"),
		"path-git-ntfs":       h0 + line("git~1/config"),
		"path-nul":            h0 + line("a\x00b"),
		"path-long":           h0 + line(strings.Repeat("a/", 2048)+"a"),
		"path-long-name":      h0 + line(strings.Repeat("a", 256)),
		"escape-unknown":      h0 + line(`a\t`),
		"escape-open":         h0 + line(`a\`),
		"order-falling":       h0 + line("b") + line("a"),
		"order-twice":         h0 + line("a") + line("a"),
		"order-by-escapes":    h0 + line("aZ") + line(`a\n`),
		"order-of-empty-dir":  h0 + line("a-b") + id0 + " 0 d a\n",
		"upper-below-a-line":  h1 + up("a/b") + up("a/b/c"),
		"below-a-line":        h0 + line("a") + line("a-b") + line("a/b"),
		"below-an-empty-dir":  h0 + id0 + " 0 d a\n" + line("a/b"),
	})
}

func chunkVectors(t *testing.T) []vector {
	const h0, h1 = "mlv-chunks 1 0\n", "mlv-chunks 1 1\n"
	list := texts("chunk-node", map[string]string{
		"valid-one":      h0 + idA + " 1\n",
		"valid-twice":    h0 + idA + " 1\n" + idA + " 1\n",
		"valid-upper":    h1 + idA + " 2 3\n",
		"newer-version":  "mlv-chunks 2 0\n" + idA + " 1\n",
		"none":           h0,
		"upper-none":     h1,
		"empty-chunk":    h0 + id0 + " 0\n",
		"no-size":        h0 + idA + " 0\n",
		"path":           h0 + idA + " 1 a\n",
		"upper-fields":   h1 + idA + " 1\n",
		"upper-nothing":  h1 + idA + " 0 0\n",
		"level-9":        "mlv-chunks 1 9\n" + idA + " 1 1\n",
		"word":           "mlv-tree 1 0\n" + idA + " 1\n",
		"no-line-feed":   h0 + idA + " 1",
		"sum-past-63":    h0 + idA + " 9223372036854775807\n" + idA + " 1\n",
		"number-leading": h0 + idA + " 01\n",
	})
	var payload string
	var levels [object.MaxLevel + 1]int
	b := object.NewChunkBuilder(func(n *object.Node) error { levels[n.Level]++; return nil })
	for i := range 400 {
		id := object.Sum(fmt.Appendf(nil, "%d", i))
		if err := b.Add(object.Chunk{ID: id, Size: int64(i + 1)}); err != nil {
			t.Fatal(err)
		}
		payload += fmt.Sprintf("%s %d\n", id, i+1)
	}
	root, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return append(list, vector{"chunk-tree", "400", map[string]string{
		"expect": "valid", "what": "the chunks' own IDs end nodes, seven zero bits at every level",
		"root": root.ID.String(), "nodes": strings.Trim(fmt.Sprint(levels[:root.Level+1]), "[]"),
	}, payload})
}

func containerVectors(t *testing.T) (list []vector) {
	const body, rows = 16, 2 * pack.RowSize
	add := func(name, expect string, whole []byte) {
		head := map[string]string{"expect": expect}
		if expect == "valid" {
			n, err := pack.FooterSize(whole[len(whole)-pack.TrailerSize:], int64(len(whole)))
			if err != nil {
				t.Fatal(err)
			}
			head["key"], head["pack"] = object.Sum(whole).String(), object.Sum(whole[int64(len(whole))-n:]).String()
		}
		list = append(list, vector{"container", name, head, hex.EncodeToString(whole) + "\n"})
	}
	add("one-frame", "valid", container(t, 0x1122334455667788, []byte("hello\n#!/bin/sh\n")))
	good := container(t, 1, []byte("hello\n"), []byte("#!/bin/sh\n"))
	add("two-frames", "valid", good)
	for name, at := range map[string]int{
		"padding": 47, "newer-codec": 44, "magic": rows + 23, "newer-version": rows + 12, "newer-flags": rows + 14, "count": rows, "offset": 32, "stored": 36, "plain": 40,
	} {
		tail := bytes.Clone(good[body:])
		tail[at] ^= 7
		fixChecksum(tail)
		expect := "corrupt"
		if strings.HasPrefix(name, "newer") {
			expect = "newer"
		}
		add(name, expect, append(bytes.Clone(good[:body]), tail...))
	}
	falling := bytes.Clone(good)
	swap(falling[body:body+48], falling[body+48:body+96])
	fixChecksum(falling[body:])
	add("falling", "corrupt", falling)
	sum := bytes.Clone(good)
	sum[body+rows+16] ^= 1
	add("checksum", "corrupt", sum)
	add("a-gap", "corrupt", append([]byte{0}, good...))
	add("cut-short", "corrupt", good[:len(good)-1])
	return list
}

func frameVectors(t *testing.T) (list []vector) {
	e, _ := newCodecs(t)
	for name, plain := range map[string][]byte{
		"raw": []byte("hello\n"), "zstd": bytes.Repeat([]byte("hello\n"), 20), "planes-2": weights(16<<10+1, 2), "planes-4": weights(16<<10+3, 4),
	} {
		stored, codec := e.Append(nil, plain)
		head := map[string]string{"expect": "valid", "codec": fmt.Sprint(codec), "plain": fmt.Sprint(len(plain)), "id": object.Sum(plain).String()}
		list = append(list, vector{"frame", name, head, hex.EncodeToString(stored) + "\n"})
		long := map[string]string{"expect": "corrupt", "codec": head["codec"], "plain": fmt.Sprint(len(plain) - 1)}
		list = append(list, vector{"frame", name + "-longer-than-it-says", long, hex.EncodeToString(stored) + "\n"})
	}
	return list
}

// mapVectors are nodes with maps.
func mapVectors(t *testing.T) []vector {
	node := func(list ...int64) string { return string(sizes(t, list...).AppendTo(nil)) + "map\n" }
	k, other := strings.Repeat("0", 62)+"01", strings.Repeat("0", 62)+"02"
	at := "@ " + k + " 0\n"
	return texts("map", map[string]string{
		"valid-images":          imagesText + imagesMap,
		"valid-ignored-behind":  imagesText + imagesMap + "anything\n",
		"valid-side-by-side":    node(5, 7) + at + "1 4\n0 7\n",
		"valid-gap":             node(5, 7) + at + "0 5\n@ " + k + " 6\n0 7\n",
		"valid-other-container": node(5, 7) + at + "0 5\n@ " + other + " 5\n0 7\n",
		"valid-group":           node(5, 0, 7, 9) + at + "1 9 12 0\n-\n+\n2 8\n",
		"valid-back":            node(5, 7) + at + "0 20 20 0\n" + at + "0 20 20 13\n",
		"valid-chunked-file":    node(1<<40, 5) + "@ - 7\nt 99\n@ " + k + " 106\n0 5\n",
		"valid-upper":           "mlv-tree 1 1\n" + idA + " 1 1 a\n" + idA + " 1 1 b\nmap\n@ - 0\nt 50\nt 60\n",
		"valid-chunks":          "mlv-chunks 1 0\n" + idA + " 5\n" + idA + " 7\nmap\n" + at + "2 4\n1 7 100 9\n",
		"no-map":                imagesText,
		"no-container":          node(5) + "0 5\n",
		"nothing-to-follow":     node(5) + at + "+\n",
		"follows-a-node":        node(-1, 5) + "@ - 0\nt 5\n+\n",
		"follow-not-used":       node(5, 5) + at + "1 5 10 0\n" + at + "1 5 10 5\n",
		"too-few":               node(5, 5) + at + "0 5\n",
		"at-not-needed":         node(5, 5) + at + "0 5\n@ " + k + " 5\n0 5\n",
		"at-twice":              node(5) + at + at + "0 5\n",
		"long-form":             node(5) + at + "0 5 5 0\n",
		"leaves-frame":          node(5) + at + "1 5 10 6\n",
		"leaves-container":      node(5) + "@ " + k + " 67108864\n0 5\n",
		"raw-sizes":             node(5) + at + "0 4\n",
		"group-past-1-MiB":      node(5) + at + "1 5 1048577 0\n",
		"frame-past-16-MiB":     node(16<<20+1) + at + "1 5\n",
		"blob-among-nodes":      node(5) + "@ - 0\n0 5\n",
		"nothing-for-a-blob":    node(5) + "-\n",
		"blob-for-nothing":      node(0) + at + "0 5\n",
		"blob-for-an-output":    node(-1) + at + "1 5\n",
		"newer-codec":           node(5) + at + "4 5\n",
	})
}

func recordVectors() []vector {
	id := object.Sum([]byte(imagesText)).String()
	head := "mlv-record 1\nroot t " + id + " 16\ncommit " + strings.Repeat("5d0c3f", 7)[:40] + "\n"
	fileHead, fileMap := "mlv-record 1\nroot - "+idA+" 1\ncommit -\n", "map\n@ "+containerKey+" 0\n0 1\n"
	good := head + imagesText + imagesMap
	return texts("record", map[string]string{
		"valid-tree":           good,
		"valid-file":           fileHead + fileMap,
		"valid-chunked-file":   fileHead + "map\n@ " + containerKey + " 9\nt 80\n",
		"valid-ignored-behind": good + "anything\n",
		"newer-version":        strings.Replace(good, "record 1", "record 2", 1),
		"version-0":            strings.Replace(good, "record 1", "record 0", 1),
		"mode":                 strings.Replace(good, "root t", "root x", 1),
		"other-hash":           strings.Replace(good, "root t 1", "root t 2", 1),
		"other-size":           strings.Replace(good, " 16\ncommit", " 17\ncommit", 1),
		"commit-short":         strings.Replace(fileHead, "commit -", "commit 5d0c3f", 1) + fileMap,
		"commit-none":          strings.Replace(fileHead, "commit -", "commit ", 1) + fileMap,
		"file-with-lines":      fileHead + imagesText + fileMap,
		"file-of-0-bytes":      strings.Replace(fileHead, " 1\ncommit", " 0\ncommit", 1) + "map\n-\n",
		"own-container":        strings.Replace(good, "@ "+containerKey, "@ -", 1),
		"no-map":               head + imagesText,
	})
}

func cutVectors(t *testing.T) (list []vector) {
	for name, c := range map[string]struct{ average, hashes int }{
		"64k": {64 << 10, 32768}, "256k": {256 << 10, 65536}, "short": {64 << 10, 100}, "none": {64 << 10, 0},
	} {
		var lengths string
		for _, n := range cuts(t, bytes.NewReader(hashes(c.hashes)), c.average) {
			lengths += fmt.Sprintf("%d\n", n)
		}
		list = append(list, vector{"cut", name, map[string]string{
			"expect": "valid", "average": fmt.Sprint(c.average), "hashes": fmt.Sprint(c.hashes),
			"what": "lengths of the chunks of an input: that many BLAKE3 hashes, of the texts 0, 1, 2, ...",
		}, lengths})
	}
	return list
}
