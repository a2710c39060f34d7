// Package proc runs other programs: short ones for their output, stages under
// a guard that leaves nothing of them behind.
package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// lingering is how long a program's output is awaited once it has ended, or
// was killed, while a descendant still holds the other end of the pipe.
const lingering = 2 * time.Second

// A Cmd says what to run. No shell is involved.
type Cmd struct {
	Path  string    // what Find returned; a bare name is looked up in PATH
	Args  []string  // without the program's name
	Dir   string    // empty: that of this process
	Env   []string  // on top of this process's environment: NAME=VALUE sets, NAME alone unsets
	Stdin io.Reader // nil: no input
}

// An ExitError says that a program ran and did not succeed.
type ExitError struct {
	Name   string // the program, without its folder
	Code   int    // its status; -1 if a signal ended it
	Signal string // the signal's name, as "killed"
	Stderr string // the last of what it wrote there, trimmed
}

func (e *ExitError) Error() string {
	how := fmt.Sprintf("exit status %d", e.Code)
	if e.Signal != "" {
		how = e.Signal
	}
	if e.Stderr != "" {
		return e.Name + ": " + how + ": " + e.Stderr
	}
	return e.Name + ": " + how
}

// Find returns the absolute path of the program called name, from PATH. It
// never finds one in the working directory merely because PATH lists ".".
// The error of an absent program is exec.ErrNotFound.
func Find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// Output runs cmd and returns what it writes to its standard output, also
// next to an error. When ctx ends, the program and its process group are
// killed and ctx's error is returned; a program that fails gives an
// *ExitError.
func Output(ctx context.Context, cmd Cmd) ([]byte, error) {
	c, stderr := command(ctx, cmd)
	var stdout bytes.Buffer
	c.Stdin = cmd.Stdin
	c.Stdout = &stdout
	group, err := start(c)
	if err != nil {
		return nil, started(ctx, cmd, err)
	}
	defer group.close()
	err = ended(ctx, c, c.Wait(), stderr)
	return stdout.Bytes(), err
}

// command prepares cmd: its group is killed when ctx ends, and the last it
// writes to its standard error is kept.
func command(ctx context.Context, cmd Cmd) (*exec.Cmd, *tail) {
	c := exec.CommandContext(ctx, cmd.Path, cmd.Args...)
	c.Dir = cmd.Dir
	c.Env = environ(os.Environ(), cmd.Env)
	c.WaitDelay = lingering
	stderr := &tail{}
	c.Stderr = stderr
	return c, stderr
}

// start starts c in a process group of its own.
func start(c *exec.Cmd) (*group, error) {
	g, err := newGroup(c)
	if err != nil {
		return nil, err
	}
	c.Cancel = func() error { return g.kill(c.Process) }
	if err := c.Start(); err != nil {
		g.close()
		return nil, err
	}
	if err := g.adopt(c.Process); err != nil {
		_ = c.Cancel()
		_ = c.Wait()
		g.close()
		return nil, err
	}
	return g, nil
}

// started classifies the error of a program that could not be started.
func started(ctx context.Context, cmd Cmd, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
}

// ended classifies the error that waiting for c gave.
func ended(ctx context.Context, c *exec.Cmd, err error, stderr *tail) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrWaitDelay):
		return nil // it succeeded; a descendant that it left keeps the pipe
	case errors.As(err, &exit):
		return &ExitError{
			Name:   filepath.Base(c.Path),
			Code:   exit.ExitCode(),
			Signal: signalName(exit.ProcessState),
			Stderr: strings.TrimSpace(stderr.String()),
		}
	}
	return fmt.Errorf("%s: %w", filepath.Base(c.Path), err)
}

// environ returns base changed by the entries of changes: NAME=VALUE sets,
// NAME alone unsets.
func environ(base, changes []string) []string {
	if len(changes) == 0 {
		return base
	}
	changed := make(map[string]bool, len(changes))
	for _, e := range changes {
		name, _, _ := strings.Cut(e, "=")
		changed[envKey(name)] = true
	}
	env := make([]string, 0, len(base)+len(changes))
	for _, e := range base {
		name, _, _ := strings.Cut(e, "=")
		if !changed[envKey(name)] {
			env = append(env, e)
		}
	}
	for _, e := range changes {
		if strings.Contains(e, "=") {
			env = append(env, e)
		}
	}
	return env
}
