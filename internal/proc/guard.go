package proc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// How long a command may take to end by itself once it was asked to, and how
// long the kernel may take to end it once it was told to.
const (
	interruptGrace = 10 * time.Second
	terminateGrace = 5 * time.Second
	killGrace      = 15 * time.Second
)

// A stop is a way of ending a command.
type stop string

const (
	stopInterrupt stop = "interrupt" // as Ctrl-C
	stopTerminate stop = "terminate"
	stopKill      stop = "kill"
)

// A Job is a command that a Guard runs, with no input.
type Job struct {
	Path string   // the program
	Args []string // without the program's name
	Dir  string
	Env  []string // on top of this process's environment, as in Cmd
	Hold Hold
}

// A Hold names a lock that the guard holds while the command or a descendant
// lives: also after mlv was killed, until nothing of the command is left. The
// zero Hold is none.
type Hold struct {
	Root string // a folder, as the system names it
	Path fsx.Path
}

// An Exit tells how a command ended.
type Exit struct {
	Code   int    // its status; -1 if a signal ended it
	Signal string // the signal's name, as "killed"
	Strays int    // processes that it left and that were killed
}

// Err returns nil for success, else an *ExitError about name.
func (e Exit) Err(name string) error {
	if e.Code == 0 && e.Signal == "" {
		return nil
	}
	return &ExitError{Name: name, Code: e.Code, Signal: e.Signal}
}

// A Guard runs commands, one at a time, in a process of its own: mlv executed
// again. When a command ends, or this process does, however that happens, the
// guard kills what is left of the command: on Linux every descendant, on
// Windows too, elsewhere those that have not left its process group and those
// whose parents still live.
//
// The zero Guard is ready; its process starts with the first command, so that
// a run without one costs nothing. Close it.
type Guard struct {
	mu      sync.Mutex // held while a command runs
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	replies *bufio.Reader
	stderr  *tail
}

// Run runs job, copies what it writes to out and returns how it ended, once it
// and all its descendants have. When ctx ends, the command is asked to end:
// by SIGINT, or by SIGTERM if that is what ended ctx or its time ran out, and
// 10 or 5 seconds later it is killed; Run returns ctx's error then. An error of
// out does not end the command; it is returned with the Exit.
func (g *Guard) Run(ctx context.Context, job Job, out io.Writer) (Exit, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Exit{}, err
	}
	body, err := job.encode()
	if err != nil {
		return Exit{}, err
	}
	if err := g.start(); err != nil {
		return Exit{}, fmt.Errorf("start the guard: %w", err)
	}
	if err := writeFrame(g.stdin, frameRun, body); err != nil {
		return Exit{}, g.lost(err)
	}
	type result struct {
		exit Exit
		err  error
	}
	done := make(chan result, 1)
	go func() {
		exit, err := g.follow(out)
		done <- result{exit, err}
	}()
	select {
	case r := <-done:
		return r.exit, r.err
	case <-ctx.Done():
	}
	for _, step := range ladder(ctx) {
		_ = writeFrame(g.stdin, frameSignal, []byte(step.how)) // a guard that is gone ends follow
		select {
		case r := <-done:
			return r.exit, ctx.Err()
		case <-time.After(step.grace):
		}
	}
	_ = g.cmd.Process.Kill()
	r := <-done
	return r.exit, ctx.Err()
}

// rung is one step of a ladder: how to end a command, and how long it may take.
type rung struct {
	how   stop
	grace time.Duration
}

// ladder returns the steps that end a command when ctx has ended.
func ladder(ctx context.Context) []rung {
	cause := context.Cause(ctx)
	// signal.NotifyContext gives the signal as the text of the cause alone.
	terminated := cause != nil && cause.Error() == syscall.SIGTERM.String()+" signal received"
	if terminated || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return []rung{{stopTerminate, terminateGrace}, {stopKill, killGrace}}
	}
	return []rung{{stopInterrupt, interruptGrace}, {stopKill, killGrace}}
}

// follow copies the command's output until it has ended.
func (g *Guard) follow(out io.Writer) (Exit, error) {
	var buf []byte
	var outErr error
	for {
		kind, body, err := readFrame(g.replies, buf)
		if err != nil {
			return Exit{}, g.lost(err)
		}
		buf = body[:0]
		switch kind {
		case frameOutput:
			if outErr == nil {
				_, outErr = out.Write(body)
			}
		case frameError:
			return Exit{}, errors.New(string(body))
		case frameExit:
			exit, err := decodeExit(body)
			return exit, errors.Join(err, outErr)
		default:
			return Exit{}, fmt.Errorf("guard sent a frame of kind %q", kind)
		}
	}
}

// lost forgets a guard that has ended and returns why it did. Its command may
// live on; another guard would know nothing of it.
func (g *Guard) lost(err error) error {
	_ = g.stdin.Close()
	_ = g.cmd.Process.Kill()
	if end := g.cmd.Wait(); end != nil {
		err = end
	}
	g.cmd = nil
	return fmt.Errorf("the guard of running commands ended: %w: %s", err, g.stderr)
}

// start starts the guard's process if there is none.
func (g *Guard) start() error {
	if g.cmd != nil {
		return nil
	}
	self, err := executable()
	if err != nil {
		return err
	}
	g.stderr = &tail{}
	cmd := &exec.Cmd{Path: self, Args: []string{"mlv", guardWord}, Env: os.Environ(), Stderr: g.stderr}
	detach(cmd)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if g.stdin, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	g.cmd, g.replies = cmd, bufio.NewReaderSize(stdout, 64<<10)
	return nil
}

// Close ends the guard's process, and whatever still runs under it.
func (g *Guard) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cmd == nil {
		return nil
	}
	_ = g.stdin.Close()
	err := g.cmd.Wait()
	g.cmd = nil
	return err
}

// encode returns job as the body of a frame.
func (job Job) encode() ([]byte, error) {
	items := []string{job.Path, job.Dir, job.Hold.Root, string(job.Hold.Path), strconv.Itoa(len(job.Args))}
	items = append(append(items, job.Args...), job.Env...)
	return joinList(items...)
}

// decodeJob is the inverse of encode.
func decodeJob(body []byte) (Job, error) {
	items, err := splitList(body)
	if err != nil {
		return Job{}, err
	}
	if len(items) < 5 {
		return Job{}, fmt.Errorf("job of %d items", len(items))
	}
	job := Job{Path: items[0], Dir: items[1], Hold: Hold{items[2], fsx.Path(items[3])}}
	n, err := strconv.Atoi(items[4])
	rest := items[5:]
	if err != nil || n < 0 || n > len(rest) {
		return Job{}, fmt.Errorf("job with %q arguments in %d items", items[4], len(rest))
	}
	job.Args, job.Env = rest[:n], rest[n:]
	return job, nil
}

// encode returns e as the body of a frame.
func (e Exit) encode() []byte {
	b, _ := joinList(strconv.Itoa(e.Code), e.Signal, strconv.Itoa(e.Strays)) // names of signals hold no NUL
	return b
}

// decodeExit is the inverse of encode.
func decodeExit(body []byte) (e Exit, err error) {
	items, err := splitList(body)
	if err != nil || len(items) != 3 {
		return Exit{}, fmt.Errorf("exit of %d items: %w", len(items), err)
	}
	e.Signal = items[1]
	if e.Code, err = strconv.Atoi(items[0]); err == nil {
		e.Strays, err = strconv.Atoi(items[2])
	}
	return e, err
}
