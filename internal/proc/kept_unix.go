//go:build unix

package proc

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// detach gives the guard a session of its own: Ctrl-C is mlv's to handle, and
// a command that asks /dev/tty gets an error, where in a background group of
// the terminal's session it would be stopped for good.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// outliveSignals makes this process ignore what would end it before its
// commands. They are caught, not ignored: a command would inherit that.
func outliveSignals() {
	caught := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGPIPE}
	if !signal.Ignored(syscall.SIGHUP) { // under nohup it stays ignored, for commands too
		caught = append(caught, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), caught...)
}

// stop signals the command's process group.
func (k *kept) stop(how stop) {
	sig := map[stop]syscall.Signal{stopInterrupt: syscall.SIGINT, stopTerminate: syscall.SIGTERM}[how]
	if sig == 0 {
		k.kill()
		return
	}
	_ = syscall.Kill(-k.pid, sig)
}

// Shell returns the program and arguments that run script in the shell, which
// stops at the first command that fails.
func Shell(script string) (path string, args []string, err error) {
	return "/bin/sh", []string{"-e", "-c", script}, nil
}
