// Package ui is the terminal: its width and colours, progress, questions and
// the pager. Text that others wrote passes render.Safe before it comes here.
package ui

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"

	"golang.org/x/term"
)

// Options say what the screen is made of.
type Options struct {
	In       io.Reader
	Out, Err io.Writer
	Env      func(name string) string // NO_COLOR, CLICOLOR_FORCE, TERM, MLV_FORCE_TTY
}

// A Screen is the terminal of one invocation. Its streams may be written by
// several goroutines; a progress line never mixes with what they write.
type Screen struct {
	In       io.Reader
	Out, Err *Stream

	mu    sync.Mutex
	drawn bool // a progress line stands at the end of Err
}

// A Stream is stdout or stderr.
type Stream struct {
	Terminal bool // a person looks at it

	screen *Screen
	w      io.Writer
	width  int // forced, else 0
	color  bool
}

// plainWidth is the width where nothing tells one.
const plainWidth = 80

// New returns the screen made of opt's streams.
func New(opt Options) *Screen {
	s := &Screen{In: opt.In}
	s.Out = s.stream(opt.Out, opt)
	s.Err = s.stream(opt.Err, opt)
	return s
}

func (s *Screen) stream(w io.Writer, opt Options) *Stream {
	st := &Stream{screen: s, w: w}
	file, isFile := w.(*os.File)
	st.Terminal = isFile && term.IsTerminal(int(file.Fd())) && understandsEscapes(file) && opt.Env("TERM") != "dumb"
	if forced, err := strconv.Atoi(opt.Env("MLV_FORCE_TTY")); err == nil && forced > 0 {
		st.Terminal, st.width = true, forced
	}
	st.color = st.Terminal && opt.Env("NO_COLOR") == ""
	if force := opt.Env("CLICOLOR_FORCE"); force != "" && force != "0" {
		st.color = true
	}
	return st
}

// Color turns colour on or off, whatever the terminal and the environment say.
func (s *Screen) Color(on bool) { s.Out.color, s.Err.color = on, on }

// Width returns how many columns the stream shows now.
func (st *Stream) Width() int {
	if st.width > 0 {
		return st.width
	}
	if file, ok := st.w.(*os.File); ok && st.Terminal {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return plainWidth
}

// Height returns how many lines the stream shows; 0 where nothing tells.
func (st *Stream) Height() int {
	if file, ok := st.w.(*os.File); ok && st.Terminal {
		if _, height, err := term.GetSize(int(file.Fd())); err == nil {
			return height
		}
	}
	return 0
}

// Write writes b where a progress line, if one stands there, makes room.
func (st *Stream) Write(b []byte) (int, error) {
	st.screen.mu.Lock()
	defer st.screen.mu.Unlock()
	st.screen.erase()
	return st.w.Write(b)
}

// A Role is what a colour means. Text must be understandable without it.
type Role uint8

// The roles.
const (
	Good   Role = iota // added, better, passed
	Bad                // deleted, worse, failed, an error
	Warn               // modified, a warning
	Dim                // beside the point
	Strong             // what to look at first
)

// Paint returns s in the colour of role, or s itself on a stream without
// colour.
func (st *Stream) Paint(role Role, s string) string {
	if !st.color || s == "" {
		return s
	}
	codes := [...]int{Good: 32, Bad: 31, Warn: 33, Dim: 2, Strong: 1}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", codes[role], s)
}
