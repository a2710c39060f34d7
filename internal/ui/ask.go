package ui

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// CanAsk tells whether a person is there to answer: both the questions' stream
// and the input are a terminal.
func (s *Screen) CanAsk() bool {
	in, ok := s.In.(*os.File)
	return s.Err.Terminal && (s.Err.width > 0 || ok && term.IsTerminal(int(in.Fd())))
}

// Ask asks a question that yes or no answers; everything but a yes, and the
// end of the input, is a no. Call it only where CanAsk is true. When ctx ends
// first, the read of the input is left behind.
func (s *Screen) Ask(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(s.Err, "%s [y/N] ", question)
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(s.In).ReadString('\n')
		got <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(s.Err)
		return false, ctx.Err()
	case a := <-got:
		if a.err != nil && a.err != io.EOF {
			return false, fmt.Errorf("read the answer: %w", a.err)
		}
		switch strings.ToLower(strings.TrimSpace(a.line)) {
		case "y", "yes":
			return true, nil
		}
		return false, nil
	}
}
