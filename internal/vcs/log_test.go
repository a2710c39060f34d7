package vcs

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
)

func subjects(t *testing.T, r *Repo, from string, o LogOptions) []string {
	t.Helper()
	var list []string
	for c, err := range r.Log(t.Context(), from, o) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c.Subject)
	}
	return list
}

// outputs makes a history in which some commits change pointers.
func outputs(t *testing.T) *testRepo {
	g := newTestRepo(t).init()
	g.write("README", "1")
	g.commit("readme")
	g.write("data/a.mlv", "1")
	g.commit("pointer")
	g.write("README", "2")
	g.commit("readme again")
	g.run("checkout", "-q", "-b", "side")
	g.write("sub/mlv.lock", "1")
	g.commit("lock on the side")
	g.run("checkout", "-q", "main")
	g.write("README", "3")
	g.commit("readme on main")
	g.run("merge", "-q", "--no-ff", "-m", "merge that takes one side", "side")
	g.run("checkout", "-q", "-b", "other")
	g.write("data/b.mlv", "1")
	g.commit("new pointer")
	g.run("checkout", "-q", "main")
	g.write("data/a.mlv", "2")
	g.commit("changed pointer")
	g.run("merge", "-q", "--no-ff", "-m", "merge of two changes", "other")
	g.run("rm", "-q", "-r", "data")
	g.commit("folder deleted")
	g.run("commit", "-q", "--allow-empty", "-m", "empty")
	return g
}

func isOutput(name string) bool {
	return strings.HasSuffix(name, ".mlv") || path.Base(name) == "mlv.lock"
}

func TestLogFindsCommitsThatChangedOutputs(t *testing.T) {
	g := outputs(t)
	g.both(g.top, func(t *testing.T, r *Repo) {
		got := subjects(t, r, "HEAD", LogOptions{Match: isOutput})
		want := []string{"folder deleted", "merge of two changes", "changed pointer", "new pointer", "lock on the side", "pointer"}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		all := strings.Split(g.run("log", "--format=%s"), "\n")
		if got := subjects(t, r, "HEAD", LogOptions{}); !slices.Equal(got, all) {
			t.Errorf("got  %q\nwant %q", got, all)
		}
		if got := subjects(t, r, "HEAD", LogOptions{Limit: 3}); len(got) != 3 {
			t.Errorf("limit 3: %q", got)
		}
	})
}

// The caller takes what it wants; what lies below is not read.
func TestLogReadsNoFurtherThanItsCaller(t *testing.T) {
	g := newTestRepo(t).init()
	for i := range 40 {
		g.write("data.mlv", fmt.Sprint(i))
		g.write("src/deep/code.py", fmt.Sprint(i))
		g.commit(fmt.Sprint("commit ", i))
	}
	r := g.open(t, "go-git", g.top)
	n := 0
	for _, err := range r.Log(t.Context(), "HEAD", LogOptions{Match: isOutput}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 8 {
			break
		}
	}
	// A root a commit: that a pointer differs there is seen before src is read.
	if n != 8 || len(r.trees) > 9 {
		t.Errorf("%d commits, %d trees read", n, len(r.trees))
	}
}

func TestMergeBaseIsGits(t *testing.T) {
	g := outputs(t)
	// A criss-cross: two best ancestors.
	g.run("checkout", "-q", "-b", "left", "HEAD~3")
	g.commit("left 1")
	g.run("checkout", "-q", "-b", "right", "HEAD~1")
	g.commit("right 1")
	g.run("merge", "-q", "-m", "right takes left", "left")
	g.run("checkout", "-q", "left")
	g.run("merge", "-q", "-m", "left takes right", "right~1")
	g.run("checkout", "-q", "--orphan", "alone")
	g.commit("alone")
	revs := []string{"main", "side", "other", "main~2", "main~5", "side~1", "left", "right"}
	wants := map[[2]string][]string{}
	for i, a := range revs {
		for _, b := range revs[i:] {
			wants[[2]string{a, b}] = strings.Split(g.run("merge-base", "--all", a, b), "\n")
		}
	}
	g.both(g.top, func(t *testing.T, r *Repo) {
		for pair, want := range wants {
			for _, p := range [][2]string{pair, {pair[1], pair[0]}} {
				c, err := r.MergeBase(t.Context(), p[0], p[1])
				if err != nil || !slices.Contains(want, string(c.Hash)) {
					t.Errorf("%s: %v, %v; want one of %v", p, c.Hash, err, want)
				}
			}
		}
		if c, err := r.MergeBase(t.Context(), "main", "alone"); errs.KindOf(err) != errs.Usage {
			t.Errorf("without a common ancestor: %v, %v", c.Hash, err)
		}
	})
}

func TestLogOfNothing(t *testing.T) {
	g := newTestRepo(t).init()
	g.both(g.top, func(t *testing.T, r *Repo) {
		for _, err := range r.Log(t.Context(), "HEAD", LogOptions{}) {
			if err != ErrNoCommits { //nolint:errorlint // as it is
				t.Errorf("%v", err)
			}
		}
	})
}
