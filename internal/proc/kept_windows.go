package proc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"
)

// executable returns this program.
func executable() (string, error) { return os.Executable() }

// detach keeps mlv's Ctrl-C from the guard.
func detach(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// becomeKeeper puts this process into a job object that ends with it, so that
// whatever it starts ends with it, too. The handle is never closed: the end of
// the process does that.
func becomeKeeper() error {
	job, err := newJob()
	if err != nil {
		return err
	}
	return windows.AssignProcessToJobObject(job, windows.CurrentProcess())
}

// A kept is a running command in its own job object, inside the guard's.
type kept struct {
	cmd   *exec.Cmd
	group *group
}

// startKept starts c.
func startKept(c *exec.Cmd) (*kept, error) {
	g, err := newGroup(c)
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		g.close()
		return nil, err
	}
	k := &kept{c, g}
	if err := g.adopt(c.Process); err != nil {
		k.kill()
		_ = c.Wait()
		g.close()
		return nil, err
	}
	return k, nil
}

// wait returns when the command has ended.
func (k *kept) wait() Exit {
	err := k.cmd.Wait()
	return exitOf(k.cmd, err)
}

// stop asks the command's console group to end, or ends it.
func (k *kept) stop(how stop) {
	if how == stopKill {
		k.kill()
		return
	}
	_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(k.cmd.Process.Pid))
}

func (k *kept) kill() { _ = k.group.kill(k.cmd.Process) }

// sweep kills what the ended command left. How much isn't known.
func (k *kept) sweep() (strays int) {
	_ = windows.TerminateJobObject(k.group.job, 1)
	return 0
}

// close frees the job object.
func (k *kept) close() { k.group.close() }

// Shell returns the program and arguments that run script in the shell that
// comes with git, which stops at the first command that fails.
func Shell(script string) (path string, args []string, err error) {
	args = []string{"-e", "-c", script}
	if git, err := Find("git"); err == nil {
		top := filepath.Dir(filepath.Dir(git)) // …\cmd\git.exe, …\bin\git.exe
		for _, sh := range []string{"bin", `usr\bin`} {
			path := filepath.Join(top, sh, "sh.exe")
			if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
				return path, args, nil
			}
		}
	}
	if path, err = Find("sh"); err != nil {
		return "", nil, errors.Join(errors.New("stages need the shell of Git for Windows"), err)
	}
	return path, args, nil
}
