package value

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mlv-dev/mlv/internal/errs"
)

// MaxDepth is how deep a document may be nested.
const MaxDepth = 64

// Style is how a node is written.
type Style uint8

// The styles of nodes.
const (
	Absent  Style = iota // nothing is written: null
	Plain                // a scalar without quotes
	Single               // 'text'
	Double               // "text"
	Literal              // | and lines
	Folded               // > and lines
	Flow                 // [list] or {map}
	Block                // a list or map of lines
	Alias                // *name
)

// A Node is one node of a Document with its place in the source.
type Node struct {
	Kind       Kind // String for every scalar: Value resolves it
	Style      Style
	Start, End int // its bytes in the source, without anchor and tag and comment; Absent: behind the colon
	Text       string
	Tag        string // "!!str"; "" if none
	Anchor     string
	Items      []*Node
	Pairs      []Pair
	target     *Node // of an Alias
}

// A Pair is one entry of a mapping node.
type Pair struct{ Key, Value *Node }

// Get returns the value of key in a mapping, nil if there is none.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, p := range n.Pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}

// A Document is a YAML file: its text and the nodes in it.
type Document struct {
	Name string // for messages: the path as the user knows it
	Root *Node  // never nil; Absent in an empty file

	src   []byte
	lines []int // where each line but the first begins
}

// Bytes returns the text, which is the Document's own.
func (d *Document) Bytes() []byte { return d.src }

// Position returns the line and column, in characters, of an offset, from 1.
func (d *Document) Position(offset int) (line, col int) {
	offset = min(offset, len(d.src))
	return d.Line(offset), utf8.RuneCount(d.src[d.lineStart(offset):offset]) + 1
}

// Line returns the line of an offset, from 1.
func (d *Document) Line(offset int) int {
	i, found := slices.BinarySearch(d.lines, offset)
	if found {
		i++
	}
	return i + 1
}

// Errorf returns a usage error at n that shows its line with a caret.
func (d *Document) Errorf(n *Node, hint, format string, args ...any) *errs.Error {
	return d.ErrorAt(n.Start, hint, fmt.Sprintf(format, args...))
}

// ErrorAt returns a usage error at an offset that shows its line with a caret.
func (d *Document) ErrorAt(offset int, hint, text string) *errs.Error {
	line, col := d.Position(offset)
	return &errs.Error{
		Kind: errs.Usage, Path: d.Name, Line: line, Col: col, Hint: hint,
		Err: errors.New(text + snippet(d.src, offset, line)),
	}
}

// lineStarts returns where each line but the first begins.
func lineStarts(src []byte) (lines []int) {
	for at := 0; ; {
		i := bytes.IndexByte(src[at:], '\n')
		if i < 0 {
			return lines
		}
		at += i + 1
		lines = append(lines, at)
	}
}

// errorAt is ErrorAt of a text that is no Document.
func errorAt(name string, src []byte, offset int, hint, text string) *errs.Error {
	d := &Document{Name: name, src: src, lines: lineStarts(src)}
	return d.ErrorAt(offset, hint, text)
}

// snippetWidth is how much of a long line a message shows.
const snippetWidth = 100

// snippet returns the line around offset and a caret below it, each on a new
// line; "" where there is nothing to show.
func snippet(src []byte, offset, line int) string {
	offset = min(offset, len(src))
	start := bytes.LastIndexByte(src[:offset], '\n') + 1
	text, _, _ := bytes.Cut(src[start:], []byte("\n"))
	text = bytes.TrimRight(text, "\r")
	if len(bytes.TrimSpace(text)) == 0 || !utf8.Valid(text) {
		return ""
	}
	at := min(offset-start, len(text))
	if at > snippetWidth*3/4 {
		cut := at - snippetWidth/2
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text, at = text[cut:], at-cut
	}
	if len(text) > max(snippetWidth, at+20) {
		end := max(snippetWidth, at+20)
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	var pad strings.Builder
	for _, r := range string(text[:at]) {
		pad.WriteString(strings.Repeat(" ", cells(r)))
	}
	number := fmt.Sprint(line)
	shown := strings.ReplaceAll(string(text), "\t", " ")
	return fmt.Sprintf("\n  %s | %s\n  %s | %s^", number, shown, strings.Repeat(" ", len(number)), pad.String())
}

// cells is about how wide a terminal shows r: East Asian letters are wide.
func cells(r rune) int {
	if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300 && r <= 0x3fffd) {
		return 2
	}
	return 1
}
