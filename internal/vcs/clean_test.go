package vcs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// contents are what conversions of line endings treat differently.
var contents = map[string]string{
	"lf": "one\ntwo\n", "crlf": "one\r\ntwo\r\n", "mixed": "one\r\ntwo\n", "lonecr": "one\rtwo\r\n", "nul": "one\x00\r\n",
	"binary": "\x01\x02\x03\r\n", "empty": "", "dos": "one\r\n\x1a", "crcrlf": "one\r\r\n", "utf8": "naïve\r\n", "tail": "one\r\ntwo\r",
}

const attributesFile = `
*.txt text
*.auto text=auto
*.bin binary
*.lfonly eol=lf
*.crlfonly text eol=crlf
*.old crlf
*.oldinput crlf=input
*.notold -crlf
/top.x text
sub/*.y text
**/deep/*.z text
a/**/b.w text
"quo\164e d.q" text
*.[0-9a]n text
*.un text
keep.un !text
[attr]mine text -diff
*.m mine
sub2/ text
?.one text
`

func TestBlobIsWhatGitWouldStore(t *testing.T) {
	for _, test := range []struct{ config, attrs string }{
		{"", ""},
		{"", attributesFile},
		{"core.autocrlf=true", attributesFile},
		{"core.autocrlf=input", ""},
		{"core.autocrlf=true core.eol=crlf", "* text=auto\n*.txt -text\n"},
	} {
		t.Run(fmt.Sprintf("%s/%d", test.config, len(test.attrs)), func(t *testing.T) {
			storesAlike(t, test.config, test.attrs)
		})
	}
}

func storesAlike(t *testing.T, config, attrs string) {
	g := newTestRepo(t).init()
	for name, content := range contents { // stored with CR before any rule
		g.write("had/"+name+".auto", content)
		g.write("had/"+name, content)
	}
	g.commit("before")
	for _, c := range strings.Fields(config) {
		name, value, _ := strings.Cut(c, "=")
		g.run("config", name, value)
	}
	names := []string{
		"x.txt", "x.auto", "x.bin", "x.lfonly", "x.crlfonly", "x.old", "x.oldinput", "x.notold", "top.x", "sub/top.x", "sub/x.y", "sub/sub/x.y",
		"deep/x.z", "p/deep/x.z", "p/q/deep/x.z", "a/b.w", "a/c/b.w", "a/c/d/b.w", "b.w", "quote d.q", "x.0n", "x.an", "x.bn", "x.un", "keep.un",
		"x.m", "sub2/x", "y.one", "yy.one", "plain",
	}
	g.write(".gitattributes", attrs)
	g.write("sub/.gitattributes", "*.y -text\n*.s text\n")
	for name, content := range contents {
		g.write("had/"+name+".auto", content+"more\r\n")
		g.write("had/"+name, content+"more\r\n")
	}
	for _, round := range []string{"crlf", "binary", "mixed"} {
		for _, p := range append(names, "sub/x.s", "x.s") {
			g.write(p, contents[round])
		}
		for name, content := range contents {
			g.write("each/"+name+".txt", content)
			g.write("each/"+name+".auto", content)
			g.write("each/"+name, content)
		}
		r := g.open(t, "go-git", g.top)
		blobs := map[string]Blob{}
		all := strings.Split(g.run("ls-files", "--cached", "--others", "-z"), "\x00")
		for _, p := range all[:len(all)-1] {
			b, err := r.Blob(t.Context(), fsx.Path(p))
			if err != nil {
				t.Fatal(err)
			}
			blobs[p] = b
		}
		g.run("add", "-A")
		idx, err := g.open(t, "go-git", g.top).Index(t.Context())
		if err != nil || len(idx.Entries) != len(blobs) {
			t.Fatal(err, len(idx.Entries), len(blobs))
		}
		for _, e := range idx.Entries {
			if blobs[e.Path].Hash != e.Hash {
				t.Errorf("%s: %s is %v, git stores %v", round, e.Path, blobs[e.Path].Hash, e.Hash)
			}
		}
	}
}

func TestBlobOfWhatIsNoPlainFile(t *testing.T) {
	g := shapes(t)
	g.both(g.top, func(t *testing.T, r *Repo) {
		idx, err := r.Index(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []fsx.Path{"link", "run.sh", "a.txt", "out", "gone"} {
			e, _ := idx.Find(p)
			if b, err := r.Blob(t.Context(), p); err != nil || b != (Blob{e.Hash, e.Exec, e.Link}) {
				t.Errorf("%s: %+v, %v; the index has %+v", p, b, err, e)
			}
		}
		if _, err := r.Blob(t.Context(), "dir"); errs.KindOf(err) != errs.Usage {
			t.Errorf("a folder: %v", err)
		}
		if _, err := r.Blob(t.Context(), "nothing"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("an absent file: %v", err)
		}
	})
}

func TestExecutableBitIsTheIndexsWhereFilesHaveNone(t *testing.T) {
	g := shapes(t)
	g.run("config", "core.fileMode", "false")
	if err := os.Chmod(filepath.Join(g.top, "run.sh"), 0o644); err != nil {
		t.Fatal(err)
	}
	g.both(g.top, func(t *testing.T, r *Repo) {
		if b, err := r.Blob(t.Context(), "run.sh"); !b.Exec || err != nil {
			t.Errorf("%+v, %v", b, err)
		}
	})
}

// An edit in the instant in which the index was written, or one that restores
// the file's times, keeps size and mtime.
func TestBlobIsNotFooledByTimes(t *testing.T) {
	g := newTestRepo(t).init()
	g.write("a.txt", "aaaa")
	g.run("add", "a.txt")
	file := filepath.Join(g.top, "a.txt")
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	g.write("a.txt", "bbbb")
	if err := os.Chtimes(file, st.ModTime(), st.ModTime()); err != nil {
		t.Fatal(err)
	}
	want := g.stdin("bbbb", "hash-object", "--stdin")
	if b, err := g.open(t, "go-git", g.top).Blob(t.Context(), "a.txt"); string(b.Hash) != want || err != nil {
		t.Errorf("%v, %v; want %s", b.Hash, err, want)
	}
}

func TestUnchangedFileIsNotRead(t *testing.T) {
	g := newTestRepo(t).init()
	g.write("a.txt", "aaaa")
	g.commit("first")
	later := filepath.Join(g.top, ".git", "index")
	st, err := os.Stat(filepath.Join(g.top, "a.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(later, st.ModTime().Add(2e9), st.ModTime().Add(2e9)); err != nil {
		t.Fatal(err)
	}
	r := g.open(t, "go-git", g.top)
	idx, err := r.Index(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	idx.Entries[0].Hash = "made up" // what is read from the index alone
	if b, err := r.Blob(t.Context(), "a.txt"); b.Hash != "made up" || err != nil {
		t.Errorf("%v, %v", b, err)
	}
}

func TestFilterNeedsGit(t *testing.T) {
	g := newTestRepo(t).init()
	g.run("config", "filter.upper.clean", "tr a-z A-Z")
	g.write(".gitattributes", "*.up filter=upper\n*.none filter=absent\n*.16 working-tree-encoding=UTF-16LE\n*.id ident\n")
	g.write("a.up", "shout")
	g.write("a.none", "plain")
	g.write("a.16", "a\x00b\x00")
	g.write("a.id", "$Id: 123 $\n")
	for _, p := range []string{"a.up", "a.none", "a.16", "a.id"} {
		want := g.run("hash-object", "--path", p, p)
		withGit, err := Open(t.Context(), g.top, Options{Git: g.git, Getenv: g.getenv})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := withGit.Blob(t.Context(), fsx.Path(p)); string(b.Hash) != want || err != nil {
			t.Errorf("%s: %v, %v; want %s", p, b.Hash, err, want)
		}
		same, err := withGit.Verbatim(t.Context(), fsx.Path(p))
		if same != (p == "a.none") || err != nil {
			t.Errorf("%s is stored byte by byte: %v, %v", p, same, err)
		}
		if err := withGit.Close(); err != nil {
			t.Error(err)
		}
		alone := g.open(t, "go-git", g.top)
		if _, err := alone.Blob(t.Context(), fsx.Path(p)); (p == "a.none") != (err == nil) || err != nil && !errors.Is(err, ErrNoGit) {
			t.Errorf("%s without git: %v", p, err)
		}
	}
}

func TestUsersConfigurationCounts(t *testing.T) {
	g := newTestRepo(t).init()
	crlf := g.stdin("a\r\n", "hash-object", "--stdin", "--no-filters")
	lf := g.stdin("a\n", "hash-object", "--stdin", "--no-filters")
	g.write("a.txt", "a\r\n")
	g.write("../home/.gitconfig", "[core]\n\tautocrlf = input\n")
	if b, err := g.open(t, "go-git", g.top).Blob(t.Context(), "a.txt"); string(b.Hash) != lf || err != nil {
		t.Errorf("core.autocrlf of the user: %v, %v", b.Hash, err)
	}
	g.write("../home/.gitconfig", "[core]\n\tattributesFile = ~/attrs\n")
	g.write("../home/attrs", "*.txt text\n")
	if b, err := g.open(t, "go-git", g.top).Blob(t.Context(), "a.txt"); string(b.Hash) != lf || err != nil {
		t.Errorf("core.attributesFile of the user: %v, %v", b.Hash, err)
	}
	g.run("config", "core.attributesFile", "/nowhere")
	if b, err := g.open(t, "go-git", g.top).Blob(t.Context(), "a.txt"); string(b.Hash) != crlf || err != nil {
		t.Errorf("the repository's own comes last: %v, %v", b.Hash, err)
	}
	g.write("../home/.gitconfig", "[include]\n\tpath = more\n")
	g.write("../home/more", "[core]\n\tautocrlf = true\n")
	g.both(g.top, func(t *testing.T, r *Repo) {
		if r.program == nil {
			return // an included file is git's to read
		}
		if b, err := r.Blob(t.Context(), "a.txt"); string(b.Hash) != lf || err != nil {
			t.Errorf("an included file: %v, %v", b.Hash, err)
		}
	})
}

func TestAddStagesWhatItIsGiven(t *testing.T) {
	g := newTestRepo(t).init()
	g.write("gone.txt", "gone")
	g.commit("first")
	g.write("a b.txt", "a")
	g.write("-dash", "d")
	g.write(":(glob)*", "literal")
	g.write("other.txt", "not asked for")
	g.write(".gitignore", "ignored\n")
	g.write("ignored", "x")
	if err := os.Remove(filepath.Join(g.top, "gone.txt")); err != nil {
		t.Fatal(err)
	}
	r := g.open(t, "program", filepath.Join(g.top))
	if _, err := r.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(t.Context(), "a b.txt", "-dash", ":(glob)*", "gone.txt"); err != nil {
		t.Fatal(err)
	}
	if got, want := g.run("-c", "core.quotePath=false", "diff", "--cached", "--name-status"), "A\t-dash\nA\t:(glob)*\nA\ta b.txt\nD\tgone.txt"; got != want {
		t.Errorf("staged:\n%s\nwant:\n%s", got, want)
	}
	if got, err := r.Tracked(t.Context(), "a b.txt"); len(got) != 1 || err != nil {
		t.Errorf("the index as read before: %v, %v", got, err)
	}
	if err := r.Add(t.Context(), "ignored"); err == nil {
		t.Error("an ignored file was added")
	}
	if err := os.WriteFile(filepath.Join(g.top, ".git", "index.lock"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(t.Context(), "other.txt"); errs.KindOf(err) != errs.Locked {
		t.Errorf("with a locked index: %v", err)
	}
	if err := g.open(t, "go-git", g.top).Add(t.Context(), "other.txt"); !errors.Is(err, ErrNoGit) {
		t.Errorf("without git: %v", err)
	}
}
