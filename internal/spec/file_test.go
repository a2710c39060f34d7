package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/value"
)

// vector returns a file of the shared vectors.
func vector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(vectors + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFileHoldsWhatItSays(t *testing.T) {
	f, problems := ParseFile(FileName, vector(t, "mlv-yaml/good/whole.yaml"), 0)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	place := func(path, full string) Place { return Place{path, full} }
	same := func(path string) Place { return Place{path, path} }
	want := []*Stage{{
		Name: "prepare", From: FileName, Line: 6, Cmd: []string{"python prepare.py data/raw.csv"},
		Deps: []Place{same("prepare.py"), same("data/raw.csv"), same("src")},
		Params: []Param{
			{Place: same("params.yaml"), Keys: []string{"seed", "split"}},
			{Place: same("conf.json"), All: true},
			{Place: same("other.toml"), Keys: []string{`a."c d"`, "a.b"}},
		},
		Outs: []Out{
			{Place: same("data/train.csv")},
			{
				Place: same("data/test.csv"), NoCache: true, NoPush: true, Remote: "backup", Type: "model", Desc: "d",
				Labels: []string{"x"}, Meta: value.OfMap(value.Field{Key: "k", Value: value.OfInt(1)}),
			},
		},
	}, {
		Name: "eval", From: FileName, Line: 11, Wdir: "jobs", Cmd: []string{"python eval.py '${HOME}'", "true"},
		Deps: []Place{place("../data/test.csv", "data/test.csv"), place("eval.py", "jobs/eval.py"), place("x.py", "jobs/x.py")},
		Outs: []Out{
			{Place: place("m.json", "jobs/m.json"), Metric: true, NoCache: true, Data: []Place{place("../data/test.csv", "data/test.csv")}},
			{Place: place("n.json", "jobs/n.json"), Metric: true},
		},
		Env:  []EnvVar{{Name: "KEY", Pass: true}, {Name: "OMP_NUM_THREADS", Value: "2"}},
		Desc: "the end", Frozen: true, AlwaysChanged: true,
	}}
	if diff := cmp.Diff(want, f.Stages, cmpopts.EquateEmpty(), cmp.Comparer(value.Value.Equal)); diff != "" {
		t.Error(diff)
	}
	if f.Project != "01JD8Z6W3Q4R5T6Y7V8K9M0P1A" || len(f.Metrics) != 1 || len(f.Params) != 1 {
		t.Errorf("%+v", f)
	}
	if diff := cmp.Diff([]Measure{{"auc", "higher", ""}, {"*_ms", "lower", "ms"}}, f.Measures); diff != "" {
		t.Error(diff)
	}
	if w := f.Stages[1].LockWdir(); w != "jobs" {
		t.Errorf("LockWdir %q", w)
	}
}

func TestFileBelowTheRoot(t *testing.T) {
	_, problems := ParseFile("sub/mlv.yaml", []byte("stages:\n  a:\n    wdir: ..\n    cmd: x\n    deps: [sub/in, ../other/d, ../../../top]\n    outs: [o]\n  b: {cmd: y, wdir: x/y, deps: [../z], outs: [../../../o2]}\n"), 2)
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "lies outside the repository") {
		t.Fatal(problems)
	}
	var f *File
	f, problems = ParseFile("sub/mlv.yaml", []byte("stages:\n  a:\n    wdir: ..\n    cmd: x\n    deps: [sub/in, ../other/d, ../../top]\n    outs: [o]\n  b: {cmd: y, wdir: x/y, deps: [../z], outs: [../../../o2]}\n"), 2)
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	a, b := f.Stages[0], f.Stages[1]
	if a.Wdir != "" || a.LockWdir() != ".." || a.Address() != "sub/mlv.yaml:a" || b.LockWdir() != "x/y" {
		t.Errorf("%q %q %q %q", a.Wdir, a.LockWdir(), a.Address(), b.LockWdir())
	}
	if diff := cmp.Diff([]Place{{"sub/in", "sub/in"}, {"../other/d", "../other/d"}, {"../../top", "../../top"}}, a.Deps); diff != "" {
		t.Error(diff)
	}
	if b.Deps[0] != (Place{"../z", "sub/x/z"}) || b.Outs[0].Place != (Place{"../../../o2", "o2"}) {
		t.Errorf("%v %v", b.Deps, b.Outs)
	}
	for _, s := range f.Stages {
		for _, o := range s.Outs {
			if full, err := ResolveLock("sub", s.LockWdir(), o.Path); err != nil || full != o.Target() {
				t.Errorf("the lock's %q in %q is %q, %v, want %q", o.Path, s.LockWdir(), full, err, o.Full)
			}
		}
	}
}

// TestFileRefusals reads mlv.yaml files that are wrong, each with the message
// that it gets. The vectors serve other readers, too.
func TestFileRefusals(t *testing.T) {
	files, err := filepath.Glob(vectors + "mlv-yaml/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".txt")
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			_, problems := ParseFile(FileName, b, 0)
			var got strings.Builder
			for _, p := range problems {
				if errs.KindOf(p) != errs.Usage {
					t.Errorf("%v is of class %v", p, errs.KindOf(p))
				}
				fmt.Fprintln(&got, p)
				for _, h := range errs.Hints(p) {
					fmt.Fprintln(&got, "hint:", h)
				}
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" || len(problems) == 0 {
				t.Errorf("%d problems (-want +got):\n%s", len(problems), diff)
			}
			if os.Getenv("MLV_UPDATE") != "" {
				_ = os.WriteFile(strings.TrimSuffix(file, ".yaml")+".txt", []byte(got.String()), 0o644)
			}
		})
	}
}

func TestFileKeepsSoundStagesBesideABrokenOne(t *testing.T) {
	f, problems := ParseFile(FileName, []byte("stages:\n  a: {cmd: x}\n  b: {cdm: y}\n  c: {cmd: z}\nmetricz: []\n"), 0)
	if len(problems) != 2 || len(f.Stages) != 2 || f.Stage("c") == nil || f.Stage("b") != nil {
		t.Errorf("%v %v", problems, f.Stages)
	}
}

func TestSettingsBelowTheRootAreRefused(t *testing.T) {
	_, problems := ParseFile("sub/mlv.yaml", []byte("remotes: {origin: {url: x}}\nstages: {}\n"), 0)
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), `sub/mlv.yaml:1:1: "remotes" is for the whole project`) {
		t.Error(problems)
	}
}

// TestLargeFilesTakeLinearTime reads files that take minutes where anything is
// looked up by going through all before it.
func TestLargeFilesTakeLinearTime(t *testing.T) {
	var stages, outs strings.Builder
	stages.WriteString("stages:\n")
	outs.WriteString("stages:\n  a:\n    cmd: x\n    outs:\n")
	for i := range 100_000 {
		fmt.Fprintf(&stages, "  s%d: {cmd: x}\n  b%d: {cdm: x}\n", i, i)
		fmt.Fprintf(&outs, "    - o/%d\n", i)
	}
	if f, problems := ParseFile(FileName, []byte(stages.String()), 0); len(problems) != maxProblems || len(f.Stages) != maxProblems {
		t.Errorf("%d stages, %d problems", len(f.Stages), len(problems))
	}
	if f, problems := ParseFile(FileName, []byte(outs.String()), 0); len(problems) != 0 || len(f.Stages[0].Outs) != 100_000 {
		t.Errorf("%d problems", len(problems))
	}
}

func FuzzFile(f *testing.F) {
	f.Add(vector(f, "mlv-yaml/good/whole.yaml"))
	f.Add([]byte("stages: {a: {cmd: [x], outs: [{b: {push: no}}]}}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, _ := ParseFile("d/mlv.yaml", b, 1)
		if file == nil {
			return
		}
		for _, s := range file.Stages {
			for _, o := range s.Outs {
				if full, err := ResolveLock("d", s.LockWdir(), o.Path); err != nil || full != o.Target() {
					t.Fatalf("out %+v of stage %+v: the lock leads to %q, %v", o, s, full, err)
				}
			}
		}
	})
}
