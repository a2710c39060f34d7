package proc

import (
	"context"
	"errors"
	"io"
	"os/exec"
)

// A Stream is a program that runs and is talked to through its standard input
// and output. It is for one goroutine. Its end is Close.
type Stream struct {
	ctx    context.Context
	cmd    *exec.Cmd
	group  *group
	stdin  io.WriteCloser
	stdout io.ReadCloser
	stderr *tail
	eof    bool
}

// Start starts cmd, whose Stdin must be nil, as a Stream. When ctx ends, the
// program and its process group are killed.
func Start(ctx context.Context, cmd Cmd) (*Stream, error) {
	c, stderr := command(ctx, cmd)
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	g, err := start(c)
	if err != nil {
		return nil, started(ctx, cmd, err)
	}
	return &Stream{ctx: ctx, cmd: c, group: g, stdin: stdin, stdout: stdout, stderr: stderr}, nil
}

// Write sends b to the program's input.
func (s *Stream) Write(b []byte) (int, error) { return s.stdin.Write(b) }

// CloseWrite ends the program's input.
func (s *Stream) CloseWrite() error { return s.stdin.Close() }

// Read reads from the program's output.
func (s *Stream) Read(b []byte) (int, error) {
	n, err := s.stdout.Read(b)
	if errors.Is(err, io.EOF) {
		s.eof = true
	}
	return n, err
}

// Close ends the program. If its output was read to the end, Close waits for
// it and returns how it ended, as Output does; else it kills the program,
// whose answers nobody wants any more, and returns nil.
func (s *Stream) Close() error {
	defer s.group.close()
	_ = s.stdin.Close()
	if s.eof {
		return ended(s.ctx, s.cmd, s.cmd.Wait(), s.stderr)
	}
	_ = s.cmd.Cancel()
	_ = s.cmd.Wait()
	return nil
}
