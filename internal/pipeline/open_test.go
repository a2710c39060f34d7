package pipeline

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/mlv-dev/mlv/internal/proc"
	"github.com/mlv-dev/mlv/internal/work"
)

// real runs repro in the world's folder with mlv's own working tree and cache.
func (w *world) real(outcomes string, opt ReproOptions) ReproResult {
	w.t.Helper()
	git, _ := proc.Find("git")
	p, err := work.Open(w.t.Context(), work.Options{Dir: w.dir, Git: git})
	if err != nil {
		w.t.Fatal(err)
	}
	defer p.Close()
	pl, err := Open(p, "ana")
	if err != nil {
		w.t.Fatal(err)
	}
	defer pl.Close()
	w.out.Reset()
	opt.Output = &w.out
	r, err := pl.Repro(w.t.Context(), opt)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.out.String())
	}
	w.compare(r, outcomes)
	return r
}

// git runs the git program in the world's folder.
func (w *world) runGit(args ...string) {
	w.t.Helper()
	c := exec.Command("git", args...)
	c.Dir = w.dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=", "GIT_CONFIG_SYSTEM=")
	if out, err := c.CombinedOutput(); err != nil {
		w.t.Fatalf("git %s: %v\n%s", args, err, out)
	}
}

func TestReproInARealProject(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	w := newWorld(t, map[string]string{
		"mlv.yaml": `version: 1
project: p1
stages:
  split:
    cmd: sh split.sh
    deps: [split.sh, raw.csv]
    outs: [data]
  train:
    cmd: sh train.sh
    deps: [data/train, src]
    outs: [model.bin, {history.txt: {persist: true}}]
    metrics: [{m.json: {cache: false}}]
`,
		"split.sh": "mkdir -p data/train data/test\ncp raw.csv data/train/x\necho t > data/test/x\n",
		"train.sh": "cat data/train/x src/a.py > model.bin\nhead -c 300000 /dev/zero >> model.bin\n" +
			"echo 1 >> history.txt\necho '{\"auc\": 1}' > m.json\n",
		"raw.csv": "1\n", "src/a.py": "a\r\n", "src/big.bin": strings.Repeat("0123456789", 20_000),
		".gitattributes": "*.py text\n", ".gitignore": "/.mlv/\n",
	})
	w.runGit("init", "-q")
	w.runGit("add", ".")
	r := w.real("split: ran, train: ran", ReproOptions{})
	if want := []string{".gitignore", "mlv.lock"}; !slices.Equal(slices.Compact(slices.Sorted(slices.Values(r.Stage))), want) {
		t.Errorf("to be added: %q, want %q", r.Stage, want)
	}
	if got := w.read(".gitignore"); got != "/.mlv/\n/data\n/model.bin\n/history.txt\n" {
		t.Errorf(".gitignore is %q", got)
	}
	w.real("split: unchanged, train: unchanged", ReproOptions{})

	// What git stores counts, not what stands in the working tree.
	w.write("src/a.py", "a\n")
	w.real("split: unchanged, train: unchanged", ReproOptions{})

	// Outs come back out of the cache, and a known run isn't repeated.
	lock := w.read("mlv.lock")
	w.remove("data")
	w.remove("m.json")
	w.real("split: checked out, train: checked out", ReproOptions{})
	w.write("raw.csv", "2\n")
	w.real("split: ran, train: ran", ReproOptions{})
	w.write("raw.csv", "1\n")
	w.real("split: cached, train: ran", ReproOptions{}) // history.txt persists
	if got := w.read("history.txt"); got != "1\n1\n1\n" {
		t.Errorf("history.txt is %q", got)
	}
	if got := w.read("mlv.lock"); !bytes.Contains([]byte(lock), []byte(got[:strings.Index(got, "train:")])) {
		t.Errorf("split's entry isn't what it was:\n%s", got)
	}
	w.clean()
}
