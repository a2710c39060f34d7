package proc

import (
	"context"
	"os"
	"os/exec"
	"syscall"
)

// Attach runs cmd on this process's own streams and in its process group, so
// that the terminal and its keys are the program's for as long as it runs:
// for pagers, editors and programs that extend mlv. Its input is cmd.Stdin if
// there is one. When ctx ends the program is asked to end, and is waited for.
// One that fails gives an *ExitError without text: what it said is on the
// screen.
func Attach(ctx context.Context, cmd Cmd) error {
	c := exec.CommandContext(ctx, cmd.Path, cmd.Args...)
	c.Dir = cmd.Dir
	c.Env = environ(os.Environ(), cmd.Env)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if cmd.Stdin != nil {
		c.Stdin = cmd.Stdin
	}
	c.Cancel = func() error {
		_ = c.Process.Signal(syscall.SIGTERM) // Windows has none: there the console's Ctrl-C has told it
		return nil
	}
	if err := c.Start(); err != nil {
		return started(ctx, cmd, err)
	}
	return ended(ctx, c, c.Wait(), &tail{})
}
