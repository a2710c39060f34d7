package vcs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// shapes makes a repository with every kind of thing a tree can hold.
func shapes(t *testing.T) *testRepo {
	g := newTestRepo(t).init()
	g.write("a.txt", "a\n")
	g.write("empty", "")
	g.write("run.sh", "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(g.top, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	g.write("dir/sub/deep.txt", "deep\n")
	g.write("dir/b.txt", "b\n")
	g.write("dir-x/c.txt", "c\n") // sorts before dir/ as a path, after dir as a name
	g.write("dir.mlv", "pointer\n")
	g.write("crlf.txt", "one\r\ntwo\r\n")
	g.write("日本 語.txt", "name\n")
	for link, target := range map[string]string{
		"link": "a.txt", "dirlink": "dir", "dir/up": "../a.txt", "out": "../elsewhere", "abs": "/etc/passwd",
		"loop": "loop", "gone": "nothing", "chain": "dirlink/up",
	} {
		if err := os.Symlink(target, filepath.Join(g.top, filepath.FromSlash(link))); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	g.run("add", "-A")
	blob := g.stdin("odd\n", "hash-object", "-w", "--stdin")
	g.stdin("100644 "+blob+"\tb\xff\x01\n.txt\x00", "update-index", "-z", "--index-info")
	g.run("update-index", "--add", "--cacheinfo", "160000,0123456789012345678901234567890123456789,module")
	g.run("commit", "-q", "-m", "shapes")
	return g
}

// listing describes everything a FS holds, links not followed.
func listing(t *testing.T, fsys fs.FS) string {
	t.Helper()
	var b strings.Builder
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.WriteString(info.Mode().String() + " " + name)
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			target, err := fs.ReadLink(fsys, name)
			if err != nil {
				return err
			}
			b.WriteString(" -> " + target)
		case !d.IsDir():
			content, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			if int64(len(content)) != info.Size() {
				t.Errorf("%s: %d bytes, Size %d", name, len(content), info.Size())
			}
			b.WriteString(" " + strings.ReplaceAll(string(content), "\n", "$"))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const shapesListing = `drwxr-xr-x .
-rw-r--r-- a.txt a$
Lrwxrwxrwx abs -> /etc/passwd
-rw-r--r-- b` + "\xff\x01\n" + `.txt odd$
Lrwxrwxrwx chain -> dirlink/up
-rw-r--r-- crlf.txt one` + "\r$two\r$" + `
drwxr-xr-x dir
-rw-r--r-- dir/b.txt b$
drwxr-xr-x dir/sub
-rw-r--r-- dir/sub/deep.txt deep$
Lrwxrwxrwx dir/up -> ../a.txt
drwxr-xr-x dir-x
-rw-r--r-- dir-x/c.txt c$
-rw-r--r-- dir.mlv pointer$
Lrwxrwxrwx dirlink -> dir
-rw-r--r-- empty 
Lrwxrwxrwx gone -> nothing
Lrwxrwxrwx link -> a.txt
Lrwxrwxrwx loop -> loop
drwxr-xr-x module
Lrwxrwxrwx out -> ../elsewhere
-rwxr-xr-x run.sh #!/bin/sh$
-rw-r--r-- 日本 語.txt name$
`

func TestCommitAndIndexHoldTheSameFiles(t *testing.T) {
	g := shapes(t)
	g.write("a.txt", "changed since\n")
	g.both(g.top, func(t *testing.T, r *Repo) {
		for _, rev := range []string{"HEAD", ":", "main"} {
			fsys, err := r.FS(t.Context(), rev)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(shapesListing, listing(t, fsys)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", rev, diff)
			}
		}
	})
}

func TestFSFollowsLinksThatStayInside(t *testing.T) {
	g := shapes(t)
	g.both(g.top, func(t *testing.T, r *Repo) {
		for _, rev := range []string{"HEAD", ":"} {
			fsys, err := r.FS(t.Context(), rev)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{
				"link": "a\n", "dirlink/b.txt": "b\n", "dirlink/sub/deep.txt": "deep\n", "dir/up": "a\n", "chain": "a\n",
			} {
				if b, err := fs.ReadFile(fsys, name); string(b) != want || err != nil {
					t.Errorf("%s: %s is %q, %v", rev, name, b, err)
				}
			}
			for _, name := range []string{"out", "abs", "loop"} {
				if b, err := fs.ReadFile(fsys, name); err == nil {
					t.Errorf("%s: %s is %q", rev, name, b)
				}
			}
			for _, name := range []string{"gone", "nothing", "a.txt/x", "dir/nothing", "module/x", "dirlink/nothing/x"} {
				if _, err := fs.ReadFile(fsys, name); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %s: %v, want fs.ErrNotExist", rev, name, err)
				}
			}
			for _, name := range []string{"", "/a.txt", "../a.txt", "dir/../a.txt", "./a.txt", "dir/"} {
				if _, err := fs.ReadFile(fsys, name); !errors.Is(err, fs.ErrInvalid) {
					t.Errorf("%s: %q: %v, want fs.ErrInvalid", rev, name, err)
				}
			}
			if _, err := fs.ReadFile(fsys, "dir"); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("reading a folder: %v", err)
			}
		}
	})
}

func TestFSKeepsTheRulesOfFS(t *testing.T) {
	g := newTestRepo(t).init()
	g.write("a.txt", "a\n")
	g.write("dir/sub/deep.txt", "deep\n")
	g.write("dir-x/c.txt", "c\n")
	g.commit("plain")
	g.both(g.top, func(t *testing.T, r *Repo) {
		for _, rev := range []string{"HEAD", ":", ""} {
			fsys, err := r.FS(t.Context(), rev)
			if err != nil {
				t.Fatal(err)
			}
			if rev == "" { // git's own folder would be walked, too
				if fsys, err = fs.Sub(fsys, "dir"); err != nil {
					t.Fatal(err)
				}
				if err := fstest.TestFS(fsys, "sub/deep.txt"); err != nil {
					t.Error(err)
				}
				continue
			}
			if err := fstest.TestFS(fsys, "a.txt", "dir/sub/deep.txt", "dir-x/c.txt"); err != nil {
				t.Errorf("%s: %v", rev, err)
			}
		}
	})
}

func TestWorkingTreeFollowsNoLinkOut(t *testing.T) {
	g := shapes(t)
	r := g.open(t, "go-git", g.top)
	fsys, err := r.FS(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(fsys, "link"); string(b) != "a\n" || err != nil {
		t.Errorf("link: %q, %v", b, err)
	}
	for _, name := range []string{"out", "abs"} {
		if b, err := fs.ReadFile(fsys, name); err == nil {
			t.Errorf("%s led to %q", name, b)
		}
	}
	given := fstest.MapFS{"x": {}}
	r.options.WorkTree = given
	if fsys, err := r.FS(t.Context(), ""); err != nil || !cmp.Equal(fsys, fs.FS(given)) {
		t.Errorf("the FS of Options is not used: %v, %v", fsys, err)
	}
}

func TestIndexOfAMergeInConflict(t *testing.T) {
	g := newTestRepo(t).init()
	g.write("a.txt", "base\n")
	g.write("b.txt", "b\n")
	g.commit("base")
	g.run("checkout", "-q", "-b", "side")
	g.write("a.txt", "theirs\n")
	g.commit("theirs")
	g.run("checkout", "-q", "main")
	g.write("a.txt", "ours\n")
	g.commit("ours")
	if out, err := g.try(g.top, "merge", "-q", "side"); err == nil {
		t.Fatalf("no conflict: %s", out)
	}
	g.both(g.top, func(t *testing.T, r *Repo) {
		idx, err := r.Index(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range idx.Under("a.txt") {
			o, err := r.object(t.Context(), e.Hash)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.TrimSpace(string(o.content)))
		}
		if !slices.Equal(got, []string{"base", "ours", "theirs"}) {
			t.Errorf("versions %q", got)
		}
		if _, ok := idx.Find("a.txt"); ok {
			t.Error("a path in conflict was found")
		}
		if _, ok := idx.Find("b.txt"); !ok {
			t.Error("b.txt was not found")
		}
		fsys, err := r.FS(t.Context(), ":")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fs.Stat(fsys, "a.txt"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a path in conflict is in the FS: %v", err)
		}
	})
}

func TestIndexFormats(t *testing.T) {
	for _, version := range []string{"2", "3", "4"} {
		t.Run("version "+version, func(t *testing.T) {
			g := shapes(t)
			g.run("update-index", "--index-version", version)
			if version == "3" { // needs an extended flag to be one
				g.write("later.txt", "later\n")
				g.run("add", "--intent-to-add", "later.txt")
			}
			g.both(g.top, func(t *testing.T, r *Repo) {
				idx, err := r.Index(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var b strings.Builder
				for _, e := range idx.Entries {
					b.WriteString(e.Path + "\x00")
				}
				if want := g.run("ls-files", "-z"); b.String() != want {
					t.Errorf("got  %q\nwant %q", b.String(), want)
				}
				e, _ := idx.Find("run.sh")
				m, _ := idx.Find("module")
				l, _ := idx.Find("link")
				if !e.Exec || !m.Module() || !l.Link || l.Exec {
					t.Errorf("kinds: %+v %+v %+v", e, m, l)
				}
			})
		})
	}
}

func TestSplitIndexNeedsGit(t *testing.T) {
	g := shapes(t)
	g.run("update-index", "--split-index")
	g.write("new.txt", "new\n")
	g.run("add", "new.txt")
	want := g.run("ls-files", "-z")
	r, err := Open(t.Context(), g.top, Options{Git: g.git})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	idx, err := r.Index(t.Context())
	if err != nil || len(idx.Entries) != strings.Count(want, "\x00") {
		t.Errorf("%v, %v", idx, err)
	}
	if _, err := g.open(t, "go-git", g.top).Index(t.Context()); !errors.Is(err, ErrNoGit) {
		t.Errorf("without git: %v, want ErrNoGit", err)
	}
}

func TestTrackedFindsFilesAndFolders(t *testing.T) {
	g := shapes(t)
	g.write("new.txt", "new\n")
	g.both(g.top, func(t *testing.T, r *Repo) {
		got, err := r.Tracked(t.Context(), "a.txt", "new.txt", "dir", "dir/sub", "di", "dir/b", "dir-x", "dir/sub/deep.txt", "module", "link")
		want := []string{"a.txt", "dir", "dir/sub", "dir-x", "dir/sub/deep.txt", "module", "link"}
		var names []string
		for _, p := range got {
			names = append(names, string(p))
		}
		if err != nil || !slices.Equal(names, want) {
			t.Errorf("got %q, %v; want %q", names, err, want)
		}
	})
}

func TestTreeThatLeadsElsewhereIsRefused(t *testing.T) {
	for _, name := range []string{"..", ".", "a/b"} {
		text := "100644 " + name + "\x00" + strings.Repeat("x", 20)
		if list, err := parseTree([]byte(text), 20); err == nil {
			t.Errorf("%q: %v", name, list)
		}
	}
}
