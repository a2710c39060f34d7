package value

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// dump spells v with all types visible.
func dump(v Value) string {
	if v.Kind() == String {
		return string(AppendQuoted(nil, v.Text()))
	}
	return v.String()
}

func TestScalarsAreThoseOfYAML12(t *testing.T) {
	for text, want := range map[string]string{
		"": "null", "~": "null", "null": "null", "Null": "null", "nULL": `"nULL"`,
		"true": "true", "TRUE": "true", "yes": `"yes"`, "on": `"on"`, "n": `"n"`,
		"0": "0", "-0": "0", "+5": "5", "007": "7", "0x1F": "31", "0o17": "15", "0b1": `"0b1"`, "1_000": `"1_000"`,
		"1180591620717411303424": "1180591620717411303424", "-9223372036854775809": "-9223372036854775809",
		"1e-3": "0.001", "1e3": "1000.0", "1.": "1.0", ".5": "0.5", "-.5": "-0.5", "1e400": ".inf", "1e+16": "1.0e+16",
		".": `"."`, "+": `"+"`, "e5": `"e5"`, "1e": `"1e"`, "1.2.3": `"1.2.3"`, "1e5.5": `"1e5.5"`,
		".inf": ".inf", "-.Inf": "-.inf", "+.INF": ".inf", ".nan": ".nan", "nan": `"nan"`, "inf": `"inf"`,
		"2026-11-22": `"2026-11-22"`, "12:30": `"12:30"`, "0.1": "0.1", "-0.0": "-0.0", "1e-5": "1.0e-05",
	} {
		v, err := ReadYAML("f", []byte("k: "+text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got, _ := v.Field("k")
		if dump(got) != want {
			t.Errorf("%q is %s, want %s", text, dump(got), want)
		}
	}
}

// TestYAMLAgainstSecondReader compares with goccy/go-yaml on files without
// numbers, which it reads by rules of its own.
func TestYAMLAgainstSecondReader(t *testing.T) {
	docs := []string{
		"a: b\n", "- a\n- b: c\n  d: e\n-\n  - f\n- - g\n  - h\n", "a:\n- b\n- c\nd:\n  - e\n",
		"a: |\n  x\n  y\n\nb: >\n  one\n  two\n\n  three\n   more\n  four\nc: |-\n  z\nd: |+\n  w\n\ne: f\n",
		"a: |2\n   x\n  y\n", "k: >-\n  a\n  b\n\n\n  c\n",
		"a: 'it''s'\nb: \"q\\\"\\n\\u00e9\\x41\"\nc: \"one\n  two\n\n  three\"\nd: 'x\n  y'\n",
		"a: one\n  two\n  three\nb: c\n", "{a: b, c: [d, e], f: {g: h}, i: }\n", "[a, b, [c], {d: e}]\n",
		"a: [b,\n  c,\n  d]\ne: {f: g,\n  h: i}\n", "\"a b\": c\n'd': e\n", "# c\na: b # d\n# e\nc: d\n",
		"---\na: b\n", "a: b\n...\n", "a:\n  b:\n    c: d\n  e: f\ng: h\n", "a: &x {b: c}\nd: *x\n",
		"base: &b\n  x: y\n  z: w\nd:\n  <<: *b\n  x: own\n", "a: !!str true\n", "a: b#c\nd: 'e' # f\n",
		"a: http://x.y/z\nb: c:d\n", "a:   b   \nc: \"  d  \"\n", "a: -b\nc: ?d\ne: :f\n",
		"- - - a\n    - b\n  - c\n- d\n", "a: {b: \"c,d\", 'e}': f}\n", "a: 日本\nü: ö\n", "", "# only\n", "text\n",
		"a:\r\n  b: c\r\n  d:\r\n  - e\r\n", "a: b\n\n\n\nc: d", "- a: b\n  c:\n  - d\n-   e: f\n    g: h\n",
	}
	for _, doc := range docs {
		mine, err := ReadYAML("f", []byte(doc))
		if err != nil {
			t.Errorf("%q: %v", doc, err)
			continue
		}
		var theirs any
		if err := yaml.Unmarshal([]byte(doc), &theirs); err != nil {
			t.Errorf("%q: second reader: %v", doc, err)
			continue
		}
		if got, want := plainForm(mine), theirs; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q\n got %v\nwant %v", doc, got, want)
		}
	}
}

func plainForm(v Value) any {
	switch v.Kind() {
	case Null:
		return nil
	case Bool:
		return v.Bool()
	case List:
		out := []any{}
		for _, item := range v.Items() {
			out = append(out, plainForm(item))
		}
		return out
	case Map:
		out := map[string]any{}
		for _, f := range v.Fields() {
			out[f.Key] = plainForm(f.Value)
		}
		return out
	}
	return v.Text()
}

func TestYAMLErrorsShowThePlace(t *testing.T) {
	for doc, want := range map[string]string{
		"a: b\na: c\n":                         "f:2:1: key \"a\" stands twice in one map\n  2 | a: c\n    | ^",
		"a:\n\tb: c\n":                         "f:2:1: a tab in the indentation; YAML wants blanks\n  2 |  b: c\n    | ^",
		"a: [b, c\nd: e\n":                     "f:1:4: this bracket is never closed\n  1 | a: [b, c\n    |    ^",
		"a: 'b\n":                              "f:1:4: this quote is never closed\n  1 | a: 'b\n    |    ^",
		"a: \"\\q\"\n":                         "f:1:5: unknown escape sequence; a backslash in double quotes is written \\\\\n  1 | a: \"\\q\"\n    |     ^",
		"äö: *x\n":                             "f:1:5: no anchor &x stands above\n  1 | äö: *x\n    |     ^",
		"日本: @x\n":                             "f:1:5: text may not begin with \"@\"; put it in quotes\n  1 | 日本: @x\n    |       ^",
		"a: b\n---\nc: d\n":                    "f:2:1: several documents in one file are not supported\n  2 | ---\n    | ^",
		"a: b\nc\n":                            "f:2:1: a key and a colon expected\n  2 | c\n    | ^",
		"a: \"b\" c\n":                         "f:1:8: unexpected text after the closing quote\n  1 | a: \"b\" c\n    |        ^",
		"? a\n":                                "f:1:1: keys written with '?' are not supported\n  1 | ? a\n    | ^",
		"a: !!int x\n":                         "f:1:10: \"x\" is not of type !!int\n  1 | a: !!int x\n    |          ^",
		"a: \xff\n":                            "f:1:4: the file is not UTF-8",
		"a: " + strings.Repeat("[", 70) + "\n": "nested deeper than 64 levels",
		strings.Repeat("- ", 70) + "a\n":       "nested deeper than 64 levels",
	} {
		_, err := ReadYAML("f", []byte(doc))
		if err == nil || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), "nested") {
			t.Errorf("%q:\n got %v\nwant %s", doc, err, want)
		}
	}
}

func TestStrictYAMLRefusesIndirection(t *testing.T) {
	for _, doc := range []string{"a: &x b\n", "a: *x\n", "a: !!str b\n", "<<: {a: b}\n", "a: {<<: {b: c}}\n", "&a k: v\n", "- &a b\n"} {
		if _, err := ParseYAML("f", []byte(doc)); err == nil {
			t.Errorf("%q was accepted", doc)
		}
	}
	if _, err := ParseYAML("f", []byte("\"<<\": a\nb: 'x & y'\nc: a*b\nd: wow!\n")); err != nil {
		t.Error(err)
	}
}

func TestAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 20; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	if _, err := ReadYAML("f", []byte(b.String())); err == nil || !strings.Contains(err.Error(), "aliases grow beyond") {
		t.Errorf("a billion values: %v", err)
	}
}

func TestEditsKeepEverythingElse(t *testing.T) {
	set := func(path string, v Value) func(*Document) (*Document, error) {
		return func(d *Document) (*Document, error) { return d.Set(strings.Split(path, "."), v) }
	}
	unset := func(path string) func(*Document) (*Document, error) {
		return func(d *Document) (*Document, error) {
			d, _, err := d.Unset(strings.Split(path, "."))
			return d, err
		}
	}
	add := func(path string, v Value) func(*Document) (*Document, error) {
		return func(d *Document) (*Document, error) { return d.Append(strings.Split(path, "."), v) }
	}
	remove := func(path string, v Value) func(*Document) (*Document, error) {
		return func(d *Document) (*Document, error) {
			d, _, err := d.RemoveItem(strings.Split(path, "."), v)
			return d, err
		}
	}
	s, five := OfString, OfInt(5)
	for name, c := range map[string]struct {
		from string
		edit func(*Document) (*Document, error)
		want string
	}{
		"replace":           {"a: 1 # one\nb: 2\n", set("a", five), "a: 5 # one\nb: 2\n"},
		"replace quoted":    {"a: 'x'   # one\n", set("a", s("y: z")), "a: \"y: z\"   # one\n"},
		"replace nested":    {"a:\n  # c\n  b: 1\n  c: 2\n", set("a.b", five), "a:\n  # c\n  b: 5\n  c: 2\n"},
		"replace block":     {"a:\n  b: 1\n  c: 2\nd: 3\n", set("a", five), "a: 5\nd: 3\n"},
		"replace list":      {"a:\n- b\n- c\nd: 3\n", set("a", five), "a: 5\nd: 3\n"},
		"replace literal":   {"a: |\n  x\n  y\nd: 3\n", set("a", five), "a: 5\nd: 3\n"},
		"replace in flow":   {"a: {b: 1, c: 2} # x\n", set("a.b", five), "a: {b: 5, c: 2} # x\n"},
		"fill empty":        {"a:   # nothing\nb: 1\n", set("a", five), "a: 5   # nothing\nb: 1\n"},
		"add":               {"a: 1\n", set("b", five), "a: 1\nb: 5\n"},
		"add without LF":    {"a: 1", set("b", five), "a: 1\nb: 5\n"},
		"add with CRLF":     {"a: 1\r\n", set("b.c", five), "a: 1\r\nb:\r\n  c: 5\r\n"},
		"add to empty":      {"", set("a.b.c", five), "a:\n  b:\n    c: 5\n"},
		"add after comment": {"# head\n", set("a", five), "# head\na: 5\n"},
		"add nested":        {"a:\n    b: 1 # x\n# tail\nc: 2\n", set("a.d", five), "a:\n    b: 1 # x\n    d: 5\n# tail\nc: 2\n"},
		"add deep":          {"a:\n  b: 1\nc: 2\n", set("a.d.e", five), "a:\n  b: 1\n  d:\n    e: 5\nc: 2\n"},
		"add below empty":   {"a:  # x\nb: 1\n", set("a.c", five), "a:  # x\n  c: 5\nb: 1\n"},
		"add below null":    {"a: null\nb: 1\n", set("a.c", five), "a: \n  c: 5\nb: 1\n"},
		"add to flow":       {"a: {b: 1}\n", set("a.c.d", five), "a: {b: 1, c: {d: 5}}\n"},
		"add to empty flow": {"a: {}\n", set("a.c", five), "a: {c: 5}\n"},
		"add to root flow":  {"{a: 1}\n", set("b", five), "{a: 1, b: 5}\n"},
		"add below list":    {"a:\n- x\nb: 1\n", set("c", five), "a:\n- x\nb: 1\nc: 5\n"},
		"add after literal": {"a: |\n  x\n\n", set("b", five), "a: |\n  x\nb: 5\n\n"},
		"a map as value":    {"a: 1\n", set("r.o", OfMap(Field{"url", s("s3://b/p")}, Field{"default", OfBool(true)})), "a: 1\nr:\n  o: {url: s3://b/p, default: true}\n"},
		"unset":             {"a: 1\n# two\nb: 2 # x\nc: 3\n", unset("b"), "a: 1\n# two\nc: 3\n"},
		"unset block":       {"a:\n  b: 1\n  c:\n  - x\n  - y\nd: 1\n", unset("a.c"), "a:\n  b: 1\nd: 1\n"},
		"unset last":        {"a:\n  b:\n    c: 1\nd: 1\n", unset("a.b.c"), "d: 1\n"},
		"unset in flow":     {"a: {b: 1, c: 2, d: 3}\n", unset("a.c"), "a: {b: 1, d: 3}\n"},
		"unset flow first":  {"a: {b: 1, c: 2}\n", unset("a.b"), "a: {c: 2}\n"},
		"unset flow last":   {"a: {b: 1, c: 2}\n", unset("a.c"), "a: {b: 1}\n"},
		"unset absent":      {"a: 1\n", unset("b.c"), "a: 1\n"},
		"unset no value":    {"a:\nb: 1\n", unset("a"), "b: 1\n"},
		"append flow":       {"a: [x, y] # c\n", add("a", s("z")), "a: [x, y, z] # c\n"},
		"append empty":      {"a: []\n", add("a", s("z")), "a: [z]\n"},
		"append block":      {"a:\n  - x # c\n\nb: 1\n", add("a", s("z")), "a:\n  - x # c\n  - z\n\nb: 1\n"},
		"append unindented": {"a:\n- x\nb: 1\n", add("a", s("z, y")), "a:\n- x\n- \"z, y\"\nb: 1\n"},
		"append new":        {"b: 1\n", add("c.a", s("z")), "b: 1\nc:\n  a: [z]\n"},
		"append to null":    {"a:\nb: 1\n", add("a", s("z")), "a: [z]\nb: 1\n"},
		"remove":            {"a: [x, y, x]\n", remove("a", s("x")), "a: [y]\n"},
		"remove line":       {"a:\n- x # c\n- y\n", remove("a", s("x")), "a:\n- y\n"},
		"remove last":       {"a:\n- x\nb: 1\n", remove("a", s("x")), "b: 1\n"},
		"remove end":        {"a: [x, y]\n", remove("a", s("y")), "a: [x]\n"},
		"key with dots":     {"a: 1\n", func(d *Document) (*Document, error) { return d.Set([]string{"x.y", "on"}, five) }, "a: 1\nx.y:\n  \"on\": 5\n"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ParseYAML("f", []byte(c.from))
			if err != nil {
				t.Fatal(err)
			}
			d, err = c.edit(d)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(d.Bytes())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEditsRefuseWhatTheyCannotDo(t *testing.T) {
	d, err := ParseYAML("f", []byte("a: text\nl: [x]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Set([]string{"a", "b"}, OfInt(1)); err == nil || !strings.Contains(err.Error(), "a is not a map") {
		t.Errorf("set below a text: %v", err)
	}
	if _, err := d.Append([]string{"a"}, OfInt(1)); err == nil || !strings.Contains(err.Error(), "a is not a list") {
		t.Errorf("append to a text: %v", err)
	}
}

// FuzzYAML holds that no text crashes the reader, that nodes lie where they
// say, and that a value set is the value read, with nothing else changed.
func FuzzYAML(f *testing.F) {
	for _, doc := range []string{
		"a: 1\nb: [x, {c: d}]\n", "a:\n- b\n- |\n  text\n", "{a: 'x', \"b\": }\n", "a: >+\n\n  x\n\n y\n", "# c\n", "--- a\n...\n", "k: &a [*a]\n",
		"a: \"x\\\n  y\"\r\nb:\r\n", "a: b\n  c\n\n  d\n", "- - x: y\n    z:\n", "{0}", "0\x00", "\"a\" : b\n? c\n",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if v, err := ReadYAML("f", src); err == nil {
			_ = v.String()
		}
		d, err := ParseYAML("f", src)
		if err != nil {
			return
		}
		before, err := d.Value(d.Root)
		if err != nil {
			return
		}
		checkSpans(t, d, d.Root)
		set, err := d.Set([]string{"new key", "b"}, OfString("v: #"))
		if err != nil {
			return
		}
		after, err := set.Value(set.Root)
		if err != nil {
			t.Fatalf("%q became %q: %v", src, set.Bytes(), err)
		}
		if got, ok := Lookup(after, `"new key".b`); !ok || got.Text() != "v: #" {
			t.Fatalf("%q became %q: not set", src, set.Bytes())
		}
		if _, had := before.Field("new key"); had {
			return
		}
		back, ok, err := set.Unset([]string{"new key"})
		if err != nil || !ok {
			t.Fatalf("%q: unset of %q: %v %v", src, set.Bytes(), ok, err)
		}
		again, err := back.Value(back.Root)
		if err != nil || !again.Equal(before) && (len(before.Fields()) > 0 || len(again.Fields()) > 0) {
			t.Fatalf("%q became %q, then %q: %v", src, set.Bytes(), back.Bytes(), err)
		}
	})
}

func checkSpans(t *testing.T, d *Document, n *Node) {
	if n.Start > n.End || n.End > len(d.src) {
		t.Fatalf("%q: node %+v", d.src, n)
	}
	for _, item := range n.Items {
		checkSpans(t, d, item)
	}
	for _, p := range n.Pairs {
		checkSpans(t, d, p.Key)
		checkSpans(t, d, p.Value)
	}
}

// BenchmarkParseYAML reads an mlv.yaml of 100 stages.
func BenchmarkParseYAML(b *testing.B) {
	var s strings.Builder
	s.WriteString("version: 1\nstages:\n")
	for i := range 100 {
		fmt.Fprintf(&s, "  st%d:\n    cmd: python x.py --n %d\n    deps: [a.py, src, data/%d.csv]\n    params: [lr, depth]\n    outs: [o/%d.pkl]\n    metrics:\n    - m/%d.json:\n        cache: false\n", i, i, i, i, i)
	}
	src := []byte(s.String())
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := ParseYAML("f", src); err != nil {
			b.Fatal(err)
		}
	}
}
