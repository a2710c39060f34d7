package proc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// doubleFork is a script whose grandchild leaves session, group and parent
// behind, as daemons do, writes its pid into daemon.pid and lives on.
const doubleFork = `
(setsid sh -c 'sleep 600 & echo $! > daemon.tmp; mv daemon.tmp daemon.pid' &)
while [ ! -e daemon.pid ]; do sleep 0.01; done
`

// alive tells whether the process whose pid the file holds still runs.
func alive(t *testing.T, file string) bool {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

// waitFor waits until done, or fails.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 3000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain until %s", what)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func TestDoubleForkedDaemonEndsWithItsCommand(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	job := script(t, doubleFork)
	exit, _ := run(t, job)
	if exit.Code != 0 || exit.Strays < 1 {
		t.Errorf("exit %+v, want success and the daemon as a stray", exit)
	}
	if alive(t, filepath.Join(job.Dir, "daemon.pid")) {
		t.Error("the daemon lives")
	}
}

func TestCancelledCommandTakesItsDaemonsAlong(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	job := script(t, doubleFork+"exec sleep 600")
	go func() {
		for !exists(filepath.Join(job.Dir, "daemon.pid")) {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	var g Guard
	defer func() { _ = g.Close() }()
	if _, err := g.Run(ctx, job, io.Discard); err == nil {
		t.Error("no error")
	}
	if alive(t, filepath.Join(job.Dir, "daemon.pid")) {
		t.Error("the daemon lives")
	}
}

func TestKilledMlvLeavesNothingRunning(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	text := "echo $$ > command.pid\n" + doubleFork + "trap '' INT TERM HUP\nwhile :; do sleep 0.01; echo x; done\n"
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, "mlv")
	c := exec.Command(cmd.Path)
	c.Dir, c.Env = dir, append(os.Environ(), cmd.Env...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	daemon, command := filepath.Join(dir, "daemon.pid"), filepath.Join(dir, "command.pid")
	waitFor(t, "the daemon runs", func() bool { return exists(daemon) })
	if !alive(t, daemon) || !alive(t, command) {
		t.Fatal("nothing to kill")
	}
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	root, err := fsx.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	lock, err := root.Lock(t.Context(), "hold", fsx.LockOptions{Wait: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	if alive(t, command) || alive(t, daemon) {
		t.Error("the lock is free, and the command or its daemon lives")
	}
}

func TestKilledGuardIsNoticed(t *testing.T) {
	var g Guard
	defer func() { _ = g.Close() }()
	if _, err := g.Run(t.Context(), script(t, "true"), io.Discard); err != nil {
		t.Fatal(err)
	}
	job := script(t, "echo $$ > command.pid; kill -KILL $PPID; sleep 600")
	if _, err := g.Run(t.Context(), job, io.Discard); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("error %v", err)
	}
	command := filepath.Join(job.Dir, "command.pid")
	waitFor(t, "the command is dead", func() bool { return !alive(t, command) })
	// A new guard starts with the next command.
	if exit, err := g.Run(t.Context(), script(t, "true"), io.Discard); err != nil || exit.Code != 0 {
		t.Errorf("%+v, %v", exit, err)
	}
}
