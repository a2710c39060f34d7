package work

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// newProject returns a project without git in a new folder.
func newProject(t *testing.T) (*Project, string) {
	t.Helper()
	dir := t.TempDir()
	if _, err := Init(t.Context(), InitOptions{Options: Options{Dir: dir}, NoGit: true}); err != nil {
		t.Fatal(err)
	}
	return openProject(t, dir), dir
}

func openProject(t *testing.T, dir string) *Project {
	t.Helper()
	p, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAddThenCheckoutRestoresAFolder(t *testing.T) {
	p, dir := newProject(t)
	for i := range 2000 {
		write(t, fmt.Sprintf("%s/data/%d/f%d.txt", dir, i%7, i), fmt.Sprint("content ", i))
	}
	write(t, dir+"/data/a", "a")
	write(t, dir+"/data/a-b", "a-b")
	if err := os.MkdirAll(dir+"/data/a.d", 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := p.Add(t.Context(), AddOptions{Paths: []string{dir + "/data"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", got)
	if err := os.RemoveAll(dir + "/data"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Checkout(t.Context(), CheckoutOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir+"/data/3/f3.txt"); got != "content 3" {
		t.Errorf("restored %q", got)
	}
	s, _ := p.Select(nil, SelectOptions{})
	d, err := p.Compare(t.Context(), s[0])
	if err != nil || !d.Same() {
		t.Errorf("after checkout: %+v, %v", d, err)
	}
}
