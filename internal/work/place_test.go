package work

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
)

// added returns a project that tracks the given files below data.
func added(t *testing.T, files map[string]string) (*Project, string) {
	t.Helper()
	p, dir := newProject(t)
	for name, content := range files {
		write(t, filepath.Join(dir, "data", name), content)
	}
	add(t, p, dir+"/data")
	return p, dir
}

func add(t *testing.T, p *Project, paths ...string) AddResult {
	t.Helper()
	r, err := p.Add(t.Context(), AddOptions{Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func checkout(t *testing.T, p *Project, opt PlaceOptions, targets ...string) (Changes, error) {
	t.Helper()
	return p.Checkout(t.Context(), CheckoutOptions{Targets: targets, PlaceOptions: opt})
}

func TestCheckoutRefusesToLoseAnEdit(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one", "b": "two"})
	write(t, dir+"/data/a", "edited")
	_, err := checkout(t, p, PlaceOptions{})
	if errs.KindOf(err) != errs.Conflict || !strings.Contains(err.Error(), "data/a") {
		t.Fatalf("error %v, want a conflict that names data/a", err)
	}
	if got := read(t, dir+"/data/a"); got != "edited" {
		t.Errorf("the edit became %q", got)
	}
	done, err := checkout(t, p, PlaceOptions{Force: true})
	if err != nil || len(done.Modified) != 1 || read(t, dir+"/data/a") != "one" {
		t.Errorf("with force: %+v, %v, %q", done, err, read(t, dir+"/data/a"))
	}
}

func TestCheckoutRefusesToLoseANewFileInADirectory(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one"})
	write(t, dir+"/data/new", "precious")
	if _, err := checkout(t, p, PlaceOptions{}); errs.KindOf(err) != errs.Conflict {
		t.Fatalf("error %v, want a conflict", err)
	}
	if got := read(t, dir+"/data/new"); got != "precious" {
		t.Errorf("the new file holds %q", got)
	}
}

func TestCheckoutLeavesUnchangedFilesAlone(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one", "b": "two", "c/d": "three"})
	before, err := os.Stat(dir + "/data/b")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir + "/data/c/d"); err != nil {
		t.Fatal(err)
	}
	done, err := checkout(t, p, PlaceOptions{})
	if err != nil || len(done.Added) != 1 || done.Added[0] != "data/c/d" {
		t.Fatalf("%+v, %v", done, err)
	}
	after, err := os.Stat(dir + "/data/b")
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("an unchanged file was replaced (%v)", err)
	}
}

func TestCheckoutTurnsFilesIntoFoldersAndBack(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "file", "b/c": "in folder"})
	first := read(t, dir+"/data.mlv")
	if err := errsOf(os.Remove(dir+"/data/a"), os.RemoveAll(dir+"/data/b")); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/data/a/x", "folder now")
	write(t, dir+"/data/b", "file now")
	add(t, p, dir+"/data")
	write(t, dir+"/data.mlv", first)
	q := openProject(t, dir)
	if _, err := checkout(t, q, PlaceOptions{}); err != nil {
		t.Fatal(err)
	}
	if read(t, dir+"/data/a") != "file" || read(t, dir+"/data/b/c") != "in folder" {
		t.Error("the first version was not restored")
	}
}

func errsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestCheckoutRestoresAllButWhatIsMissing(t *testing.T) {
	large := strings.Repeat("x", 100<<10)
	p, dir := added(t, map[string]string{"a": "one", "large": large})
	if err := os.RemoveAll(dir + "/data"); err != nil {
		t.Fatal(err)
	}
	gone := 0
	err := filepath.WalkDir(dir+"/.mlv/cache/files", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		gone++
		return os.Remove(name)
	})
	if err != nil || gone != 1 {
		t.Fatalf("removed %d objects: %v", gone, err)
	}
	q := openProject(t, dir)
	_, err = checkout(t, q, PlaceOptions{})
	if errs.KindOf(err) != errs.Missing || !strings.Contains(err.Error(), "data/large") {
		t.Fatalf("error %v, want data/large to be missing", err)
	}
	if read(t, dir+"/data/a") != "one" {
		t.Error("the rest was not restored")
	}
	if _, err := checkout(t, q, PlaceOptions{AllowMissing: true}); err != nil {
		t.Errorf("with allow-missing: %v", err)
	}
	_ = p
}

func TestCheckoutRemovesWhatIsTrackedNoMore(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one"})
	write(t, dir+"/edited", "1")
	add(t, p, dir+"/edited")
	write(t, dir+"/edited", "changed since")
	if err := errsOf(os.Remove(dir+"/data.mlv"), os.Remove(dir+"/edited.mlv")); err != nil {
		t.Fatal(err)
	}
	q := openProject(t, dir)
	done, err := checkout(t, q, PlaceOptions{})
	if err != nil || len(done.Deleted) != 1 || done.Deleted[0] != "data" {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := os.Stat(dir + "/data"); err == nil {
		t.Error("data is still there")
	}
	if read(t, dir+"/edited") != "changed since" {
		t.Error("an edit was lost")
	}
}

func TestStatusFindsAnEditThatKeepsSizeAndTime(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one", "b": "two"})
	st, err := os.Stat(dir + "/data/a")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/data/a", "eno")
	if err := os.Chtimes(dir+"/data/a", st.ModTime(), st.ModTime()); err != nil {
		t.Fatal(err)
	}
	s, err := p.Select(nil, SelectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Compare(t.Context(), s[0])
	if err != nil || len(d.Modified) != 1 || d.Modified[0] != "data/a" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestAddInsideATrackedDirectoryUpdatesItsPointer(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one", "sub/b": "two"})
	write(t, dir+"/data/sub/c", "three")
	write(t, dir+"/data/a", "changed, but not named")
	r := add(t, p, dir+"/data/sub/c")
	if len(r.Added) != 1 || r.Added[0].Path != "data" || r.Added[0].Files != 3 {
		t.Fatalf("%+v", r)
	}
	if _, err := os.Stat(dir + "/data/sub/c.mlv"); err == nil {
		t.Error("the file got a pointer of its own")
	}
	e, err := p.find(t.Context(), &Revision{Spec: p.Spec}, "data/a")
	if err != nil || e.Size != 3 {
		t.Errorf("data/a is %+v (%v), want it as it was added first", e, err)
	}
}

func TestAddLeavesOutWhatMlvignoreNames(t *testing.T) {
	p, dir := newProject(t)
	write(t, dir+"/.mlvignore", "*.tmp\n")
	write(t, dir+"/data/a", "1")
	write(t, dir+"/data/b.tmp", "2")
	write(t, dir+"/data/sub/.mlvignore", "/x\n")
	write(t, dir+"/data/sub/x", "3")
	write(t, dir+"/data/sub/deep/x", "4")
	r := add(t, p, dir+"/data")
	if r.Added[0].Files != 3 { // a, sub/.mlvignore, sub/deep/x
		t.Errorf("%d files are tracked", r.Added[0].Files)
	}
	write(t, dir+"/.mlvignore", "")
	if r := add(t, p, dir+"/data"); r.Added[0].Files != 4 {
		t.Errorf("%d files are tracked without the rule", r.Added[0].Files)
	}
}

func TestAddAgainTouchesNothing(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one"})
	before, err := os.Stat(dir + "/data.mlv")
	if err != nil {
		t.Fatal(err)
	}
	if r := add(t, p, dir+"/data"); r.Added[0].Change != "unchanged" || len(r.Stage) != 0 {
		t.Errorf("%+v", r)
	}
	after, err := os.Stat(dir + "/data.mlv")
	if err != nil || !after.ModTime().Equal(before.ModTime()) || !os.SameFile(before, after) {
		t.Errorf("the pointer was written again (%v)", err)
	}
}

func TestNothingOfARepositoryReachesTheUsersSettings(t *testing.T) {
	p, dir := newProject(t)
	write(t, dir+"/data/.mlv/config.yaml", "remotes: {}\n")
	if _, err := p.Add(t.Context(), AddOptions{Paths: []string{dir + "/data"}}); errs.KindOf(err) != errs.Usage {
		t.Errorf("adding a folder with .mlv in it: %v", err)
	}
	write(t, dir+"/x.mlv", "version: 1\npath: .MLV\ntype: file\nhash: blake3:"+strings.Repeat("1", 64)+"\nsize: 1\n")
	q := openProject(t, dir)
	if len(q.Spec.Pointers) != 0 || len(q.Spec.Problems) != 1 {
		t.Errorf("pointers %v, problems %v", q.Spec.Pointers, q.Spec.Problems)
	}
}

func TestCheckoutOfADirectoryWhoseTreeIsMissingPlacesNothing(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one"})
	if err := errsOf(os.RemoveAll(dir+"/data"), os.RemoveAll(dir+"/.mlv/cache")); err != nil {
		t.Fatal(err)
	}
	_ = p
	q := openProject(t, dir)
	done, err := checkout(t, q, PlaceOptions{})
	if errs.KindOf(err) != errs.Missing || len(done.Added) != 0 || strings.Contains(err.Error(), "data: data") {
		t.Errorf("%+v, %v", done, err)
	}
	if done, err = checkout(t, q, PlaceOptions{AllowMissing: true}); err != nil || len(done.Added) != 0 {
		t.Errorf("with allow-missing: %+v, %v", done, err)
	}
}

func TestCheckoutClearsWhatAKilledOneBuilt(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one"})
	if err := os.RemoveAll(dir + "/data"); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/.mlv/tmp/"+object.Sum([]byte("data")).String()[:32]+"/half", "built")
	if _, err := checkout(t, p, PlaceOptions{}); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir + "/data")
	if err != nil || len(names) != 1 || names[0].Name() != "a" {
		t.Errorf("data holds %v (%v), want a alone", names, err)
	}
	if left, err := os.ReadDir(dir + "/.mlv/tmp"); err != nil || len(left) != 0 {
		t.Errorf("left in tmp: %v (%v)", left, err)
	}
}

func TestCheckoutRemovesTheTemporaryFilesOfAKilledOne(t *testing.T) {
	p, dir := added(t, map[string]string{"a": "one", "s/b": "two"})
	for range 2 { // beside a file that is missing, and with nothing to place
		write(t, dir+"/data/s/.mlv-tmp-abc", "half")
		if _, err := checkout(t, p, PlaceOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir + "/data/s/.mlv-tmp-abc"); !os.IsNotExist(err) {
			t.Errorf("the temporary file is still there (%v)", err)
		}
		if err := os.Remove(dir + "/data/a"); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}
