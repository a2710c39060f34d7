package vcs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
)

// history makes a repository with a merge, tags of both kinds, a remote branch
// and names that try to be taken for others.
func history(t *testing.T) *testRepo {
	g := newTestRepo(t).init()
	g.write("a.txt", "one\n")
	g.commit("first")
	g.run("tag", "light")
	g.write("a.txt", "two\n")
	g.commit("second")
	g.run("tag", "-a", "-m", "annotated", "v1.0")
	g.run("tag", "-a", "-m", "tag of a tag", "nested", "v1.0")
	g.run("checkout", "-q", "-b", "side", "light")
	g.write("b.txt", "side\n")
	g.commit("on the side")
	g.run("checkout", "-q", "main")
	g.run("merge", "-q", "--no-ff", "-m", "merge side", "side")
	g.run("update-ref", "refs/remotes/origin/main", "v1.0^{commit}")
	g.run("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	g.run("branch", "feature/one")
	g.run("branch", "deadbeef", "side") // looks like an abbreviation
	g.run("tag", "both", "light")
	g.run("branch", "both", "side") // git takes the tag
	g.run("pack-refs", "--all")
	g.write("a.txt", "three\n")
	g.commit("fifth\n\nwith a body")
	return g
}

func TestResolveFindsWhatGitFinds(t *testing.T) {
	g := history(t)
	head := g.run("rev-parse", "HEAD")
	revs := []string{
		"HEAD", "@", "main", "side", "light", "v1.0", "nested", "origin", "origin/main", "feature/one", "deadbeef", "both",
		"heads/both", "tags/both", "refs/heads/main", "refs/tags/v1.0", "remotes/origin/main", "heads/main",
		"HEAD~", "HEAD~1", "HEAD~2", "HEAD~3", "HEAD^", "HEAD^0", "HEAD^^", "HEAD~1^2", "HEAD~1^2~1", "@~1^1", "@^^2^",
		"v1.0^{commit}", "v1.0^{}", "nested~1", "nested^{commit}^{commit}", "main~0", "side^^{commit}",
		head, strings.ToUpper(head), head[:10], strings.ToUpper(head[:7]), head[:4], head[:20] + "~2",
		"v1.0-3-g" + head[:8],
	}
	for _, rev := range revs {
		if got, err := g.try(g.top, "rev-parse", "--verify", "--end-of-options", rev+"^{commit}"); err != nil {
			t.Fatalf("git itself does not know %q: %s %v", rev, got, err)
		}
	}
	g.both(g.top, func(t *testing.T, r *Repo) {
		for _, rev := range revs {
			want := g.run("rev-parse", "--verify", "--end-of-options", rev+"^{commit}")
			c, err := r.Resolve(t.Context(), rev)
			if err != nil || string(c.Hash) != want {
				t.Errorf("Resolve(%q) = %v, %v; want %s", rev, c.Hash, err, want)
			}
		}
	})
}

func TestResolveRefusesWhatNamesNoCommit(t *testing.T) {
	g := history(t)
	blob := g.run("rev-parse", "HEAD:a.txt")
	tree := g.run("rev-parse", "HEAD^{tree}")
	g.run("tag", "ofblob", blob)
	g.both(g.top, func(t *testing.T, r *Repo) {
		for rev, want := range map[string]string{
			"":                 `revision "" is empty`,
			"HEAD:a.txt":       "names a file at a revision",
			":a.txt":           "names a file at a revision",
			":0:a.txt":         "names a file at a revision",
			"main..side":       "is a range",
			"main...side":      "is a range",
			"^main":            "excludes a revision",
			"--all":            "begins with a dash",
			"-1":               "begins with a dash",
			"main\nHEAD":       "control character",
			"nowhere":          "is unknown",
			"main~1~99":        "",
			"HEAD^3":           "",
			"HEAD~99":          "",
			blob:               "names a blob, not a commit",
			tree:               "names a tree, not a commit",
			"ofblob":           "names a blob, not a commit",
			"HEAD ":            "",
			"ma*":              "",
			"../HEAD":          "",
			"refs/../HEAD":     "",
			"config":           "is unknown",
			"objects":          "is unknown",
			"HEAD^{tree}":      "",
			"HEAD^!":           "",
			"HEAD^@":           "",
			"HEAD^-":           "",
			"0000000":          "is unknown",
			"@@":               "",
			"main.lock":        "",
			"HEAD~99999999999": "",
		} {
			c, err := r.Resolve(t.Context(), rev)
			if err == nil {
				t.Errorf("Resolve(%q) = %v", rev, c.Hash)
				continue
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Resolve(%q): %q lacks %q", rev, err, want)
			}
			if k := errs.KindOf(err); k != errs.Usage && !errors.Is(err, ErrNoGit) {
				t.Errorf("Resolve(%q): %v is of class %v", rev, err, k)
			}
		}
	})
}

// go-git takes these for HEAD.
func TestResolveLeavesTheReflogToGit(t *testing.T) {
	g := history(t)
	revs := []string{"main@{1}", "@{1}", "HEAD@{2}", ":/second", "HEAD^{/first}", "main@{1}~1", "@{0}^2"}
	alone := g.open(t, "go-git", g.top)
	for _, rev := range revs[:6] {
		if _, err := alone.Resolve(t.Context(), rev); !errors.Is(err, ErrNoGit) {
			t.Errorf("without git, %q: %v, want ErrNoGit", rev, err)
		}
	}
	withGit, err := Open(t.Context(), g.top, Options{Git: g.git})
	if err != nil {
		t.Fatal(err)
	}
	defer withGit.Close()
	for _, r := range []*Repo{withGit, g.open(t, "program", g.top)} {
		for _, rev := range revs[:6] {
			want := g.run("rev-parse", rev)
			if c, err := r.Resolve(t.Context(), rev); err != nil || string(c.Hash) != want {
				t.Errorf("Resolve(%q) = %v, %v; want %s", rev, c.Hash, err, want)
			}
		}
		if _, err := r.Resolve(t.Context(), "main@{99}"); errs.KindOf(err) != errs.Usage {
			t.Errorf("main@{99}: %v", err)
		}
	}
}

func TestResolveSaysWhichCommitsAnAbbreviationMayMean(t *testing.T) {
	g := newTestRepo(t).init()
	var stream strings.Builder
	for i := range 1200 { // of so many, two share four digits: all but surely
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Ann <ann@example.org> %d +0000\ndata 0\n\n", 1_700_000_000+i)
	}
	g.stdin(stream.String(), "fast-import", "--quiet")
	seen := map[string]string{}
	var prefix string
	for h := range strings.FieldsSeq(g.run("rev-list", "main")) {
		if seen[h[:4]] != "" {
			prefix = h[:4]
		}
		seen[h[:4]] = h
	}
	if prefix == "" {
		t.Fatal("no two hashes share four digits")
	}
	g.both(g.top, func(t *testing.T, r *Repo) {
		_, err := r.Resolve(t.Context(), prefix)
		e, ok := errors.AsType[*errs.Error](err)
		if !ok || e.Kind != errs.Usage || len(e.Candidates) < 2 || e.Hint == "" {
			t.Errorf("Resolve(%q): %v", prefix, err)
		}
		h := seen[prefix]
		if c, err := r.Resolve(t.Context(), h[:12]); err != nil || string(c.Hash) != h {
			t.Errorf("Resolve(%q) = %v, %v", h[:12], c.Hash, err)
		}
	})
}

func TestUnknownRevisionNamesTheNearest(t *testing.T) {
	g := history(t)
	g.both(g.top, func(t *testing.T, r *Repo) {
		for rev, want := range map[string]string{"mian": "main", "v1.1": "v1.0", "one": "feature/one", "orgin/main": "origin/main"} {
			_, err := r.Resolve(t.Context(), rev)
			e, ok := errors.AsType[*errs.Error](err)
			if !ok || !slices.Contains(e.Candidates, want) {
				t.Errorf("%q: %v, candidates %v lack %q", rev, err, e.Candidates, want)
			}
		}
	})
}

func TestBeforeTheFirstCommit(t *testing.T) {
	g := newTestRepo(t).init()
	g.write("a.txt", "a")
	g.run("add", "a.txt")
	g.both(g.top, func(t *testing.T, r *Repo) {
		for _, rev := range []string{"HEAD", "@", "main", "HEAD~1"} {
			if _, err := r.Resolve(t.Context(), rev); !errors.Is(err, ErrNoCommits) {
				t.Errorf("Resolve(%q): %v, want ErrNoCommits", rev, err)
			}
		}
		if _, err := r.Resolve(t.Context(), "nowhere"); errors.Is(err, ErrNoCommits) || errs.KindOf(err) != errs.Usage {
			t.Errorf("another name: %v", err)
		}
		if b, err := r.Branch(t.Context()); b != "main" || err != nil {
			t.Errorf("branch %q, %v", b, err)
		}
		idx, err := r.Index(t.Context())
		if err != nil || len(idx.Entries) != 1 {
			t.Errorf("index %v, %v", idx, err)
		}
		if list, err := r.Branches(t.Context()); len(list) != 0 || err != nil {
			t.Errorf("branches %v, %v", list, err)
		}
	})
}

func TestDetachedHead(t *testing.T) {
	g := history(t)
	g.run("checkout", "-q", "--detach", "side")
	want := g.run("rev-parse", "side")
	g.both(g.top, func(t *testing.T, r *Repo) {
		c, err := r.Head(t.Context())
		if err != nil || string(c.Hash) != want {
			t.Errorf("Head = %v, %v", c.Hash, err)
		}
		if b, err := r.Branch(t.Context()); b != "" || err != nil {
			t.Errorf("branch %q, %v", b, err)
		}
	})
}

func TestCommitSaysWhatGitSays(t *testing.T) {
	g := history(t)
	g.both(g.top, func(t *testing.T, r *Repo) {
		c, err := r.Resolve(t.Context(), "HEAD~1")
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join([]string{
			string(c.Hash), string(c.Tree), string(c.Parents[0]) + " " + string(c.Parents[1]),
			c.Author, c.Email, c.Time.Format("2006-01-02T15:04:05-07:00"), c.Subject,
		}, "|")
		if want := g.run("log", "-1", "--format=%H|%T|%P|%an|%ae|%cI|%s", "HEAD~1"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if c, err := r.Head(t.Context()); err != nil || c.Subject != "fifth" {
			t.Errorf("subject %q, %v", c.Subject, err)
		}
	})
}

func TestListsOfNames(t *testing.T) {
	g := history(t)
	g.run("update-ref", "refs/heads/loose", "HEAD") // beside the packed ones
	g.run("update-ref", "refs/heads/side", "HEAD")  // over a packed one
	if err := os.WriteFile(filepath.Join(g.top, ".git", "refs", "heads", "broken"), []byte("nonsense\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	g.both(g.top, func(t *testing.T, r *Repo) {
		for what, test := range map[string]struct {
			list func() ([]string, error)
			want string
		}{
			"branches": {func() ([]string, error) { return r.Branches(t.Context()) }, "both deadbeef feature/one loose main side"},
			"tags":     {func() ([]string, error) { return r.Tags(t.Context()) }, "both light nested v1.0"},
			"remotes":  {func() ([]string, error) { return r.RemoteBranches(t.Context()) }, "origin/main"},
		} {
			got, err := test.list()
			if err != nil || strings.Join(got, " ") != test.want {
				t.Errorf("%s: %q, %v; want %q", what, got, err, test.want)
			}
		}
		refs, err := r.Refs(t.Context(), "refs/heads/si")
		if err != nil || len(refs) != 1 || string(refs[0].Hash) != g.run("rev-parse", "HEAD") {
			t.Errorf("refs %v, %v", refs, err)
		}
	})
}
