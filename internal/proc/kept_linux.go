package proc

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sweepTime is how long the kernel may take to end killed processes; one that
// waits for a dead disk can take for ever.
const sweepTime = 10 * time.Second

// executable returns this program, also after its file was replaced: mlv and
// its guard must be of one version.
func executable() (string, error) { return "/proc/self/exe", nil }

// becomeKeeper makes this process the parent of every descendant whose own
// parent ends.
func becomeKeeper() error {
	outliveSignals()
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// A kept is a running command.
type kept struct{ pid int }

// startKept starts c in a process group of its own. Should the guard itself be
// killed, the kernel kills c.
func startKept(c *exec.Cmd) (*kept, error) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return nil, err
	}
	pid := c.Process.Pid
	return &kept{pid}, c.Process.Release() // wait reaps
}

// wait returns when the command has ended, collecting orphans meanwhile: left
// as zombies by a long command they would use up the process table.
func (k *kept) wait() Exit {
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return Exit{Code: -1, Signal: err.Error()}
		case pid == k.pid && ws.Signaled():
			return Exit{Code: -1, Signal: ws.Signal().String()}
		case pid == k.pid && ws.Exited():
			return Exit{Code: ws.ExitStatus()}
		}
	}
}

// kill ends the command and its group; sweep, after it, the rest.
func (k *kept) kill() {
	_ = unix.Kill(-k.pid, unix.SIGKILL)
	_ = unix.Kill(k.pid, unix.SIGKILL) // it may have left its group
}

// sweep kills what the ended command left and returns how many there were.
// Killing children makes theirs ours, until there are none.
func (k *kept) sweep() (strays int) {
	_ = unix.Kill(-k.pid, unix.SIGKILL)
	deadline := time.Now().Add(sweepTime)
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		switch {
		case errors.Is(err, unix.ECHILD) || time.Now().After(deadline):
			return strays
		case pid > 0:
			strays++
		case err == nil:
			for _, child := range children(os.Getpid()) {
				_ = unix.Kill(child, unix.SIGKILL)
			}
			<-time.After(time.Millisecond)
		}
	}
}

// close frees nothing: the pid was all.
func (k *kept) close() {}

// children returns the processes whose parent is ppid.
func children(ppid int) (pids []int) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = proc.Close() }()
	names, _ := proc.Readdirnames(-1) // what could be read will do: sweep looks again
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // ended meanwhile
		}
		// pid (name) state ppid …: the name may hold blanks and parentheses.
		f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(f) > 1 && string(f[1]) == strconv.Itoa(ppid) {
			pids = append(pids, pid)
		}
	}
	return pids
}
