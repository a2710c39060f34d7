package vcs

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/proc"
)

// A testRepo is a repository that the git program makes, with nothing of the
// machine's configuration.
type testRepo struct {
	t    testing.TB
	git  string
	top  string
	home string
	tick int
}

// newTestRepo returns a path for a repository; init makes it one.
func newTestRepo(t testing.TB) *testRepo {
	t.Helper()
	git, err := proc.Find("git")
	if err != nil {
		t.Skip("no git program to make repositories with")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := &testRepo{t: t, git: git, top: filepath.Join(dir, "repo"), home: filepath.Join(dir, "home")}
	g.mkdir(g.top)
	g.mkdir(g.home)
	return g
}

func (g *testRepo) mkdir(dir string) {
	g.t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		g.t.Fatal(err)
	}
}

func (g *testRepo) init(args ...string) *testRepo {
	g.t.Helper()
	g.run(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return g
}

func (g *testRepo) env() []string {
	g.tick++
	date := "2026-01-02T03:04:" + string(rune('0'+g.tick/10%6)) + string(rune('0'+g.tick%10)) + " +0130"
	return []string{
		"HOME=" + g.home, "XDG_CONFIG_HOME", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Ben", "GIT_COMMITTER_EMAIL=ben@example.org", "GIT_COMMITTER_DATE=" + date,
	}
}

// run runs git at the top and returns what it prints, without the last line
// end.
func (g *testRepo) run(args ...string) string {
	g.t.Helper()
	return g.in(g.top, args...)
}

func (g *testRepo) in(dir string, args ...string) string {
	g.t.Helper()
	out, err := g.try(dir, args...)
	if err != nil {
		g.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (g *testRepo) try(dir string, args ...string) (string, error) {
	out, err := proc.Output(g.t.Context(), proc.Cmd{Path: g.git, Args: args, Dir: dir, Env: g.env()})
	return strings.TrimSuffix(string(out), "\n"), err
}

// stdin is run with input.
func (g *testRepo) stdin(input string, args ...string) string {
	g.t.Helper()
	out, err := proc.Output(g.t.Context(), proc.Cmd{Path: g.git, Args: args, Dir: g.top, Env: g.env(), Stdin: bytes.NewReader([]byte(input))})
	if err != nil {
		g.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (g *testRepo) write(name, content string) {
	g.t.Helper()
	file := filepath.Join(g.top, filepath.FromSlash(name))
	g.mkdir(filepath.Dir(file))
	if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
		g.t.Fatal(err)
	}
}

// commit adds everything and commits it.
func (g *testRepo) commit(message string) string {
	g.t.Helper()
	g.run("add", "-A")
	g.run("commit", "-q", "--allow-empty", "-m", message)
	return g.run("rev-parse", "HEAD")
}

// ways are the two ways into a repository.
var ways = []string{"go-git", "program"}

// open opens dir by one way only.
func (g *testRepo) open(t *testing.T, way, dir string) *Repo {
	t.Helper()
	o := Options{Git: g.git, Getenv: g.getenv}
	if way == "go-git" {
		o.Git = ""
	}
	r, err := Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if r.program != nil {
		r.program.env = append(r.program.env, g.env()...)
	}
	if way == "program" {
		r.native = nil
	}
	return r
}

// getenv answers with the configuration of the test alone.
func (g *testRepo) getenv(name string) string {
	switch name {
	case "HOME":
		return g.home
	case "GIT_CONFIG_NOSYSTEM":
		return "1"
	}
	return ""
}

// both runs f on the repository at dir by either way.
func (g *testRepo) both(dir string, f func(t *testing.T, r *Repo)) {
	g.t.Helper()
	for _, way := range ways {
		g.t.(*testing.T).Run(way, func(t *testing.T) { f(t, g.open(t, way, dir)) })
	}
}
