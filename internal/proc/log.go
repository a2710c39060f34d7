package proc

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
)

// maxLine is how long a line may grow in memory before a Log writes it out.
const maxLine = 1 << 20

// A Log keeps what a command writes as a person saw it in the end: of a line
// that carriage returns rewrote, as progress bars do, its last state. Close
// writes the line that has not ended; it does not close the writer below.
type Log struct {
	w        io.Writer
	line     []byte
	returned bool // a carriage return was the last byte
}

// NewLog returns a Log that writes to w.
func NewLog(w io.Writer) *Log { return &Log{w: w} }

// Write takes the next piece; whole lines are written to the writer below.
func (l *Log) Write(b []byte) (int, error) {
	var done []byte
	for rest := b; len(rest) > 0; {
		if l.returned && rest[0] != '\n' && rest[0] != '\r' {
			l.line = l.line[:0]
		}
		l.returned = false
		n := bytes.IndexAny(rest, "\r\n")
		if n < 0 {
			l.line = append(l.line, rest...)
			break
		}
		l.line = append(l.line, rest[:n]...)
		if rest[n] == '\n' {
			done = append(append(done, l.line...), '\n')
			l.line = l.line[:0]
		} else {
			l.returned = true
		}
		rest = rest[n+1:]
	}
	if len(l.line) > maxLine {
		done = append(done, l.line...)
		l.line = l.line[:0]
	}
	if len(done) == 0 {
		return len(b), nil
	}
	if _, err := l.w.Write(done); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close writes the last line if it had no end, and ends it.
func (l *Log) Close() error {
	if len(l.line) == 0 {
		return nil
	}
	_, err := l.w.Write(append(l.line, '\n'))
	l.line = nil
	return err
}

// mask stands for a secret.
const mask = "***"

// A Mask passes on what is written to it with secrets replaced, however the
// writes cut them. Only what may be the beginning of a secret waits for the
// next write. Close writes that; it does not close the writer below.
type Mask struct {
	w       io.Writer
	secrets [][]byte // longest first
	held    []byte
}

// NewMask returns a Mask of secrets that writes to w.
func NewMask(w io.Writer, secrets []string) *Mask {
	m := &Mask{w: w}
	for _, s := range secrets {
		if s != "" {
			m.secrets = append(m.secrets, []byte(s))
		}
	}
	slices.SortFunc(m.secrets, func(a, b []byte) int { return len(b) - len(a) })
	return m
}

// Write passes b on.
func (m *Mask) Write(b []byte) (int, error) {
	if len(m.secrets) == 0 {
		return m.w.Write(b)
	}
	m.held = append(m.held, b...)
	return len(b), m.pass(false)
}

// Close passes on what waits.
func (m *Mask) Close() error { return m.pass(true) }

// pass writes what is held, up to what may be the beginning of a secret if
// more can come.
func (m *Mask) pass(last bool) error {
	var out []byte
	at := 0
	for at < len(m.held) {
		rest := m.held[at:]
		if !last && m.begins(rest) {
			break
		}
		if n := m.match(rest); n > 0 {
			out = append(out, mask...)
			at += n
			continue
		}
		out = append(out, rest[0])
		at++
	}
	m.held = append(m.held[:0], m.held[at:]...)
	if len(out) == 0 {
		return nil
	}
	_, err := m.w.Write(out)
	return err
}

// begins tells whether all of b is the beginning of a longer secret.
func (m *Mask) begins(b []byte) bool {
	return slices.ContainsFunc(m.secrets, func(s []byte) bool { return len(s) > len(b) && bytes.HasPrefix(s, b) })
}

// match returns the length of the longest secret with which b begins.
func (m *Mask) match(b []byte) int {
	for _, s := range m.secrets {
		if bytes.HasPrefix(b, s) {
			return len(s)
		}
	}
	return 0
}

// secretLength is the shortest value that is taken for a secret: a shorter one
// stands in too many words.
const secretLength = 8

// Secrets returns the values in this process's environment, changed by env as
// in Cmd, that their variables' names call secret.
func Secrets(env []string) (secrets []string) {
	for _, e := range environ(os.Environ(), env) {
		name, value, _ := strings.Cut(e, "=")
		if len(value) >= secretLength && secretName(strings.ToUpper(name)) {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

func secretName(name string) bool {
	for _, word := range []string{"TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return strings.HasSuffix(name, "KEY")
}
