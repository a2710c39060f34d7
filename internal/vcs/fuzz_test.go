package vcs

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What is read natively is refs and steps alone: no path, no option, nothing
// that would be another text to git.
func FuzzParseRevision(f *testing.F) {
	for _, s := range []string{
		"HEAD", "@", "main~2^2", "v1.0^{commit}", "main@{1}", ":/text", "HEAD^{/a..b}", "a..b", "HEAD:file", "-x", "x^{tree}", "^x",
		"HEAD^-1", "a\x00b", "../../x", "refs/heads/main", "@{u}", "~", "HEAD~99999999999999999999", "x^{}^{commit}~0^0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rev, ours, err := parseRevision(s)
		if err != nil && ours {
			t.Fatal("refused and read")
		}
		if err != nil {
			return
		}
		if strings.HasPrefix(s, "-") || strings.ContainsAny(s, "\x00\n\r") {
			t.Fatalf("%q would reach git", s)
		}
		if !ours {
			return
		}
		if !validRefName(rev.base) || !strings.HasPrefix(strings.Replace(s, "@", "HEAD", 1), rev.base) && !strings.HasPrefix(s, rev.base) {
			t.Fatalf("%q has base %q", s, rev.base)
		}
		// One spelling of the same steps reads as the same revision.
		again, ok, err := parseRevision(rev.String())
		if err != nil || !ok || again.base != rev.base || !slices.Equal(again.steps, rev.steps) {
			t.Fatalf("%q is %+v, whose text %q is %+v (%v)", s, rev, rev.String(), again, err)
		}
	})
}

// String writes a revision as it is parsed.
func (rev revision) String() string {
	b := []byte(rev.base)
	for _, s := range rev.steps {
		switch {
		case s.parent == 0:
			b = append(b, "^0"...)
		case s.parent == 1 && s.times != 1:
			b = append(append(b, '~'), number(s.times)...)
		default:
			b = append(append(b, '^'), number(s.parent)...)
		}
	}
	return string(b)
}

func number(n int) string {
	if n == 0 {
		return "0"
	}
	var b []byte
	for ; n > 0; n /= 10 {
		b = append(b, byte('0'+n%10))
	}
	slices.Reverse(b)
	return string(b)
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x00"+strings.Repeat("x", 20)), 20)
	f.Add([]byte("40000 a\x00"+strings.Repeat("x", 20)+"100755 a-b\x00"+strings.Repeat("y", 20)), 20)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n != 20 && n != 32 {
			return
		}
		list, err := parseTree(b, n)
		if err != nil {
			return
		}
		for i, e := range list {
			if !validName(e.name) || e.name == "." || len(e.hash) != 2*n || i > 0 && list[i-1].name > e.name {
				t.Fatalf("%q: %+v", b, e)
			}
		}
	})
}

func FuzzParseCommit(f *testing.F) {
	h := strings.Repeat("a", 40)
	f.Add("tree " + h + "\nparent " + h + "\nauthor A <a@b> 1 +0100\ncommitter A <a@b> 1 -0100\n\nsubject\nmore\n\nbody\n")
	f.Add("tree " + h + "\ncommitter <<>> x y\n\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCommit(Hash(h), text)
		if err == nil && (len(c.Tree) != 40 || !isHex(string(c.Tree)) || strings.ContainsAny(c.Subject, "\n\t")) {
			t.Fatalf("%q: %+v", text, c)
		}
	})
}

func FuzzParseAttributes(f *testing.F) {
	f.Add([]byte(attributesFile), "a/b/c.txt")
	f.Add([]byte("[attr]x y\n[attr]y x\n* x\n"), "a")
	f.Add([]byte("\"\\1\" a\n[a-\\ b\n**/** text\n"), "a/b")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		// Rules that are said twice say nothing new.
		a := parseAttributes("", b)
		once, twice := attributesOf([]attributes{a}, name, false), attributesOf([]attributes{a, a}, name, false)
		if !maps.Equal(once, twice) {
			t.Fatalf("%q: %q, and twice %q", b, once, twice)
		}
	})
}

func FuzzParseIndex(f *testing.F) {
	g := newTestRepo(f).init()
	g.write("a.txt", "a")
	g.write("dir/b.txt", "b")
	g.write("dir/bc.txt", "b")
	g.run("add", "-A")
	for _, version := range []string{"2", "4"} {
		g.run("update-index", "--index-version", version)
		b, err := os.ReadFile(filepath.Join(g.top, ".git", "index"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := parseIndex(b, 20)
		if err != nil {
			return
		}
		for _, e := range entries {
			if e.Path == "" || len(e.Hash) != 40 || e.Stage > 3 {
				t.Fatalf("%+v", e)
			}
		}
		if len(entries)*62 > len(b) {
			t.Fatalf("%d entries in %d bytes", len(entries), len(b))
		}
	})
}

func TestWildmatch(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "a", true},
		{"*", "a/b", false},
		{"a/*", "a/b", true},
		{"**", "a/b", true},
		{"a/**", "a/b/c", true},
		{"a/**", "a", false},
		{"a/**/b", "a/b", true},
		{"a/**/b", "a/x/y/b", true},
		{"a/**/b", "a/xb", false},
		{"?", "", false},
		{"?", "/", false},
		{"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false},
		{"[^a-c]x", "dx", true},
		{"[]]", "]", true},
		{"[", "[", false},
		{"[[:digit:]]", "7", true},
		{"[[:upper:][:digit:]]", "a", false},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{"a*b*c", "aXbYc", true},
		{"a**c", "abc", true},
		{"a**c", "a/c", false},
		{"*.txt", ".txt", true},
		{"x", "xy", false},
		{"", "", true},
		{"[a", "a", false},
		{`[\]]`, "]", true},
		{"[a-]", "-", true},
	} {
		if got := wildmatch(test.pattern, test.name); got != test.want {
			t.Errorf("wildmatch(%q, %q) = %v", test.pattern, test.name, got)
		}
	}
}

func TestWildmatchOfManyStarsEnds(t *testing.T) {
	if wildmatch(strings.Repeat("*a", 60)+"b", strings.Repeat("a", 255)) {
		t.Error("matched")
	}
}
