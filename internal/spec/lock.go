package spec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/value"
)

// maxLock is the most bytes that a lock may have.
const maxLock = 64 << 20

// lockHead begins every lock.
const lockHead = "# written by mlv; after a merge conflict take either side whole and run: mlv repro\nversion: 1\n"

// A Lock is mlv.lock: a record of the last run of each stage. Its format is
// docs/format/mlv-lock.md. The zero Lock is empty.
type Lock struct {
	Entries []*Entry // by name
}

// An Entry is the record of one run. Lists rise strictly by path, file or key.
type Entry struct {
	Name        string
	Cmd         []string
	Wdir        string // "": the lock's folder
	Deps        []Content
	Params      []Values
	Env         []Var
	Environment []Content
	Outs        []Content
	Metrics     []Values
	Data        []Content
	Sum         string // as read; Put sets it
}

// A Content is what a path held when the stage ran. Paths are as seen from
// the entry's Wdir.
type Content struct {
	Path    string
	ID      object.ID
	Size    int64
	Files   int64       // of a directory
	Mode    object.Mode // File, Exec or Tree
	Etag    string      // of a URL, which has no ID
	Image   bool        // a container image: its name holds its digest
	NoCache bool
	NoPush  bool
	Remote  string
}

// Values are leaves of one file.
type Values struct {
	File  string
	Pairs []value.Field // by dotted key
	State string        // of metrics without Pairs: Large or Invalid
}

// What stands for the values of a metrics file that the lock does not hold.
const (
	Large   = "large"   // more than MaxMetrics of them
	Invalid = "invalid" // the file could not be read
)

// MaxMetrics is how many scalars of one metrics file a lock holds.
const MaxMetrics = 1000

// A Var is an environment variable with a fixed value.
type Var struct{ Name, Value string }

// MetricValues returns what a lock holds of a metrics file with value v.
func MetricValues(file string, v value.Value) Values {
	pairs := value.Flatten(v)
	n := 0
	for _, f := range pairs {
		n += scalars(f.Value)
	}
	if n > MaxMetrics {
		return Values{File: file, State: Large}
	}
	return Values{File: file, Pairs: pairs}
}

func scalars(v value.Value) int {
	n := 0
	for _, item := range v.Items() {
		n += scalars(item)
	}
	for _, f := range v.Fields() {
		n += scalars(f.Value)
	}
	if v.Kind() != value.List && v.Kind() != value.Map {
		n = 1
	}
	return n
}

// Get returns the entry of a stage, nil if there is none.
func (l *Lock) Get(name string) *Entry {
	if i, ok := l.search(name); ok {
		return l.Entries[i]
	}
	return nil
}

func (l *Lock) search(name string) (int, bool) {
	return slices.BinarySearchFunc(l.Entries, name, func(e *Entry, name string) int { return strings.Compare(e.Name, name) })
}

// Put files e under its name: it sorts e's lists and sets its Sum.
func (l *Lock) Put(e *Entry) {
	byPath := func(a, b Content) int { return strings.Compare(a.Path, b.Path) }
	for _, list := range [...][]Content{e.Deps, e.Environment, e.Outs, e.Data} {
		slices.SortFunc(list, byPath)
	}
	for _, list := range [...][]Values{e.Params, e.Metrics} {
		slices.SortFunc(list, func(a, b Values) int { return strings.Compare(a.File, b.File) })
		for _, v := range list {
			slices.SortFunc(v.Pairs, func(a, b value.Field) int { return strings.Compare(a.Key, b.Key) })
		}
	}
	slices.SortFunc(e.Env, func(a, b Var) int { return strings.Compare(a.Name, b.Name) })
	e.Sum = e.sum()
	i, ok := l.search(e.Name)
	if !ok {
		l.Entries = slices.Insert(l.Entries, i, e)
	}
	l.Entries[i] = e
}

// Remove takes the entry of a stage away.
func (l *Lock) Remove(name string) {
	if i, ok := l.search(name); ok {
		l.Entries = slices.Delete(l.Entries, i, i+1)
	}
}

// Intact tells whether e is the record of a run. One that git merged from two
// sides is not: no run ever had these lines together.
func (e *Entry) Intact() bool { return e.Sum == e.sum() }

func (e *Entry) sum() string {
	id := object.Sum(e.body(nil))
	return hex.EncodeToString(id[:8])
}

// Key returns the run key: the hash of KeyLines.
func (e *Entry) Key() object.ID { return object.Sum(e.KeyLines()) }

// KeyLines returns the lines that say what the stage's result depends on: its
// inputs as in the entry, then the paths of its outputs. Two entries with
// equal lines have equal results.
func (e *Entry) KeyLines() []byte {
	b := append(make([]byte, 0, 1024), "mlv-key 1\n"...)
	b = appendCmd(b, e.Cmd)
	b = e.inputs(b)
	if len(e.Outs) > 0 {
		b = append(b, "outs:\n"...)
		for _, out := range e.Outs {
			b = append(value.AppendString(append(b, "  "...), out.Path), ":\n"...)
		}
	}
	return b
}

// body appends the entry's lines without indentation and without its sum.
func (e *Entry) body(b []byte) []byte {
	b = appendCmd(b, e.Cmd)
	if e.Wdir != "" {
		b = append(value.AppendString(append(b, "wdir: "...), e.Wdir), '\n')
	}
	b = e.inputs(b)
	b = appendContents(b, "outs", e.Outs)
	b = appendValues(b, "metrics", e.Metrics)
	return appendContents(b, "data", e.Data)
}

// inputs appends the sections that make the key, but for cmd.
func (e *Entry) inputs(b []byte) []byte {
	b = appendContents(b, "deps", e.Deps)
	b = appendValues(b, "params", e.Params)
	if len(e.Env) > 0 {
		b = append(b, "env:\n"...)
		for _, v := range e.Env {
			b = append(value.AppendString(append(b, "  "...), v.Name), ": "...)
			b = append(value.AppendString(b, v.Value), '\n')
		}
	}
	return appendContents(b, "environment", e.Environment)
}

func appendCmd(b []byte, cmd []string) []byte {
	b = append(b, "cmd:"...)
	if len(cmd) == 1 {
		return append(value.AppendString(append(b, ' '), cmd[0]), '\n')
	}
	b = append(b, '\n')
	for _, line := range cmd {
		b = append(value.AppendString(append(b, "- "...), line), '\n')
	}
	return b
}

func appendContents(b []byte, section string, list []Content) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(append(b, section...), ":\n"...)
	for _, c := range list {
		b = append(value.AppendString(append(b, "  "...), c.Path), ": "...)
		b = append(c.appendTo(b), '\n')
	}
	return b
}

func (c *Content) appendTo(b []byte) []byte {
	switch {
	case c.Image:
		return append(b, "image"...)
	case c.Etag != "":
		b = value.AppendQuoted(append(b, "{etag: "...), c.Etag)
	default:
		b = c.ID.AppendTo(append(b, "{hash: blake3:"...))
	}
	b = strconv.AppendInt(append(b, ", size: "...), c.Size, 10)
	if c.Mode == object.Tree {
		b = strconv.AppendInt(append(b, ", files: "...), c.Files, 10)
	}
	if c.Mode == object.Exec {
		b = append(b, ", exec: true"...)
	}
	if c.NoCache {
		b = append(b, ", cache: false"...)
	}
	if c.NoPush {
		b = append(b, ", push: false"...)
	}
	if c.Remote != "" {
		b = append(append(b, ", remote: "...), c.Remote...)
	}
	return append(b, '}')
}

func appendValues(b []byte, section string, list []Values) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(append(b, section...), ":\n"...)
	for _, v := range list {
		b = append(value.AppendString(append(b, "  "...), v.File), ':')
		if v.State != "" {
			b = append(append(append(b, ' '), v.State...), '\n')
			continue
		}
		b = append(b, '\n')
		for _, p := range v.Pairs {
			b = append(value.AppendString(append(b, "    "...), p.Key), ": "...)
			b = append(p.Value.AppendLine(b), '\n')
		}
	}
	return b
}

// Format returns the lock's text. It fails for an entry that has no text:
// names that are not UTF-8, lists that do not rise, no command.
func (l *Lock) Format() ([]byte, error) {
	b := append(make([]byte, 0, 1024*len(l.Entries)+len(lockHead)), lockHead...)
	if len(l.Entries) == 0 {
		return b, nil
	}
	b = append(b, "stages:\n"...)
	var body []byte
	for i, e := range l.Entries {
		if i > 0 && l.Entries[i-1].Name >= e.Name {
			return nil, fmt.Errorf("stage %s is out of order", e.Name)
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("stage %s: %w", e.Name, err)
		}
		b = append(value.AppendString(append(b, "  "...), e.Name), ":\n"...)
		body = e.body(body[:0])
		if !utf8.Valid(body) {
			return nil, fmt.Errorf("stage %s: text that is not UTF-8", e.Name)
		}
		for start := 0; start < len(body); {
			end := start + bytes.IndexByte(body[start:], '\n') + 1
			b = append(append(b, "    "...), body[start:end]...)
			start = end
		}
		b = append(value.AppendQuoted(append(b, "    sum: "...), e.Sum), '\n')
	}
	if len(b) > maxLock {
		return nil, errs.At(errs.Usage, LockName, "", "the lock would be larger than %d bytes", maxLock)
	}
	return b, nil
}

// check holds that e has exactly one text.
func (e *Entry) check() error {
	if len(e.Cmd) == 0 || e.Name == "" {
		return errors.New("no name or no command")
	}
	for _, list := range [...][]Content{e.Deps, e.Environment, e.Outs, e.Data} {
		for i, c := range list {
			if i > 0 && list[i-1].Path >= c.Path || c.Path == "" || c.Size < 0 || c.Files < 0 {
				return fmt.Errorf("%q is out of order, or stands twice", c.Path)
			}
			if c.Remote != "" && !isName(c.Remote) {
				return fmt.Errorf("%s: %q is no name of a remote", c.Path, c.Remote)
			}
		}
	}
	for _, list := range [...][]Values{e.Params, e.Metrics} {
		for i, v := range list {
			if i > 0 && list[i-1].File >= v.File || v.File == "" || (v.State == "") != (len(v.Pairs) > 0) {
				return fmt.Errorf("%q is out of order, stands twice, or has no values", v.File)
			}
			for j, p := range v.Pairs {
				if j > 0 && v.Pairs[j-1].Key >= p.Key {
					return fmt.Errorf("%s: %q is out of order, or stands twice", v.File, p.Key)
				}
			}
		}
	}
	for i, v := range e.Env {
		if i > 0 && e.Env[i-1].Name >= v.Name || v.Name == "" {
			return fmt.Errorf("env %q is out of order, or stands twice", v.Name)
		}
	}
	return nil
}

// isName tells whether s may name a remote: letters, digits, '_', '-' and,
// inside, '.'.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		ok := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.' && i > 0
		if !ok {
			return false
		}
	}
	return s != ""
}
