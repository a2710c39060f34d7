//go:build unix && !linux

package proc

import (
	"os"
	"os/exec"
	"syscall"
)

// executable returns this program.
func executable() (string, error) { return os.Executable() }

// becomeKeeper makes this process outlive its commands. There is no way here
// to adopt orphans.
func becomeKeeper() error {
	outliveSignals()
	return nil
}

// A kept is a running command.
type kept struct {
	cmd *exec.Cmd
	pid int
}

// startKept starts c in a process group of its own.
func startKept(c *exec.Cmd) (*kept, error) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return &kept{c, c.Process.Pid}, nil
}

// wait returns when the command has ended.
func (k *kept) wait() Exit {
	err := k.cmd.Wait()
	return exitOf(k.cmd, err)
}

// kill ends the command's group, and its descendants in other groups as far as
// the chain of parents still leads to them.
func (k *kept) kill() {
	for _, pid := range descendants(k.pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = syscall.Kill(-k.pid, syscall.SIGKILL)
}

// sweep kills what the ended command left in its group. It returns 1 if there
// was something: how much isn't known.
func (k *kept) sweep() (strays int) {
	if syscall.Kill(-k.pid, syscall.SIGKILL) == nil {
		return 1
	}
	return 0
}

// close frees nothing: wait did.
func (k *kept) close() {}
