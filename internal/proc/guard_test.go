package proc

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/fsx"
)

// script returns a Job that runs text in the shell.
func script(t *testing.T, text string) Job {
	t.Helper()
	path, args, err := Shell(text)
	if err != nil {
		t.Skip(err)
	}
	return Job{Path: path, Args: args, Dir: t.TempDir()}
}

// run runs job under a guard of its own.
func run(t *testing.T, job Job) (Exit, string) {
	t.Helper()
	var g Guard
	defer func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}()
	var out bytes.Buffer
	exit, err := g.Run(t.Context(), job, &out)
	if err != nil {
		t.Fatal(err)
	}
	return exit, out.String()
}

func TestGuardRunsCommandsOneAfterTheOther(t *testing.T) {
	var g Guard
	defer func() { _ = g.Close() }()
	for i, want := range []Exit{{Code: 0}, {Code: 7}, {Code: -1, Signal: "terminated"}, {Code: 0}} {
		text := "echo out; echo err >&2; " + []string{"exit 0", "exit 7", "kill -TERM $$", "true"}[i]
		var out bytes.Buffer
		exit, err := g.Run(t.Context(), script(t, text), &out)
		if err != nil || exit != want || out.String() != "out\nerr\n" {
			t.Errorf("%s: %+v, %v, output %q", text, exit, err, out.String())
		}
		if failed := exit.Err("sh") != nil; failed == (exit == Exit{}) {
			t.Errorf("%s: failed %v", text, failed)
		}
	}
}

func TestGuardGivesDirectoryEnvironmentAndNoInput(t *testing.T) {
	job := script(t, `pwd -P; echo "$A"; cat; [ -t 0 ] || echo no terminal`)
	job.Env = []string{"A=\xff b\n"}
	dir, err := filepath.EvalSymlinks(job.Dir)
	if err != nil {
		t.Fatal(err)
	}
	exit, out := run(t, job)
	if want := dir + "\n\xff b\n\nno terminal\n"; exit.Code != 0 || out != want {
		t.Errorf("%+v, output %q, want %q", exit, out, want)
	}
}

func TestGuardHoldsALockWhileTheCommandLives(t *testing.T) {
	root, err := fsx.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	out := watchFor("ready")
	job := script(t, "echo ready; while [ ! -e go ]; do sleep 0.01; done")
	job.Hold = Hold{root.Dir(), "locks/hold"}
	locked := make(chan error, 1)
	go func() {
		<-out.found
		_, err := root.Lock(context.Background(), job.Hold.Path, fsx.LockOptions{})
		locked <- err
		_ = os.WriteFile(filepath.Join(job.Dir, "go"), nil, 0o644)
	}()
	var g Guard
	defer func() { _ = g.Close() }()
	if exit, err := g.Run(t.Context(), job, out); err != nil || exit.Code != 0 {
		t.Fatalf("%+v, %v", exit, err)
	}
	if err := <-locked; errs.KindOf(err) != errs.Locked {
		t.Errorf("during the command: %v", err)
	}
	lock, err := root.Lock(t.Context(), job.Hold.Path, fsx.LockOptions{})
	if err != nil {
		t.Fatalf("after the command: %v", err)
	}
	_ = lock.Unlock()
}

func TestShellStopsAtTheFirstCommandThatFails(t *testing.T) {
	if exit, out := run(t, script(t, "echo a\nfalse\necho b")); exit.Code != 1 || out != "a\n" {
		t.Errorf("%+v, output %q", exit, out)
	}
}

func TestGuardSaysWhyAProgramDidNotStart(t *testing.T) {
	var g Guard
	defer func() { _ = g.Close() }()
	_, err := g.Run(t.Context(), Job{Path: filepath.Join(t.TempDir(), "none")}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("error %v", err)
	}
	// The guard lives on.
	if exit, err := g.Run(t.Context(), script(t, "true"), io.Discard); err != nil || exit.Code != 0 {
		t.Errorf("%+v, %v", exit, err)
	}
}

func TestGuardPassesAllOutput(t *testing.T) {
	_, out := run(t, script(t, "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); printf '%0100d\\n' $i; done"))
	if n := strings.Count(out, "\n"); n != 2000 || len(out) != 2000*101 {
		t.Errorf("%d lines of %d bytes", n, len(out))
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestGuardLetsACommandEndWhoseOutputCannotBeKept(t *testing.T) {
	var g Guard
	defer func() { _ = g.Close() }()
	exit, err := g.Run(t.Context(), script(t, "echo a; exit 3"), brokenWriter{})
	if exit.Code != 3 || err == nil || err.Error() != "disk full" {
		t.Errorf("%+v, %v", exit, err)
	}
}

// A watched buffer tells when a line has come.
type watched struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	line  string
	found chan struct{}
}

func watchFor(line string) *watched { return &watched{line: line + "\n", found: make(chan struct{})} }

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	had := strings.Contains(w.buf.String(), w.line)
	w.buf.Write(b)
	if !had && strings.Contains(w.buf.String(), w.line) {
		close(w.found)
	}
	return len(b), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

func TestCancelledCommandIsInterruptedAndMayCleanUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := watchFor("ready")
	go func() {
		<-out.found
		cancel()
	}()
	var g Guard
	defer func() { _ = g.Close() }()
	job := script(t, "trap 'echo cleaned; exit 1' INT; echo ready; while :; do sleep 0.01; done")
	_, err := g.Run(ctx, job, out)
	if !errors.Is(err, context.Canceled) || !strings.HasSuffix(out.String(), "cleaned\n") {
		t.Errorf("%v, output %q", err, out.String())
	}
}

func TestStepsOfEndingACommand(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	terminated, done := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer done()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Skip("no signals here:", err)
	}
	<-terminated.Done()
	ask := func(how stop, grace time.Duration) []rung { return []rung{{how, grace}, {stopKill, killGrace}} }
	for name, test := range map[string]struct {
		ctx  context.Context
		want []rung
	}{
		"Ctrl-C":      {cancelled, ask(stopInterrupt, 10*time.Second)},
		"SIGTERM":     {terminated, ask(stopTerminate, 5*time.Second)},
		"out of time": {late, ask(stopTerminate, 5*time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ladder(test.ctx); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestOtherArgumentsAreNotAGuard(t *testing.T) {
	for _, args := range [][]string{nil, {"mlv"}, {"mlv", "repro"}, {"mlv", guardWord, "x"}, {"mlv", "x", guardWord}} {
		if _, is := GuardMain(t.Context(), args); is {
			t.Errorf("%q is taken for a guard", args)
		}
	}
}

func FuzzFrame(f *testing.F) {
	var b bytes.Buffer
	body, err := Job{Path: "/bin/sh", Args: []string{"-c", ""}, Dir: "/", Env: []string{"A=1"}, Hold: Hold{"/p", "l"}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	if err := writeFrame(&b, frameRun, body); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("x\x01\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bufio.NewReader(bytes.NewReader(in))
		kind, body, err := readFrame(r, nil)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := writeFrame(&out, kind, body); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), in[:out.Len()]) {
			t.Errorf("frame %q is written as %q", in, out.Bytes())
		}
		job, err := decodeJob(body)
		if err != nil {
			return
		}
		again, err := job.encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodeJob(again); err != nil || !slices.Equal(back.Args, job.Args) ||
			!slices.Equal(back.Env, job.Env) || back.Path != job.Path || back.Dir != job.Dir || back.Hold != job.Hold {
			t.Errorf("%+v became %+v, %v", job, back, err)
		}
	})
}
