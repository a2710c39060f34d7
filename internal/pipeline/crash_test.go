package pipeline

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// killedRepro is an mlv repro in the working directory that kills itself at
// the given step: "step", or "step*2" for its second time.
func killedRepro(at string) int {
	step, times, _ := strings.Cut(at, "*")
	left, err := strconv.Atoi(times)
	if err != nil {
		left = 1
	}
	p, _, err := openIn(context.Background(), ".", nil)
	if err != nil {
		return 2
	}
	p.step = func(name string) {
		if name != step {
			return
		}
		if left--; left == 0 {
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
	}
	if _, err := p.Repro(context.Background(), ReproOptions{}); err != nil {
		return 3
	}
	return 0
}

// killed starts such a repro in the world's folder.
func (w *world) killed(at string) *exec.Cmd {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	c := exec.Command(self)
	c.Dir, c.Env = w.dir, append(os.Environ(), "PIPELINE_TEST_KILL="+at)
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// crashing has one stage with an out of each kind: one that git keeps, a
// directory, one that persists, and one that the first run doesn't make.
func crashing() map[string]string {
	return map[string]string{
		"mlv.yaml": `project: p
stages:
  make:
    cmd: sh make.sh
    deps: [in.txt]
    outs: [a.txt, {b.txt: {cache: false}}, dir, {p.txt: {persist: true}}]
`,
		"make.sh": `echo "a of $(cat in.txt)" > a.txt
echo "b of $(cat in.txt)" > b.txt
mkdir dir
echo "x of $(cat in.txt)" > dir/x
echo "$(cat in.txt)" >> p.txt
if [ -e block ]; then echo half > a.txt; touch ready; while :; do echo more >> p.txt; sleep 0.01; done; fi
if [ -e new ]; then echo "new of $(cat in.txt)" > c.txt; fi
`,
		"in.txt": "1",
	}
}

// outs returns the content of all outs.
func (w *world) outs() string {
	var s []string
	for _, name := range []string{"a.txt", "b.txt", "dir/x", "p.txt", "c.txt"} {
		s = append(s, strings.ReplaceAll(strings.TrimSpace(w.read(name)), "\n", "+"))
	}
	return strings.Join(s, ", ")
}

const (
	oldOuts = "a of 1, b of 1, x of 1, 1, absent"
	newOuts = "a of 2, b of 2, x of 2, 1+2, new of 2"
)

// changed is such a world after a first run, and a change that makes it stale.
func changed(t *testing.T) *world {
	w := newWorld(t, crashing())
	w.want("make: ran", ReproOptions{})
	if got := w.outs(); got != oldOuts {
		t.Fatalf("first run made %s", got)
	}
	w.write("in.txt", "2")
	w.write("new", "")
	w.edit("mlv.yaml", "dir, ", "dir, c.txt, ")
	return w
}

// recover is the next command after a crash; it returns what it repaired.
func (w *world) recover() string {
	w.t.Helper()
	p := w.open()
	stages, err := p.Recover(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(stages, ",")
}

func TestKilledRunIsUndoneOrEnded(t *testing.T) {
	for step, test := range map[string]struct {
		outs     string // after the next command
		repaired string
		next     string // what repro does then
		known    bool   // whether the lock has the new run after the next command
	}{
		"lease":    {oldOuts, "", "make: ran", false},
		"intent":   {oldOuts, "make", "make: ran", false},
		"aside":    {oldOuts, "make", "make: ran", false},
		"aside*3":  {oldOuts, "make", "make: ran", false},
		"command":  {oldOuts, "make", "make: ran", false},
		"hashed":   {oldOuts, "make", "make: ran", false},
		"record":   {oldOuts, "make", "make: ran", false}, // persist: no record answers
		"commit":   {newOuts, "make", "make: unchanged", true},
		"lock":     {newOuts, "make", "make: unchanged", true},
		"finished": {newOuts, "", "make: unchanged", true},
	} {
		t.Run(step, func(t *testing.T) {
			w := changed(t)
			err := w.killed(step).Wait()
			if exit := new(exec.ExitError); step != "finished" && (!errors.As(err, &exit) || exit.ExitCode() != -1) {
				t.Fatalf("not killed: %v", err)
			}
			if got := w.recover(); got != test.repaired {
				t.Errorf("repaired %q, want %q", got, test.repaired)
			}
			w.clean()
			if got := w.outs(); got != test.outs {
				t.Errorf("outs %s, want %s", got, test.outs)
			}
			if has := strings.Contains(w.read("mlv.lock"), "c.txt"); has != test.known {
				t.Errorf("the lock has the new run: %v, want %v", has, test.known)
			}
			w.want(test.next, ReproOptions{})
			if got := w.outs(); got != newOuts {
				t.Errorf("in the end %s, want %s", got, newOuts)
			}
			w.clean()
		})
	}
}

// The same, but the next command is repro itself, and the stage has no out
// that persists: so a run that was recorded, but not committed, is not run
// again.
func TestReproAfterACrashIsRight(t *testing.T) {
	for step, next := range map[string]string{
		"intent": "make: ran", "aside": "make: ran", "command": "make: ran", "hashed": "make: ran",
		"record": "make: cached", "commit": "make: unchanged", "lock": "make: unchanged",
	} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t, crashing())
			w.edit("mlv.yaml", ", {p.txt: {persist: true}}", "")
			w.want("make: ran", ReproOptions{})
			w.write("in.txt", "2")
			_ = w.killed(step).Wait()
			w.want(next, ReproOptions{})
			if got := w.read("a.txt") + w.read("b.txt") + w.read("dir/x"); got != "a of 2\nb of 2\nx of 2\n" {
				t.Errorf("outs %q", got)
			}
			w.clean()
			w.want("make: unchanged", ReproOptions{})
		})
	}
}

func TestKilledDuringACommandLeavesNoWriter(t *testing.T) {
	w := changed(t)
	w.write("block", "")
	c := w.killed("never")
	for range 1000 {
		if w.read("ready") != "absent" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if got := w.recover(); got != "make" {
		t.Errorf("repaired %q", got)
	}
	if got := w.outs(); got != oldOuts {
		t.Errorf("outs %s, want %s", got, oldOuts)
	}
	time.Sleep(50 * time.Millisecond)
	if got := w.outs(); got != oldOuts {
		t.Errorf("somebody still writes: %s", got)
	}
	if got := w.read(".mlv/kept/make/a.txt"); got != "half\n" {
		t.Errorf("kept %q", got)
	}
	w.remove("block")
	w.want("make: ran", ReproOptions{})
	if got := w.outs(); got != newOuts {
		t.Errorf("in the end %s", got)
	}
}

func TestStatusTellsOfRunningAndInterruptedStages(t *testing.T) {
	w := changed(t)
	w.write("block", "")
	c := w.killed("never")
	for range 1000 {
		if w.read("ready") != "absent" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	state := func() StageStatus {
		list, err := w.open().Status(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[0]
	}
	if s := state(); s.State != Running || s.Pid != c.Process.Pid || s.Since == nil {
		t.Errorf("while it runs: %+v", s)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	if s := state(); s.State != Interrupted || s.Pid != c.Process.Pid {
		t.Errorf("after it was killed: %+v", s)
	}
	w.recover()
	if s := state(); s.State != Stale {
		t.Errorf("after it was repaired: %+v", s)
	}
}

// A power cut can tear what the run made: the lock tells.
func TestTornOutIsCheckedOutAgain(t *testing.T) {
	w := newWorld(t, crashing())
	w.edit("mlv.yaml", ", {p.txt: {persist: true}}", "")
	w.want("make: ran", ReproOptions{})
	w.write("a.txt", "")
	w.want("make: cached", ReproOptions{})
	if got := w.read("a.txt"); got != "a of 1\n" {
		t.Errorf("a.txt is %q", got)
	}
}

// Whatever is killed while it repairs, the next one repairs.
func TestKilledRepairIsRepeated(t *testing.T) {
	w := changed(t)
	_ = w.killed("command").Wait()
	p := w.open()
	in, err := p.intent("make")
	if err != nil || in == nil {
		t.Fatalf("%v, %v", in, err)
	}
	// As if killed between two outs: the first is back.
	if _, err := p.keep(in.slug, in.Outs[0].Path, in.Outs[0].Path); err != nil {
		t.Fatal(err)
	}
	w.rename(string(in.Outs[0].Aside), string(in.Outs[0].Path))
	if got := w.recover(); got != "make" {
		t.Errorf("repaired %q", got)
	}
	if got := w.outs(); got != oldOuts {
		t.Errorf("outs %s", got)
	}
	w.clean()
}

func TestIntentThatCannotBeTrustedIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"out outside":   `{"version": 1, "outs": [{"path": "../../etc/passwd"}]}`,
		"aside outside": `{"version": 1, "outs": [{"path": "a", "aside": "../b"}]}`,
		"aside of data": `{"version": 1, "outs": [{"path": "a", "aside": "b"}]}`,
		"no out":        `{"version": 1, "outs": [{}]}`,
		"lock outside":  `{"version": 1, "dir": ".."}`,
		"unknown bytes": `{"version": 1, "outs": [{"path": "a", "stays": true, "id": "x"}]}`,
		"no record":     `{"version": 1, "entry": "x"}`,
		"version":       `{"version": 2}`,
		"no JSON":       `x`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, crashing())
			w.write(".mlv/aside/make/intent", text)
			if _, err := w.open().Recover(t.Context()); errs.KindOf(err) != errs.Corrupt {
				t.Errorf("error %v", err)
			}
		})
	}
}

func FuzzIntent(f *testing.F) {
	f.Add([]byte(`{"version": 1, "dir": "d", "outs": [{"path": "a", "aside": ".mlv/aside/make/0"}]}`))
	f.Add([]byte(`{"version": 1, "outs": [{"path": "a/b", "aside": "a/.b.mlv-make"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := parseIntent("make", b)
		if err != nil {
			return
		}
		for _, out := range in.Outs {
			for _, p := range []fsx.Path{out.Path, out.Aside} {
				if _, err := fsx.ParsePath(string(p)); p != "" && err != nil {
					t.Errorf("%q is accepted: %v", p, err)
				}
			}
		}
	})
}

func TestNamesOfFilesKeepStagesApart(t *testing.T) {
	long := strings.Repeat("x", 300)
	seen := map[string]string{}
	for _, name := range []string{
		"train", "Train", "TRAIN", "train@cnn-1", "sub/mlv.yaml:train", "sub%2Fmlv.yaml%3Atrain", "größe", "grösse", long, long + "y",
	} {
		slug := strings.ToLower(escape(name))
		if other, ok := seen[slug]; ok || len(slug) > 220 {
			t.Errorf("%q is %q, as is %q", name, slug, other)
		}
		if _, err := fsx.ParsePath(slug); err != nil {
			t.Error(err)
		}
		seen[slug] = name
	}
	if got := escape("train"); got != "train" {
		t.Errorf("train is %q", got)
	}
}
