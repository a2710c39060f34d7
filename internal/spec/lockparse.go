package spec

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/value"
)

// ParseLock reads a lock; name is for messages. It accepts exactly what Format
// writes, with LF or CRLF. An entry whose sum is wrong is read like any other.
func ParseLock(name string, b []byte) (*Lock, error) {
	if len(b) > maxLock {
		return nil, tooLarge(name, maxLock)
	}
	if err := conflicted(name, b, "take either side whole and run: mlv repro"); err != nil {
		return nil, err
	}
	if bytes.Contains(b, []byte("\r\n")) { // git made it so on checkout
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	}
	p := &lockParser{rest: string(b)}
	lock, err := p.lock()
	if err != nil {
		return nil, broken(name, p.line, err)
	}
	again, err := lock.Format()
	if err != nil {
		return nil, broken(name, 0, err)
	}
	if !bytes.Equal(b, again) {
		return nil, broken(name, firstDifference(b, again), errors.New("not as mlv writes it"))
	}
	return lock, nil
}

func broken(name string, line int, err error) error {
	return &errs.Error{
		Kind: errs.Corrupt, Path: name, Line: line, Err: err,
		Hint: "take " + LockName + " from git again, or delete it and run 'mlv repro'",
	}
}

// firstDifference returns the line, from 1, at which a and b part.
func firstDifference(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return bytes.Count(a[:n], []byte("\n")) + 1
}

// A lockParser walks over lines. It is lenient in order and spelling, which
// comparing with Format makes good.
type lockParser struct {
	rest string
	line int // of the line that was read last, from 1
}

// next takes the next line if it is indented by exactly indent blanks.
func (p *lockParser) next(indent int) (string, bool) {
	if len(p.rest) <= indent || p.rest[indent] == ' ' || strings.TrimLeft(p.rest[:indent], " ") != "" {
		return "", false
	}
	text, rest, ended := strings.Cut(p.rest[indent:], "\n")
	if !ended {
		return "", false
	}
	p.rest = rest
	p.line++
	return text, true
}

func (p *lockParser) lock() (*Lock, error) {
	l := &Lock{}
	rest, ok := strings.CutPrefix(p.rest, lockHead[:strings.IndexByte(lockHead, '\n')+1])
	if !ok {
		p.line = 1
		return nil, errors.New("not a lock: its first line is missing")
	}
	p.rest, p.line = rest, 1
	if text, _ := p.next(0); text != "version: 1" {
		if v, ok := strings.CutPrefix(text, "version: "); ok {
			return nil, fmt.Errorf("version %s needs a newer mlv", v)
		}
		return nil, errors.New("it names no version")
	}
	if text, ok := p.next(0); ok && text != "stages:" {
		return nil, fmt.Errorf("unexpected %q", text)
	}
	for {
		text, ok := p.next(2)
		if !ok {
			break
		}
		name, err := lastKey(text)
		if err != nil {
			return nil, err
		}
		e := &Entry{Name: name}
		if err := p.entry(e); err != nil {
			return nil, err
		}
		l.Entries = append(l.Entries, e)
	}
	if p.rest != "" {
		p.line++
		return nil, errors.New("not as mlv writes it")
	}
	return l, nil
}

// lastKey reads a line that is a key and a colon.
func lastKey(text string) (string, error) {
	key, rest, err := value.CutKey(text)
	if err == nil && rest != "" {
		err = fmt.Errorf("unexpected %q", rest)
	}
	return key, err
}

func (p *lockParser) entry(e *Entry) error {
	for {
		text, ok := p.next(4)
		if !ok {
			return nil
		}
		key, rest, err := value.CutKey(text)
		if err != nil {
			return err
		}
		if rest != "" {
			err = e.word(key, rest)
		} else {
			err = p.section(e, key)
		}
		if err != nil {
			return err
		}
	}
}

// word reads a field that stands on the line of its key.
func (e *Entry) word(key, rest string) error {
	text, err := lineText(rest)
	switch key {
	case "cmd":
		e.Cmd = []string{text}
	case "wdir":
		e.Wdir = text
	case "sum":
		e.Sum = text
	default:
		return fmt.Errorf("unknown field %q", key)
	}
	return err
}

// lineText reads " text" behind a colon.
func lineText(rest string) (string, error) {
	s, ok := strings.CutPrefix(rest, " ")
	if !ok {
		return "", errors.New("a blank expected behind the colon")
	}
	v, err := value.ParseLine(s)
	if err == nil && v.Kind() != value.String {
		err = fmt.Errorf("%s is not text", s)
	}
	return v.Text(), err
}

func (p *lockParser) section(e *Entry, key string) (err error) {
	switch key {
	case "cmd":
		for {
			if !strings.HasPrefix(p.rest, "    - ") {
				return nil
			}
			text, _ := p.next(4)
			line, err := lineText(strings.TrimPrefix(text, "-"))
			if err != nil {
				return err
			}
			e.Cmd = append(e.Cmd, line)
		}
	case "deps":
		e.Deps, err = p.contents()
	case "params":
		e.Params, err = p.values()
	case "env":
		e.Env, err = p.vars()
	case "environment":
		e.Environment, err = p.contents()
	case "outs":
		e.Outs, err = p.contents()
	case "metrics":
		e.Metrics, err = p.values()
	case "data":
		e.Data, err = p.contents()
	default:
		err = fmt.Errorf("unknown section %q", key)
	}
	return err
}

func (p *lockParser) vars() (list []Var, err error) {
	for {
		text, ok := p.next(6)
		if !ok {
			return list, nil
		}
		name, rest, err := value.CutKey(text)
		if err != nil {
			return nil, err
		}
		v, err := lineText(rest)
		if err != nil {
			return nil, err
		}
		list = append(list, Var{name, v})
	}
}

func (p *lockParser) values() (list []Values, err error) {
	for {
		text, ok := p.next(6)
		if !ok {
			return list, nil
		}
		file, rest, err := value.CutKey(text)
		if err != nil {
			return nil, err
		}
		v := Values{File: file}
		if rest != "" {
			if v.State = strings.TrimPrefix(rest, " "); v.State != Large && v.State != Invalid {
				return nil, fmt.Errorf("unexpected %q", rest)
			}
		}
		for {
			text, ok := p.next(8)
			if !ok {
				break
			}
			key, rest, err := value.CutKey(text)
			if err != nil {
				return nil, err
			}
			leaf, err := value.ParseLine(strings.TrimPrefix(rest, " "))
			if err != nil {
				return nil, err
			}
			v.Pairs = append(v.Pairs, value.Field{Key: key, Value: leaf})
		}
		list = append(list, v)
	}
}

func (p *lockParser) contents() (list []Content, err error) {
	for {
		text, ok := p.next(6)
		if !ok {
			return list, nil
		}
		path, rest, err := value.CutKey(text)
		if err != nil {
			return nil, err
		}
		c := Content{Path: path, Mode: object.File}
		if err := c.parse(rest); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
}

// parse reads what appendTo writes, with a blank before it.
func (c *Content) parse(s string) (err error) {
	if s == " image" {
		c.Image = true
		return nil
	}
	s, open := strings.CutPrefix(s, " {")
	s, closed := strings.CutSuffix(s, "}")
	if !open || !closed {
		return errors.New("{hash: …, size: …} expected")
	}
	for s != "" {
		var key, word string
		if key, s, err = value.CutKey(s); err != nil {
			return err
		}
		s = strings.TrimPrefix(s, " ")
		if strings.HasPrefix(s, `"`) {
			if word, s, err = value.CutQuoted(s); err != nil {
				return err
			}
			s = strings.TrimPrefix(s, ", ")
		} else {
			word, s, _ = strings.Cut(s, ", ")
		}
		if err := c.set(key, word); err != nil {
			return err
		}
	}
	return nil
}

func (c *Content) set(key, word string) (err error) {
	switch key {
	case "hash":
		c.ID, err = object.ParseID(strings.TrimPrefix(word, "blake3:"))
	case "etag":
		c.Etag = word
	case "size":
		c.Size, err = strconv.ParseInt(word, 10, 64)
	case "files":
		c.Mode = object.Tree
		c.Files, err = strconv.ParseInt(word, 10, 64)
	case "exec":
		c.Mode = object.Exec
	case "cache":
		c.NoCache = true
	case "push":
		c.NoPush = true
	case "remote":
		c.Remote = word
	default:
		err = fmt.Errorf("unknown field %q", key)
	}
	return err
}
