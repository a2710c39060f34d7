package proc

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A group is a program with its descendants: a job object that ends with its
// handle. What a program starts before adopt has put it into the job escapes;
// the guard, which is in a job itself, has no such gap.
type group struct{ job windows.Handle }

// newGroup makes c start a console process group of its own.
func newGroup(c *exec.Cmd) (*group, error) {
	job, err := newJob()
	if err != nil {
		return nil, err
	}
	if c.SysProcAttr == nil {
		c.SysProcAttr = &syscall.SysProcAttr{}
	}
	c.SysProcAttr.CreationFlags |= windows.CREATE_NEW_PROCESS_GROUP
	return &group{job}, nil
}

// newJob returns a job object whose processes end with its last handle.
func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return 0, err
	}
	return job, nil
}

// adopt takes the started program into the group.
func (g *group) adopt(p *os.Process) error {
	const access = windows.PROCESS_SET_QUOTA | windows.PROCESS_TERMINATE
	h, err := windows.OpenProcess(access, false, uint32(p.Pid))
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(h) }()
	return windows.AssignProcessToJobObject(g.job, h)
}

// kill ends the group at once.
func (g *group) kill(p *os.Process) error {
	_ = windows.TerminateJobObject(g.job, 1)
	return p.Kill()
}

func (g *group) close() { _ = windows.CloseHandle(g.job) }

// signalName names the signal that ended a program: there are none here.
func signalName(*os.ProcessState) string { return "" }

// envKey is what makes two names of variables one.
func envKey(name string) string { return strings.ToUpper(name) }
