package vcs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
)

// reads checks that r answers with what stands in a repository of simple.
func reads(t *testing.T, r *Repo) {
	t.Helper()
	fsys, err := r.FS(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(fsys, "dir/b.txt"); string(b) != "b\n" || err != nil {
		t.Errorf("dir/b.txt is %q, %v", b, err)
	}
	if list, err := r.Branches(t.Context()); !slices.Contains(list, "main") || err != nil {
		t.Errorf("branches %q, %v", list, err)
	}
	if c, err := r.Head(t.Context()); err != nil || c.Subject == "" {
		t.Errorf("Head: %v, %v", c, err)
	}
}

func simple(t *testing.T, initArgs ...string) *testRepo {
	g := newTestRepo(t).init(initArgs...)
	g.write("a.txt", "a\n")
	g.commit("first")
	g.write("dir/b.txt", "b\n")
	g.commit("second")
	return g
}

func TestNoRepository(t *testing.T) {
	g := newTestRepo(t)
	dir := t.TempDir()
	ceiling := func(name string) string {
		if name == "GIT_CEILING_DIRECTORIES" {
			return filepath.Dir(dir)
		}
		return ""
	}
	if r, err := Open(t.Context(), dir, Options{Git: g.git, Getenv: ceiling}); !errors.Is(err, ErrNoRepo) || errs.KindOf(err) != errs.Usage {
		t.Errorf("%v, %v", r, err)
	}
	// A folder that is only called .git is passed over.
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	if r, err := Open(t.Context(), dir, Options{Getenv: ceiling}); !errors.Is(err, ErrNoRepo) {
		t.Errorf("%v, %v", r, err)
	}
	// A file that leads nowhere is not.
	file := filepath.Join(t.TempDir(), ".git")
	if err := os.WriteFile(file, []byte("gitdir: nowhere\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if r, err := Open(t.Context(), filepath.Dir(file), Options{}); err == nil || errors.Is(err, ErrNoRepo) {
		t.Errorf("%v, %v", r, err)
	}
}

func TestOpenBelowTheTop(t *testing.T) {
	g := simple(t)
	g.both(filepath.Join(g.top, "dir"), func(t *testing.T, r *Repo) {
		if r.Top() != g.top || r.Prefix() != "dir" || r.GitDir() != filepath.Join(g.top, ".git") || r.MainTop() != g.top || r.Linked() {
			t.Errorf("top %s, prefix %s, git %s, main %s", r.Top(), r.Prefix(), r.GitDir(), r.MainTop())
		}
		reads(t, r)
	})
}

func TestOpenStartsNoProgram(t *testing.T) {
	g := simple(t)
	r, err := Open(t.Context(), g.top, Options{Git: "/nowhere/git"}) // starting it would fail
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	reads(t, r)
	if _, err := r.Tracked(t.Context(), "a.txt"); err != nil {
		t.Error(err)
	}
	if _, err := r.Blob(t.Context(), "a.txt"); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestLinkedWorktree(t *testing.T) {
	g := simple(t)
	linked := filepath.Join(filepath.Dir(g.top), "linked")
	g.run("worktree", "add", "-q", "-b", "topic", linked)
	g.write("../linked/c.txt", "c\n")
	g.in(linked, "add", "c.txt")
	g.in(linked, "commit", "-q", "-m", "in the linked one")
	g.in(linked, "update-ref", "refs/worktree/own", "HEAD~1")
	g.run("pack-refs", "--all")
	g.both(linked, func(t *testing.T, r *Repo) {
		reads(t, r)
		if r.Top() != linked || r.MainTop() != g.top || r.CommonDir() != filepath.Join(g.top, ".git") || !r.Linked() {
			t.Errorf("top %s, main %s, common %s", r.Top(), r.MainTop(), r.CommonDir())
		}
		if c, err := r.Head(t.Context()); c.Subject != "in the linked one" || err != nil {
			t.Errorf("Head: %v, %v", c, err)
		}
		if c, err := r.Resolve(t.Context(), "refs/worktree/own"); c.Subject != "second" || err != nil {
			t.Errorf("a reference of its own: %v, %v", c, err)
		}
		if b, err := r.Branch(t.Context()); b != "topic" || err != nil {
			t.Errorf("branch %q, %v", b, err)
		}
		if got, err := r.Tracked(t.Context(), "c.txt"); len(got) != 1 || err != nil {
			t.Errorf("its index: %v, %v", got, err)
		}
	})
	// Another one's HEAD is a name that only git reads.
	r, err := Open(t.Context(), g.top, Options{Git: g.git})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if c, err := r.Resolve(t.Context(), "worktrees/linked/HEAD"); c.Subject != "in the linked one" || err != nil {
		t.Errorf("worktrees/linked/HEAD: %v, %v", c, err)
	}
}

func TestBareRepository(t *testing.T) {
	g := simple(t)
	bare := filepath.Join(filepath.Dir(g.top), "bare.git")
	g.run("clone", "-q", "--bare", g.top, bare)
	g.both(bare, func(t *testing.T, r *Repo) {
		reads(t, r)
		if r.Top() != "" || r.MainTop() != "" {
			t.Errorf("top %q, main %q", r.Top(), r.MainTop())
		}
		if _, err := r.FS(t.Context(), ""); errs.KindOf(err) != errs.Usage {
			t.Errorf("working tree of a bare repository: %v", err)
		}
	})
	linked := filepath.Join(filepath.Dir(g.top), "of-bare")
	g.in(bare, "worktree", "add", "-q", "-b", "topic", linked)
	g.both(linked, func(t *testing.T, r *Repo) {
		reads(t, r)
		if r.Top() != linked || r.MainTop() != "" {
			t.Errorf("top %q, main %q", r.Top(), r.MainTop())
		}
	})
}

func TestSubmodule(t *testing.T) {
	inner := simple(t)
	g := simple(t)
	g.run("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.top, "lib")
	g.commit("with a submodule")
	g.both(filepath.Join(g.top, "lib", "dir"), func(t *testing.T, r *Repo) {
		reads(t, r)
		if lib := filepath.Join(g.top, "lib"); r.Top() != lib || r.MainTop() != lib || r.Prefix() != "dir" {
			t.Errorf("top %q, main %q, prefix %q", r.Top(), r.MainTop(), r.Prefix())
		}
	})
}

func TestShallowClone(t *testing.T) {
	g := simple(t)
	clone := filepath.Join(filepath.Dir(g.top), "clone")
	g.run("clone", "-q", "--depth", "1", "file://"+g.top, clone)
	g.both(clone, func(t *testing.T, r *Repo) {
		reads(t, r)
		if s, err := r.Shallow(t.Context()); !s || err != nil {
			t.Errorf("shallow %v, %v", s, err)
		}
		if got := subjects(t, r, "HEAD", LogOptions{}); !slices.Equal(got, []string{"second"}) {
			t.Errorf("log %q", got)
		}
		_, err := r.Resolve(t.Context(), "HEAD~1")
		if errs.KindOf(err) != errs.Missing || !slices.Equal(errs.Hints(err), []string{"run 'git fetch --unshallow'"}) {
			t.Errorf("HEAD~1: %v, hints %q", err, errs.Hints(err))
		}
	})
	if s, err := g.open(t, "go-git", g.top).Shallow(t.Context()); s || err != nil {
		t.Errorf("the whole repository is shallow: %v, %v", s, err)
	}
}

func TestSharedClone(t *testing.T) {
	g := simple(t)
	dir := filepath.Dir(g.top)
	g.run("clone", "-q", "--shared", g.top, filepath.Join(dir, "one"))
	g.run("clone", "-q", "--shared", filepath.Join(dir, "one"), filepath.Join(dir, "two"))
	g.both(filepath.Join(dir, "two"), reads)
	// Relative to the folder of objects.
	alternates := filepath.Join(dir, "one", ".git", "objects", "info", "alternates")
	if err := os.WriteFile(alternates, []byte("../../../repo/.git/objects\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	g.both(filepath.Join(dir, "one"), reads)
}

func TestSparseCheckout(t *testing.T) {
	g := simple(t)
	g.write("other/c.txt", "c\n")
	g.commit("third")
	g.run("sparse-checkout", "set", "dir")
	g.both(g.top, func(t *testing.T, r *Repo) {
		reads(t, r)
		if got, err := r.Tracked(t.Context(), "other/c.txt"); len(got) != 1 || err != nil {
			t.Errorf("what is not checked out: %v, %v", got, err)
		}
	})
	g.run("sparse-checkout", "set", "--cone", "--sparse-index", "dir")
	r, err := Open(t.Context(), g.top, Options{Git: g.git})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	reads(t, r)
	if got, err := r.Tracked(t.Context(), "other/c.txt", "other"); len(got) != 2 || err != nil {
		t.Errorf("sparse index: %v, %v", got, err)
	}
	alone := g.open(t, "go-git", g.top)
	reads(t, alone)
	if _, err := alone.Tracked(t.Context(), "other"); !errors.Is(err, ErrNoGit) {
		t.Errorf("without git: %v, want ErrNoGit", err)
	}
}

func TestObjectFormatSHA256(t *testing.T) {
	g := newTestRepo(t)
	if out, err := g.try(g.top, "init", "-q", "-b", "main", "--object-format=sha256"); err != nil {
		t.Skipf("this git makes no such repository: %s %v", out, err)
	}
	g.write("a.txt", "a\n")
	g.write("dir/b.txt", "b\n")
	g.commit("first")
	g.run("tag", "-a", "-m", "tag", "v1")
	r, err := Open(t.Context(), g.top, Options{Git: g.git})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	reads(t, r)
	c, err := r.Resolve(t.Context(), "v1")
	if err != nil || string(c.Hash) != g.run("rev-parse", "HEAD") || len(c.Hash) != 64 {
		t.Errorf("%v, %v", c.Hash, err)
	}
	g.write("a.txt", "changed\n")
	b, err := r.Blob(t.Context(), "a.txt")
	if want := g.run("hash-object", "a.txt"); string(b.Hash) != want || err != nil {
		t.Errorf("Blob = %v, %v; want %s", b, err, want)
	}
	if _, err := Open(t.Context(), g.top, Options{}); !errors.Is(err, ErrNoGit) {
		t.Errorf("without git: %v, want ErrNoGit", err)
	}
}

func TestUnknownExtensionsNeedGit(t *testing.T) {
	for setting, ok := range map[string]bool{
		"extensions.refStorage=reftable": false, "extensions.futureThing=1": false,
		"extensions.refStorage=files": true, "extensions.worktreeConfig=true": true, "extensions.preciousObjects=true": true,
	} {
		g := simple(t)
		name, value, _ := cutLast(setting, "=")
		g.run("config", "core.repositoryFormatVersion", "1")
		g.run("config", name, value)
		_, err := Open(t.Context(), g.top, Options{})
		if ok != (err == nil) || !ok && !errors.Is(err, ErrNoGit) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func TestPartialCloneFetchesWhatItLacks(t *testing.T) {
	g := simple(t)
	g.run("config", "uploadpack.allowFilter", "true")
	g.run("config", "uploadpack.allowAnySHA1InWant", "true")
	clone := filepath.Join(filepath.Dir(g.top), "clone")
	g.run("clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+g.top, clone)
	alone := g.open(t, "go-git", clone)
	fsys, err := alone.FS(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(fsys, "dir/b.txt"); !errors.Is(err, ErrNoGit) {
		t.Errorf("without git: %q, %v; want ErrNoGit", b, err)
	}
	r, err := Open(t.Context(), clone, Options{Git: g.git})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	reads(t, r)
}

func TestEnvironmentNamesTheRepository(t *testing.T) {
	g, other := simple(t), newTestRepo(t).init()
	other.write("other.txt", "x")
	other.commit("other")
	env := map[string]string{"GIT_DIR": filepath.Join(g.top, ".git"), "GIT_WORK_TREE": g.top, "GIT_INDEX_FILE": filepath.Join(g.top, "tmp-index")}
	g.write("new.txt", "new\n")
	for name, value := range env {
		t.Setenv(name, value)
	}
	if _, err := g.try(g.top, "status"); err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string { return env[name] }
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			o := Options{Git: g.git, Getenv: getenv}
			r, err := Open(t.Context(), other.top, o)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if way == "program" {
				r.native = nil
			}
			reads(t, r)
			if err := r.Add(t.Context(), "new.txt"); err != nil {
				t.Fatal(err)
			}
			idx, err := r.Index(t.Context())
			if err != nil || len(idx.Entries) != 1 || idx.Entries[0].Path != "new.txt" {
				t.Errorf("index %+v, %v", idx, err)
			}

			// Opened without, the same variables mean nothing.
			r2, err := Open(t.Context(), other.top, Options{Git: g.git})
			if err != nil {
				t.Fatal(err)
			}
			defer r2.Close()
			if way == "program" {
				r2.native = nil
			}
			if c, err := r2.Head(t.Context()); c.Subject != "other" || err != nil {
				t.Errorf("another repository: %v, %v", c, err)
			}
			if got, err := r2.Tracked(t.Context(), "other.txt", "new.txt"); len(got) != 1 || err != nil {
				t.Errorf("its index: %v, %v", got, err)
			}
		})
	}
}

func TestGitsPackingIsNoticed(t *testing.T) {
	g := simple(t)
	r := g.open(t, "go-git", g.top)
	reads(t, r)
	g.write("dir/b.txt", "later\n")
	g.commit("third")
	g.run("gc", "-q", "--prune=now")
	fsys, err := r.FS(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(fsys, "dir/b.txt"); string(b) != "later\n" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func TestClosedContextEndsReading(t *testing.T) {
	g := simple(t)
	g.both(g.top, func(t *testing.T, r *Repo) {
		ctx, cancel := contextOf(t)
		fsys, err := r.FS(ctx, "HEAD")
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := fs.ReadFile(fsys, "a.txt"); !errors.Is(err, ctx.Err()) {
			t.Errorf("%v", err)
		}
	})
}

// Reading runs nothing that the repository could name, so it needs no trust;
// git itself asks for it.
func TestRepositoryOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	g := simple(t)
	err := filepath.WalkDir(g.top, func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, 12345, 12345))
	})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, g.open(t, "go-git", g.top))
	r := g.open(t, "program", g.top)
	if _, err := r.Head(t.Context()); errs.KindOf(err) != errs.Denied || len(errs.Hints(err)) == 0 {
		t.Errorf("Head: %v, hints %q", err, errs.Hints(err))
	}
	if _, err := r.object(t.Context(), Hash(strings.Repeat("1", 40))); errs.KindOf(err) != errs.Denied {
		t.Errorf("object: %v", err)
	}
	if err := r.Add(t.Context(), "a.txt"); errs.KindOf(err) != errs.Denied {
		t.Errorf("Add: %v", err)
	}
}
