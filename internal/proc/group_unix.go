//go:build unix

package proc

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// A group is a program with those of its descendants that stay in its process
// group.
type group struct{}

// newGroup makes c start a process group of its own.
func newGroup(c *exec.Cmd) (*group, error) {
	if c.SysProcAttr == nil {
		c.SysProcAttr = &syscall.SysProcAttr{}
	}
	c.SysProcAttr.Setpgid = true
	return &group{}, nil
}

// adopt takes the started program into the group.
func (g *group) adopt(*os.Process) error { return nil }

// kill ends the group at once.
func (g *group) kill(p *os.Process) error {
	err := syscall.Kill(-p.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

func (g *group) close() {}

// signalName names the signal that ended a program; empty if it exited.
func signalName(s *os.ProcessState) string {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ws.Signal().String()
	}
	return ""
}

// envKey is what makes two names of variables one.
func envKey(name string) string { return name }
