package proc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// guardWord is the only argument of mlv as a guard. It isn't a command: it is
// answered before the command line is read.
const guardWord = "__guard"

// GuardMain is the whole of mlv's main where mlv was executed as a guard, as
// args, those of the process, tell. Else it returns false and has done nothing.
func GuardMain(ctx context.Context, args []string) (code int, isGuard bool) {
	if len(args) != 2 || args[1] != guardWord {
		return 0, false
	}
	if err := keep(ctx, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err) // mlv reads it, and shows it
		return 1, true
	}
	return 0, true
}

// A keeper is the guard's own side: it starts commands, and outlives each of
// their descendants.
type keeper struct {
	requests chan request // closed when mlv has ended
	replies  io.Writer
}

// A request is a frame from mlv; run's body is a Job, signal's a stop.
type request struct {
	kind byte
	body []byte
}

// keep serves mlv, which writes to in and reads out, until in ends.
func keep(ctx context.Context, in io.Reader, out io.Writer) error {
	// The kernel counts a parent's death by the thread that forked.
	runtime.LockOSThread()
	if err := becomeKeeper(); err != nil {
		return err
	}
	k := &keeper{requests: make(chan request), replies: out}
	go k.read(in)
	for req := range k.requests {
		if req.kind != frameRun {
			continue // a stop that crossed the end of its command
		}
		if err := k.run(ctx, req.body); err != nil {
			// mlv may be gone; then the next read says so.
			_ = writeFrame(k.replies, frameError, []byte(err.Error()))
		}
	}
	return nil
}

// read passes mlv's requests on until mlv ends.
func (k *keeper) read(in io.Reader) {
	defer close(k.requests)
	r := bufio.NewReader(in)
	for {
		kind, body, err := readFrame(r, nil)
		if err != nil {
			return // whatever it is, nobody is there to be served
		}
		k.requests <- request{kind, body}
	}
}

// run runs one command and answers with its Exit when nothing of it is left.
// An error means that it never ran.
func (k *keeper) run(ctx context.Context, body []byte) error {
	job, err := decodeJob(body)
	if err != nil {
		return err
	}
	free, err := job.Hold.take(ctx)
	if err != nil {
		return err
	}
	defer free()
	pr, pw, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = pr.Close() }()
	c := exec.Command(job.Path, job.Args...)
	c.Dir, c.Env = job.Dir, environ(os.Environ(), job.Env)
	c.Stdout, c.Stderr = pw, pw
	child, err := startKept(c)
	_ = pw.Close()
	if err != nil {
		return fmt.Errorf("start %s: %w", job.Path, err)
	}
	defer child.close()
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		k.copy(pr)
	}()
	exit := k.await(child)
	exit.Strays = child.sweep()
	select {
	case <-copied:
	case <-time.After(lingering): // somebody beyond reach holds the pipe
		if pr.SetReadDeadline(time.Now()) == nil {
			<-copied
		}
	}
	free()
	_ = writeFrame(k.replies, frameExit, exit.encode()) // if mlv is gone, the next read says so
	return nil
}

// await waits for child's end, passing on what mlv asks for. If mlv ends, it
// kills child.
func (k *keeper) await(child *kept) Exit {
	ended := make(chan Exit, 1)
	go func() { ended <- child.wait() }()
	requests := k.requests
	for {
		select {
		case exit := <-ended:
			return exit
		case req, ok := <-requests:
			if !ok {
				requests = nil
				child.stop(stopKill)
			} else if req.kind == frameSignal {
				child.stop(stop(req.body))
			}
		}
	}
}

// copy sends what the command writes to mlv. Where mlv is gone it reads on, so
// that the command never waits for a reader.
func (k *keeper) copy(r io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			_ = writeFrame(k.replies, frameOutput, buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// holdWait is how long a guard may take to end what its killed mlv left.
const holdWait = 20 * time.Second

// take locks h and returns what unlocks it, however often it is called.
func (h Hold) take(ctx context.Context) (free func(), err error) {
	if h == (Hold{}) {
		return func() {}, nil
	}
	root, err := fsx.OpenRoot(h.Root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	lock, err := root.Lock(ctx, h.Path, fsx.LockOptions{Wait: holdWait})
	if err != nil {
		return nil, err
	}
	return func() { _ = lock.Unlock() }, nil // the end of the process would do, too
}
