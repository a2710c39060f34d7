package fsx

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
)

// holdEnv makes the test program hold a lock instead of testing.
const holdEnv = "FSX_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		os.Exit(hold(dir))
	}
	os.Exit(m.Run())
}

// hold takes the lock "lock" in dir, says so, and keeps it until stdin ends.
func hold(dir string) int {
	r, err := OpenRoot(dir)
	if err != nil {
		return 1
	}
	if _, err := r.Lock(context.Background(), "lock", LockOptions{}); err != nil {
		return 2
	}
	_, _ = os.Stdout.WriteString("held\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// holder starts a process that holds dir's lock; release ends it.
func holder(t *testing.T, dir string) (release func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), holdEnv+"="+dir)
	in, err := cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	return func() {
		check(t, in.Close())
		check(t, cmd.Wait())
	}
}

func TestLockExcludesOtherProcesses(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	release := holder(t, r.Dir())

	for name, opt := range map[string]LockOptions{
		"at once": {}, "shared": {Shared: true}, "after a while": {Wait: 20 * time.Millisecond},
	} {
		if _, err := r.Lock(t.Context(), "lock", opt); errs.KindOf(err) != errs.Locked || len(errs.Hints(err)) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Lock(ctx, "lock", LockOptions{Wait: -1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the context ended, the error is %v", err)
	}

	got := make(chan error)
	go func() {
		l, err := r.Lock(t.Context(), "lock", LockOptions{Wait: -1})
		if err == nil {
			err = l.Unlock()
		}
		got <- err
	}()
	release()
	check(t, <-got)
}

func TestLockOfAKilledProcessIsFree(t *testing.T) {
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	holder(t, r.Dir())() // ends without unlocking
	l, err := r.Lock(t.Context(), "lock", LockOptions{})
	check(t, err)
	check(t, l.Unlock())
	check(t, l.Unlock())
}

func TestSharedLocksExcludeOnlyTheExclusiveOne(t *testing.T) {
	eachRoot(t, func(t *testing.T, r *Root) {
		shared := LockOptions{Shared: true}
		a, err := r.Lock(t.Context(), "deep/er/lock", shared)
		check(t, err)
		b, err := r.Lock(t.Context(), "deep/er/lock", shared)
		check(t, err)
		if _, err := r.Lock(t.Context(), "deep/er/lock", LockOptions{}); errs.KindOf(err) != errs.Locked {
			t.Errorf("beside two shared ones: %v", err)
		}
		check(t, a.Unlock())
		check(t, b.Unlock())
		c, err := r.Lock(t.Context(), "deep/er/lock", LockOptions{})
		check(t, err)
		check(t, c.Unlock())
	})
}

// TestDeletedLockFileLocksNobodyIn: whoever waits for a lock whose file is
// deleted must end up with the one that others see.
func TestDeletedLockFileLocksNobodyIn(t *testing.T) {
	if onWindows {
		t.Skip("an open file keeps its name there")
	}
	r, err := OpenRoot(t.TempDir())
	check(t, err)
	defer r.Close()
	first, err := r.Lock(t.Context(), "lock", LockOptions{})
	check(t, err)
	got := make(chan *Lock)
	go func() {
		l, _ := r.Lock(t.Context(), "lock", LockOptions{Wait: -1})
		got <- l
	}()
	check(t, r.Remove("lock"))
	check(t, first.Unlock())
	l := <-got
	if l == nil {
		t.Fatal("no lock")
	}
	if _, err := r.Lock(t.Context(), "lock", LockOptions{}); errs.KindOf(err) != errs.Locked {
		t.Errorf("two hold it: %v", err)
	}
	check(t, l.Unlock())
}
