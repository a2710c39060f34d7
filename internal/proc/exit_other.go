//go:build !linux

package proc

import (
	"errors"
	"os/exec"
)

// exitOf returns how c, which was waited for, ended.
func exitOf(c *exec.Cmd, err error) Exit {
	if c.ProcessState == nil {
		return Exit{Code: -1, Signal: errors.Join(err, errors.New("its end was not seen")).Error()}
	}
	return Exit{Code: c.ProcessState.ExitCode(), Signal: signalName(c.ProcessState)}
}
