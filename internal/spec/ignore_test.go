package spec

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/fsx"
)

func TestIgnoreRules(t *testing.T) {
	var root *Ignore
	root = root.With("", []byte("# comment\n\n*.log\n!keep.log\n/build\ndir/\na/**/z\n\\#x\n\\!y\ntrail\\ \nspace   \ncr\r\n[a-c]?.t\nsub/*.q\n"))
	deep := root.With("sub", []byte("!x.log\n/only\n"))
	for path, want := range map[string]bool{
		"a.log": true, "s/a.log": true, "keep.log": false, "build": true, "s/build": false, "dir/": true, "dir": false, "s/dir/": true,
		"a/z": true, "a/b/c/z": true, "a/b/c/y": false, "#x": true, "!y": true, "trail ": true, "trail": false, "space": true, "cr": true,
		"b1.t": true, "d1.t": false, "sub/a.q": true, "sub/s/a.q": false, "build/in": true, "sub/x.log": false, "sub/y.log": true,
		"sub/only": true, "sub/s/only": false, "only": false, "dir/keep.log": true,
	} {
		name, folder := strings.CutSuffix(path, "/")
		if got := deep.Ignored(fsx.Path(name), folder); got != want {
			t.Errorf("%q: ignored %v, want %v", path, got, want)
		}
	}
}

// A gitDir is a repository that answers which paths it ignores.
type gitDir struct {
	t    *testing.T
	dir  string
	fold string // core.ignoreCase
}

func newGitDir(t *testing.T) gitDir {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	g := gitDir{t, t.TempDir(), "false"}
	g.run(nil, "init", "-q")
	return g
}

func (g gitDir) run(stdin []byte, args ...string) []byte {
	g.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", g.dir, "-c", "core.excludesFile=/dev/null", "-c", "core.ignoreCase=" + g.fold}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+g.dir)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 1 && args[0] == "check-ignore" {
		err = nil // no path is ignored
	}
	if err != nil {
		g.t.Fatalf("git %q: %v", args, err)
	}
	return out
}

// ignored returns which of paths git ignores, with rules in .gitignore files
// of some folders.
func (g gitDir) ignored(rules map[fsx.Path][]byte, paths []string) map[string]bool {
	g.t.Helper()
	for folder, text := range rules {
		if err := os.MkdirAll(filepath.Join(g.dir, string(folder)), 0o755); err != nil {
			g.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(g.dir, string(folder), GitIgnoreName), text, 0o644); err != nil {
			g.t.Fatal(err)
		}
	}
	set := map[string]bool{}
	out := g.run([]byte(strings.Join(paths, "\x00")+"\x00"), "check-ignore", "--no-index", "--stdin", "-z")
	for p := range strings.SplitSeq(string(out), "\x00") {
		set[p] = p != ""
	}
	return set
}

// TestIgnoreMatchesGit asks git about generated rules and paths.
func TestIgnoreMatchesGit(t *testing.T) {
	g := newGitDir(t)
	compareWithGit(t, g, nil, 3000)
}

func TestIgnoreFoldsCaseAsGitDoes(t *testing.T) {
	g := newGitDir(t)
	g.fold = "true"
	compareWithGit(t, g, FoldCase(), 1500)
}

func compareWithGit(t *testing.T, g gitDir, none *Ignore, n int) {
	r := rand.New(rand.NewPCG(7, 11))
	isDir := map[string]bool{"a": true}
	cases, ignored, wrong := 0, 0, 0
	for cases < n && wrong < 20 {
		rules := map[fsx.Path][]byte{"": randomRules(r), "a": randomRules(r)}
		var paths []string
		for range 75 {
			p := randomPath(r)
			if r.IntN(20) == 0 && os.MkdirAll(filepath.Join(g.dir, p), 0o755) == nil {
				for up := p; up != "."; up = filepath.Dir(up) {
					isDir[up] = true
				}
			}
			paths = append(paths, p)
		}
		want := g.ignored(rules, paths)
		root := none.With("", rules[""])
		for _, p := range paths {
			cases++
			ig := root
			if strings.HasPrefix(p, "a/") {
				ig = root.With("a", rules["a"])
			}
			got := ig.Ignored(fsx.Path(p), isDir[p])
			if got {
				ignored++
			}
			if got != want[p] {
				wrong++
				t.Errorf("%q (folder %v): ignored %v, git says %v\nroot %q\na    %q", p, isDir[p], got, want[p], rules[""], rules["a"])
			}
		}
	}
	if ignored < cases/20 || ignored > cases*19/20 {
		t.Errorf("%d of %d are ignored: the rules say too little", ignored, cases)
	}
}

func randomRules(r *rand.Rand) []byte {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(randomPattern(r) + "\n")
	}
	return []byte(strings.TrimSuffix(b.String(), pick(r, "", "\n")))
}

// pick returns one of words.
func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

func randomPattern(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString(pick(r, "", "", "", "!", "/", "!/", "\\", "#", "**/", " "))
	for range 1 + r.IntN(5) {
		b.WriteString(pick(r,
			"a", "b", "ab", "c", "/", "/", "*", "**", "/**/", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[a", "[[:alpha:]]", "[[:digit:]b]",
			"\\*", "\\a", "\\[", "\\\\", " ", "\\ ", "#", "!", ".", "***", "[-a]", "[a\\]b]", "[a-]", "é", "[[:x:]]", "[!]", "B", "[A-Z]", "[/a]"))
	}
	b.WriteString(pick(r, "", "", "", "/", "/**", " ", "  ", "\\", "\\ ", "*", "\t", "\r"))
	return b.String()
}

func randomPath(r *rand.Rand) string {
	var parts []string
	for range 1 + r.IntN(4) {
		parts = append(parts, pick(r, "a", "b", "ab", "abc", "c", "a b", "a*", "*", "b ", "#a", "!a", "a]", "[a", "\\", "é", "aa", "B", "bb", "a.b", ".", "-")+pick(r, "", "", "x", "a"))
	}
	for i, p := range parts {
		if p == "." {
			parts[i] = "a"
		}
	}
	return strings.Join(parts, "/")
}

func TestIgnoreLineForAnyName(t *testing.T) {
	g := newGitDir(t)
	for _, name := range []string{"data", "a b", "a ", " a", "#a", "!a", "a*b", "a?b", "[a]", "a\\b", "ü", "a\tb", "*", "**", "-a", "a  ", "\\", "\\ ", "a]"} {
		b, err := AddIgnore([]byte("*.tmp\n"), name)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		others := []string{name + "x", "s/" + name, "x" + name, "b"}
		got := g.ignored(map[fsx.Path][]byte{"": b}, append(others, name))
		for _, other := range others {
			if got[other] {
				t.Errorf("%q, too, is ignored by %q", other, b)
			}
		}
		if !got[name] {
			t.Errorf("%q is not ignored by %q", name, b)
		}
		again, err := AddIgnore(b, name)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q was added twice", name)
		}
		back, err := RemoveIgnore(b, name)
		if err != nil || string(back) != "*.tmp\n" {
			t.Errorf("%q: removed: %q, %v", name, back, err)
		}
	}
	for _, name := range []string{"", "a\nb", "a/b", "a\r"} {
		if b, err := AddIgnore(nil, name); err == nil {
			t.Errorf("%q became %q", name, b)
		}
	}
}

func TestIgnoreLinesKeepTheFile(t *testing.T) {
	for from, want := range map[string]string{
		"":                "/data\n",
		"x":               "x\n/data\n",
		"x\n\n# end\n":    "x\n\n# end\n/data\n",
		"x\r\n":           "x\r\n/data\r\n",
		"/data":           "/data",
		"/data \n":        "/data \n",
		"/data\n!/data\n": "/data\n!/data\n/data\n",
	} {
		got, err := AddIgnore([]byte(from), "data")
		if err != nil || string(got) != want {
			t.Errorf("%q became %q, want %q", from, got, want)
		}
	}
	for from, want := range map[string]string{
		"/data\n": "", "a\n/data\nb": "a\nb", "a\n/data": "a\n", "a\r\n/data\r\nb\r\n": "a\r\nb\r\n", "data\n": "data\n", "/data\n/data\n": "",
	} {
		got, err := RemoveIgnore([]byte(from), "data")
		if err != nil || string(got) != want {
			t.Errorf("%q without it is %q, want %q", from, got, want)
		}
	}
}

// TestIgnoreTimeIsBounded has a pattern that takes forever where every star is
// tried at every place.
func TestIgnoreTimeIsBounded(t *testing.T) {
	pattern := strings.Repeat("*a", 200) + "*b"
	var i *Ignore
	i = i.With("", []byte(pattern+"\n"+strings.Repeat("**/a/", 200)+"b\n"))
	if i.Match(fsx.Path(strings.Repeat("a", 4000)), false) || i.Match(fsx.Path(strings.Repeat("a/", 2000)+"c"), false) {
		t.Error("matched")
	}
}

func FuzzIgnore(f *testing.F) {
	for _, s := range []string{"*.log", "a/**/b/", "!x", "[[:alpha:]-z]", "\\", "[", "**"} {
		f.Add([]byte(s), "a/b/c")
	}
	f.Fuzz(func(t *testing.T, rules []byte, path string) {
		p, err := fsx.ParsePath(path)
		if err != nil {
			return
		}
		var i *Ignore
		i = i.With("", rules)
		_ = i.Ignored(p, true)
		name := p.Base()
		b, err := AddIgnore(rules, name)
		if err != nil {
			return
		}
		i = nil
		if i = i.With("", b); !i.Match(fsx.Path(name), false) {
			t.Fatalf("%q in %q is not ignored", name, b)
		}
	})
}
