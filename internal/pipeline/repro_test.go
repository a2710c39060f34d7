package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/proc"
)

// tree returns the names and contents of all files but logs and locks.
func (w *world) tree() string {
	var b strings.Builder
	err := filepath.WalkDir(w.dir, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(w.dir, name)
		rel = filepath.ToSlash(rel)
		if err != nil {
			return err
		}
		if rel == ".mlv/locks" || rel == ".mlv/logs" {
			return fs.SkipDir
		}
		if !d.IsDir() {
			fmt.Fprintf(&b, "%s: %q\n", rel, w.read(rel))
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// chain is three stages, each of which copies what the one before made, and
// one beside them.
func chain() map[string]string {
	return map[string]string{
		"mlv.yaml": `project: p
stages:
  a: {cmd: cp in x, deps: [in], outs: [x]}
  b: {cmd: sh b.sh, deps: [x, b.sh], outs: [y]}
  c: {cmd: cp y z, deps: [y], outs: [z]}
  d: {cmd: cp in w, deps: [in], outs: [w]}
`,
		"in": "1", "b.sh": "cp x y\n",
	}
}

func TestFailureKeepsOldOutsAndStops(t *testing.T) {
	w := newWorld(t, chain())
	w.want("a: ran, b: ran, c: ran, d: ran", ReproOptions{})
	w.write("in", "2")
	w.write("b.sh", "echo half > y; echo doing; echo bad >&2; exit 3; echo not reached\n")
	r, err := w.repro(ReproOptions{})
	if errs.ExitCode(err) != 4 || !strings.Contains(err.Error(), "mlv.yaml:4: stage b: exit status 3") {
		t.Fatalf("exit code %d: %v", errs.ExitCode(err), err)
	}
	if hints := errs.Hints(err); len(hints) != 1 || hints[0] != "see .mlv/logs/b.log" {
		t.Errorf("hints %q", hints)
	}
	w.compare(r, "a: ran, b: failed")
	if got := w.read("x") + w.read("y") + w.read("z"); got != "211" {
		t.Errorf("outs %q, want a's new one and the old ones of b and c", got)
	}
	if got := w.read(".mlv/kept/b/y"); got != "half\n" || len(r.Stages[1].Kept) != 1 || r.Stages[1].Kept[0] != ".mlv/kept/b/y" {
		t.Errorf("kept %q at %q", got, r.Stages[1].Kept)
	}
	if got := w.read(".mlv/logs/b.log"); got != "doing\nbad\n" || w.out.String() != got {
		t.Errorf("log %q, output %q", got, w.out.String())
	}
	w.clean()
	r, err = w.repro(ReproOptions{KeepGoing: true})
	if errs.ExitCode(err) != 4 {
		t.Errorf("exit code %d: %v", errs.ExitCode(err), err)
	}
	w.compare(r, "a: unchanged, b: failed, c: skipped, d: ran")
	w.write("b.sh", "cp x y\n")
	w.want("a: unchanged, b: ran, c: ran, d: unchanged", ReproOptions{})
}

func TestListOfCommandsStopsAtTheFirstFailure(t *testing.T) {
	w := newWorld(t, map[string]string{"mlv.yaml": `project: p
stages:
  a:
    cmd: [echo one, echo two; false; echo three, echo four]
    outs: [x]
`})
	if _, err := w.repro(ReproOptions{}); errs.KindOf(err) != errs.Stage || w.out.String() != "one\ntwo\n" {
		t.Errorf("%v, output %q", err, w.out.String())
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for name, test := range map[string]struct {
		stage string
		kind  errs.Kind
		want  string
	}{
		"dep":           {"cmd: touch x, deps: [nowhere.csv], outs: [x]", errs.Usage, "mlv.yaml:3: stage a: nowhere.csv, which it reads, does not exist"},
		"tracked dep":   {"cmd: touch x, deps: [data], outs: [x]", errs.Missing, "stage a: data is missing"},
		"out":           {"cmd: 'true', outs: [x]", errs.Stage, "the command ended well, but made no x"},
		"param":         {"cmd: touch x, params: [lrr], outs: [x]", errs.Usage, `stage a: params.yaml has no "lrr"`},
		"params file":   {"cmd: touch x, params: [{none.yaml: [a]}], outs: [x]", errs.Usage, "none.yaml, whose values are its params, does not exist"},
		"working dir":   {"cmd: touch x, wdir: none, outs: [x]", errs.Usage, "its wdir none is no folder"},
		"changed input": {"cmd: echo >> in; touch x, deps: [in], outs: [x]", errs.Stage, "while it ran, an input changed: in changed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{
				"mlv.yaml": "project: p\nstages:\n  a: {" + test.stage + "}\n", "params.yaml": "lr: 1\n", "in": "",
				"data.mlv": "version: 1\npath: data\ntype: file\nhash: blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262\nsize: 0\n",
			})
			_, err := w.repro(ReproOptions{})
			if err == nil || !strings.Contains(err.Error(), test.want) || errs.KindOf(err) != test.kind {
				t.Errorf("class %v: %v", errs.KindOf(err), err)
			}
			w.clean()
			if lock := w.read("mlv.lock"); lock != "absent" {
				t.Errorf("a lock was written: %s", lock)
			}
		})
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	w := newWorld(t, chain())
	before := w.tree()
	r := w.want("a: would run, b: would run, c: would run, d: would run", ReproOptions{DryRun: true})
	if got := reasons(r, "b"); got != "a would run before" {
		t.Errorf("reasons of b: %s", got)
	}
	if after := w.tree(); after != before {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
	w.want("a: ran, b: ran, c: ran, d: ran", ReproOptions{})
	w.remove("z")
	w.want("a: unchanged, b: unchanged, c: checked out, d: unchanged", ReproOptions{DryRun: true})
	if got := w.read("z"); got != "absent" {
		t.Errorf("z is %q", got)
	}
}

func TestNoCommitLeavesTheCacheAlone(t *testing.T) {
	w := newWorld(t, chain())
	w.want("d: ran", ReproOptions{Targets: []string{"d"}, NoCommit: true})
	if got := w.read("w"); got != "1" || strings.Contains(w.tree(), ".mlv/cache") {
		t.Errorf("w is %q; %s", got, w.tree())
	}
	w.want("d: unchanged", ReproOptions{Targets: []string{"d"}})
	w.remove("w")
	w.want("d: ran", ReproOptions{Targets: []string{"d"}}) // no record, no object
}

func TestRunCacheRemembersVariantsAndTheNewestRun(t *testing.T) {
	w := newWorld(t, map[string]string{
		"mlv.yaml": "project: p\nstages:\n  a: {cmd: sh a.sh, deps: [in], outs: [x, {m: {cache: false}}]}\n",
		"in":       "1", "a.sh": "cp in x; cp in m; cat extra >> x || true\n",
	})
	w.want("a: ran", ReproOptions{})
	w.write("in", "2")
	w.want("a: ran", ReproOptions{})
	w.write("in", "1")
	w.want("a: cached", ReproOptions{})
	if got := w.read("x") + w.read("m"); got != "11" {
		t.Errorf("outs %q", got)
	}
	w.write("extra", "!")
	w.want("a: ran", ReproOptions{Force: true})
	w.remove("mlv.lock")
	w.remove("x")
	w.want("a: cached", ReproOptions{})
	if got := w.read("x"); got != "1!" {
		t.Errorf("x is %q, want that of the newest run", got)
	}
	w.remove("mlv.lock")
	w.want("a: ran", ReproOptions{NoRunCache: true})
}

func TestNoRunRecordWhereItCouldNotBeUsed(t *testing.T) {
	for name, test := range map[string]struct{ stage, outcome string }{
		"large uncached file": {"cmd: head -c 2000000 /dev/zero > x, deps: [in], outs: [{x: {cache: false}}]", "ran"},
		"uncached directory":  {"cmd: mkdir x && touch x/y, deps: [in], outs: [{x: {cache: false}}]", "ran"},
		"no deps":             {"cmd: touch x, outs: [x]", "ran"},
		"persist":             {"cmd: touch x, deps: [in], outs: [{x: {persist: true}}]", "ran"},
		"small uncached file": {"cmd: touch x, deps: [in], outs: [{x: {cache: false}}]", "cached"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"mlv.yaml": "project: p\nstages:\n  a: {" + test.stage + "}\n", "in": ""})
			w.want("a: ran", ReproOptions{})
			w.remove("mlv.lock")
			w.want("a: "+test.outcome, ReproOptions{})
		})
	}
}

func TestInterruptedRunIsUndone(t *testing.T) {
	w := newWorld(t, chain())
	w.want("a: ran, b: ran, c: ran, d: ran", ReproOptions{})
	w.write("b.sh", "echo half > y; echo ready; sleep 600\n")
	ctx, cancel := context.WithCancel(t.Context())
	p := w.open()
	r, err := p.Repro(ctx, ReproOptions{Output: writerFunc(func(b []byte) (int, error) {
		cancel()
		return len(b), nil
	})})
	if errs.ExitCode(err) != 130 {
		t.Fatalf("exit code %d: %v", errs.ExitCode(err), err)
	}
	w.compare(r, "a: unchanged, b: failed")
	if got := w.read("y"); got != "1" {
		t.Errorf("y is %q", got)
	}
	w.clean()
}

type writerFunc func(b []byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestLockChangesOnlyWhereAStageDid(t *testing.T) {
	w := newWorld(t, chain())
	w.want("a: ran, b: ran, c: ran, d: ran", ReproOptions{})
	before := strings.Split(w.read("mlv.lock"), "\n")
	w.write("b.sh", "cp x y # same\n")
	w.want("a: unchanged, b: ran, c: unchanged, d: unchanged", ReproOptions{}) // early cut-off
	after := strings.Split(w.read("mlv.lock"), "\n")
	if len(before) != len(after) {
		t.Fatalf("%d lines, then %d", len(before), len(after))
	}
	var changed []string
	for i := range before {
		if before[i] != after[i] {
			key, _, _ := strings.Cut(strings.TrimSpace(before[i]), " ")
			changed = append(changed, key)
		}
	}
	if got := strings.Join(changed, ","); got != "b.sh:,sum:" {
		t.Errorf("changed lines: %s", got)
	}
}

func TestEntryOfARemovedStageIsPruned(t *testing.T) {
	w := newWorld(t, chain())
	w.want("a: ran, b: ran, c: ran, d: ran", ReproOptions{})
	w.edit("mlv.yaml", "  d: {cmd: cp in w, deps: [in], outs: [w]}\n", "")
	w.want("a: unchanged", ReproOptions{Targets: []string{"a"}})
	if !strings.Contains(w.read("mlv.lock"), "  d:\n") {
		t.Error("pruned by a repro of something else")
	}
	w.want("a: unchanged, b: unchanged, c: unchanged", ReproOptions{})
	if strings.Contains(w.read("mlv.lock"), "  d:\n") {
		t.Error("not pruned")
	}
}

func TestMovedFolderAndMovedWdirRunNothing(t *testing.T) {
	w := newWorld(t, map[string]string{
		"mlv.yaml":     "project: p\n",
		"old/mlv.yaml": "stages:\n  a: {cmd: cp in x, deps: [in], outs: [x]}\n",
		"old/in":       "1", "jobs/in": "1",
	})
	w.want("old/mlv.yaml:a: ran", ReproOptions{})
	w.rename("old", "deep/new")
	w.want("deep/new/mlv.yaml:a: unchanged", ReproOptions{})
	w.edit("deep/new/mlv.yaml", "cmd:", "wdir: ../../jobs, cmd:")
	w.want("deep/new/mlv.yaml:a: checked out", ReproOptions{})
	if got := w.read("jobs/x"); got != "1" {
		t.Errorf("jobs/x is %q", got)
	}
	if !strings.Contains(w.read("deep/new/mlv.lock"), "    wdir: ../../jobs\n") {
		t.Errorf("lock:\n%s", w.read("deep/new/mlv.lock"))
	}
}

func TestLockHoldsMetricsAndWhatTheyWereMeasuredOn(t *testing.T) {
	w := newWorld(t, map[string]string{
		"mlv.yaml": `project: p
stages:
  a:
    cmd: sh a.sh
    deps: [test.csv]
    metrics: [good.json, bad.json, many.json, {yaml.yaml: {cache: false, data: [test.csv, other.csv]}}, dir]
`,
		"test.csv": "1", "other.csv": "2",
		"a.sh": `echo '{"b": {"f1": 0.5, "n": 12345678901234567890}, "a": NaN, "l": [1, 2.0]}' > good.json
echo '{"a": ' > bad.json
(printf '{"v": [0'; i=0; while [ $i -lt 1000 ]; do i=$((i+1)); printf ', 0'; done; echo ']}') > many.json
echo 'auc: 1e-1' > yaml.yaml
mkdir dir
`,
	})
	w.want("a: ran", ReproOptions{})
	lock := w.read("mlv.lock")
	for _, want := range []string{
		"    metrics:\n      bad.json: invalid\n      dir: invalid\n      good.json:\n        a: .nan\n        b.f1: 0.5\n" +
			"        b.n: 12345678901234567890\n        l: [1, 2.0]\n      many.json: large\n      yaml.yaml:\n        auc: 0.1\n",
		"    data:\n      other.csv: {hash: blake3:",
	} {
		if !strings.Contains(lock, want) {
			t.Errorf("the lock lacks\n%s in\n%s", want, lock)
		}
	}
	// What they were measured on stays what it was while nothing runs.
	w.write("other.csv", "3")
	w.want("a: unchanged", ReproOptions{})
	if w.read("mlv.lock") != lock {
		t.Error("the lock changed")
	}
}

func TestEditedOutIsKept(t *testing.T) {
	w := newWorld(t, chain())
	w.want("a: ran, b: ran, c: ran, d: ran", ReproOptions{})
	w.write("w", "my work")
	r := w.want("d: cached", ReproOptions{Targets: []string{"d"}})
	if got := w.read(".mlv/kept/d/w"); got != "my work" || r.Stages[0].Kept[0] != ".mlv/kept/d/w" {
		t.Errorf("kept %q, %+v", got, r.Stages)
	}
	w.write("w", "my other work")
	w.want("d: ran", ReproOptions{Targets: []string{"d"}, NoRunCache: true})
	if got := w.read(".mlv/kept/d/w"); got != "my other work" {
		t.Errorf("kept %q", got)
	}
}

func TestPersistedOutIsSeenAndSharesNoBytes(t *testing.T) {
	w := newWorld(t, map[string]string{
		"mlv.yaml": "project: p\nstages:\n  a: {cmd: cat in >> log, deps: [in], outs: [{log: {persist: true}}, gone]}\n", "in": "1",
	})
	w.edit("mlv.yaml", "cat in >> log", "cat in >> log && test ! -e gone && touch gone")
	w.want("a: ran", ReproOptions{})
	// As if it had been checked out as a hard link into the cache.
	if err := errors.Join(os.Link(w.path("log"), w.path("linked")), os.Chmod(w.path("log"), 0o444)); err != nil {
		t.Skip(err)
	}
	w.write("in", "2")
	w.want("a: ran", ReproOptions{})
	if got := w.read("log") + w.read("linked"); got != "12"+"1" {
		t.Errorf("log and linked are %q", got)
	}
}

func TestDepsAreFollowedThroughLinksAndBesideTheProject(t *testing.T) {
	w := newWorld(t, map[string]string{
		"project/mlv.yaml": "project: p\nstages:\n  a: {cmd: cat link via/x ../beside/y > out, deps: [link, via/x, ../beside], outs: [out]}\n",
		"real":             "1", "folder/x": "2", "beside/y": "3", "beside/__pycache__/z": "",
	})
	if err := errors.Join(os.Symlink("../real", w.path("project/link")), os.Symlink("../folder", w.path("project/via"))); err != nil {
		t.Skip(err)
	}
	top := *w
	w.dir = w.path("project")
	w.want("a: ran", ReproOptions{})
	w.want("a: unchanged", ReproOptions{})
	for i, name := range []string{"real", "folder/x", "beside/y"} {
		top.write(name, "changed")
		r := w.want("a: ran", ReproOptions{})
		if got, want := reasons(r, "a"), []string{"link changed", "via/x changed", "../beside changed"}[i]; got != want {
			t.Errorf("reasons %q, want %q", got, want)
		}
	}
	top.write("beside/__pycache__/z", "changed")
	w.want("a: unchanged", ReproOptions{})
}

func TestTwoReprosShareTheWork(t *testing.T) {
	w := newWorld(t, chain())
	w.edit("mlv.yaml", "cmd: cp in x", "cmd: echo . >> count; sleep 0.3; cp in x")
	pipelines := []*Pipeline{w.open(), w.open()}
	var wg sync.WaitGroup
	for _, p := range pipelines {
		wg.Go(func() {
			if _, err := p.Repro(t.Context(), ReproOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := w.read("count"); got != ".\n" {
		t.Errorf("a ran %d times", strings.Count(got, "."))
	}
	w.want("a: unchanged, b: unchanged, c: unchanged, d: unchanged", ReproOptions{})
	w.clean()
}

func TestStageEnvironmentAndSecrets(t *testing.T) {
	t.Setenv("MY_TOKEN", "s3cret-value")
	w := newWorld(t, map[string]string{"mlv.yaml": `project: p
stages:
  a:
    cmd: echo "$MLV_STAGE $PYTHONUNBUFFERED $X"; test "$MLV_ROOT" = "$(pwd)"; echo "token $MY_TOKEN"; printf '10%%\r20%%\n'
    env: {X: "y z"}
`})
	w.want("a: ran", ReproOptions{})
	if got, want := w.read(".mlv/logs/a.log"), "a 1 y z\ntoken ***\n20%\n"; got != want {
		t.Errorf("log %q, want %q", got, want)
	}
	if strings.Contains(w.out.String(), "s3cret") || !strings.Contains(w.out.String(), "10%\r20%") {
		t.Errorf("output %q", w.out.String())
	}
}

func TestBrokenFilesStopRepro(t *testing.T) {
	w := newWorld(t, chain())
	w.write("sub/mlv.yaml", "stages:\n  e: {cmmd: x}\n")
	if _, err := w.repro(ReproOptions{}); errs.KindOf(err) != errs.Usage || !strings.Contains(err.Error(), "sub/mlv.yaml:2") {
		t.Errorf("error %v", err)
	}
	if w.read("x") != "absent" {
		t.Error("something ran")
	}
}

func TestStatusGivesReasonsAndAbsentOuts(t *testing.T) {
	w := newWorld(t, chain())
	status := func() string {
		list, err := w.open().Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var s []string
		for _, st := range list {
			text := st.Stage + " " + st.State
			for _, r := range st.Reasons {
				text += " (" + r.Text + ")"
			}
			s = append(s, text+strings.Join(st.Absent, " "))
		}
		return strings.Join(s, ", ")
	}
	before := w.tree()
	if got := status(); !strings.HasPrefix(got, "a stale (it has never run), b stale (mlv.yaml:4: stage b: x is missing), c stale (") {
		t.Errorf("status %s", got)
	}
	if w.tree() != before {
		t.Error("status changed something")
	}
	w.want("a: ran, b: ran, c: ran, d: ran", ReproOptions{})
	w.remove("x")
	w.write("w", "")
	if got, want := status(), "a up to datex, b up to date, c up to date, d stale (w differs from the last run)"; got != want {
		t.Errorf("status %s, want %s", got, want)
	}
}

// No-op repro looks at each file once, asks nobody to hash a small one, and
// starts no guard.
func TestNoOpReproCostsOneLook(t *testing.T) {
	w := newWorld(t, map[string]string{"in": "", "mlv.yaml": many(100)})
	p := w.open()
	r, err := p.Repro(t.Context(), ReproOptions{})
	if err != nil || len(r.Stages) != 100 {
		t.Fatalf("%d stages, %v", len(r.Stages), err)
	}
	before := w.read("mlv.lock")
	p = w.open()
	p.guard = proc.Guard{}
	begun := time.Now()
	allocs := testing.AllocsPerRun(1, func() {
		if r, err = p.Repro(t.Context(), ReproOptions{}); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v, %.0f allocations", time.Since(begun)/2, allocs)
	if w.files.hashes > 0 || allocs > 100*300 {
		t.Errorf("%d hashes through the state index, %.0f allocations", w.files.hashes, allocs)
	}
	for _, s := range r.Stages {
		if s.Outcome != Unchanged {
			t.Errorf("%+v", s)
		}
	}
	if w.read("mlv.lock") != before {
		t.Error("the lock changed")
	}
}

// many is an mlv.yaml with n stages in a row.
func many(n int) string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("s%03d: in x%d > x%d", i, i, i+1))
	}
	lines[0] = "s000: in > x1"
	return stages(lines...)
}

func BenchmarkNoOpRepro100Stages(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	write("mlv.yaml", many(100))
	write("in", "")
	run := func() {
		p, _, err := openIn(b.Context(), dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		if _, err := p.Repro(b.Context(), ReproOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	run()
	for b.Loop() {
		run()
	}
}
