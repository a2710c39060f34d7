package value

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/mlv-dev/mlv/internal/errs"
)

// ParseYAML reads one YAML document of a file that mlv defines. Anchors,
// aliases, tags and merge keys are refused: nothing in such a file can mean
// something that its own line does not say.
//
// The parser is ours because edits splice bytes, which needs exact offsets,
// and because a file of 100 stages is read at every start: goccy/go-yaml takes
// 6.7 ms of processor time for it, this about one. What it leaves out of
// YAML 1.2 are several documents, directives and keys that are not scalars;
// it refuses them.
func ParseYAML(name string, src []byte) (*Document, error) {
	return parseYAML(name, src, false)
}

// parseYAML reads a document; rich allows what ParseYAML refuses in the files
// of other programs.
func parseYAML(name string, src []byte, rich bool) (doc *Document, err error) {
	p := &parser{name: name, src: src, rich: rich, anchors: map[string]*Node{}}
	if i := invalidUTF8(src); i >= 0 {
		return nil, errorAt(name, src, i, "", "the file is not UTF-8")
	}
	// Syntax errors end the parse by a panic, caught here and nowhere else.
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*errs.Error)
			if !ok {
				panic(r)
			}
			doc, err = nil, e
		}
	}()
	for i := range src {
		if src[i] == 0 || src[i] == '\r' && !bytes.HasPrefix(src[i+1:], []byte("\n")) {
			p.fail(i, "control character")
		}
	}
	root := p.document()
	return &Document{Name: name, Root: root, src: src, lines: lineStarts(src)}, nil
}

func invalidUTF8(src []byte) int {
	if utf8.Valid(src) {
		return -1
	}
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// A parser walks over src. Columns are bytes from the begin of the line.
type parser struct {
	name    string
	src     []byte
	rich    bool
	pos     int
	bol     int // where the line of pos begins
	depth   int
	anchors map[string]*Node
}

func (p *parser) fail(at int, format string, args ...any) {
	panic(errorAt(p.name, p.src, at, "", fmt.Sprintf(format, args...)))
}

// peek returns the byte n after pos, 0 at the end.
func (p *parser) peek(n int) byte {
	if p.pos+n < len(p.src) {
		return p.src[p.pos+n]
	}
	return 0
}

func (p *parser) col() int { return p.pos - p.bol }

// breaks tells whether c ends a line or the file.
func breaks(c byte) bool { return c == '\n' || c == '\r' || c == 0 }

// gap tells whether c separates tokens.
func gap(c byte) bool { return c == ' ' || c == '\t' || breaks(c) }

// blanks passes over blanks and tabs within the line.
func (p *parser) blanks() {
	for p.peek(0) == ' ' || p.peek(0) == '\t' {
		p.pos++
	}
}

// endOfLine passes over blanks and a comment and tells whether the line ends
// there.
func (p *parser) endOfLine() bool {
	before := p.pos
	p.blanks()
	if p.peek(0) == '#' && (p.pos > before || p.pos == p.bol || gap(p.src[p.pos-1])) {
		for p.pos < len(p.src) && p.src[p.pos] != '\n' {
			p.pos++
		}
	}
	return p.pos >= len(p.src) || breaks(p.peek(0))
}

// newline passes over one line break; pos stands at one.
func (p *parser) newline() {
	if p.peek(0) == '\r' {
		p.pos++
	}
	if p.peek(0) == '\n' {
		p.pos++
	}
	p.bol = p.pos
}

// next goes to the first token from pos on, over blank lines and comments.
// It tells whether there is one; a document marker counts as the end.
func (p *parser) next() bool {
	for {
		if !p.endOfLine() {
			return !p.marker()
		}
		if p.pos >= len(p.src) {
			return false
		}
		p.newline()
	}
}

// marker tells whether pos stands at "---" or "..." at the begin of a line.
func (p *parser) marker() bool {
	if p.pos != p.bol || !gap(p.peek(3)) {
		return false
	}
	return bytes.HasPrefix(p.src[p.pos:], []byte("---")) || bytes.HasPrefix(p.src[p.pos:], []byte("..."))
}

func (p *parser) document() *Node {
	if bytes.HasPrefix(p.src, []byte("\ufeff")) {
		p.pos, p.bol = 3, 3
	}
	if p.peek(0) == '%' {
		p.fail(p.pos, "YAML directives are not supported")
	}
	found := p.next()
	if !found && bytes.HasPrefix(p.src[p.pos:], []byte("---")) {
		p.pos += 3
		found = p.next()
	}
	root := &Node{Start: p.pos, End: p.pos}
	if found {
		root = p.block(-1, true)
		found = p.next()
	}
	if found {
		p.fail(p.pos, "unexpected text after the document's end; check the indentation")
	}
	if bytes.HasPrefix(p.src[p.pos:], []byte("...")) {
		p.pos += 3
		found = p.next()
	}
	if found || p.pos < len(p.src) {
		p.fail(p.pos, "several documents in one file are not supported")
	}
	return root
}

func (p *parser) enter(at int) {
	if p.depth++; p.depth > MaxDepth {
		p.fail(at, "nested deeper than %d levels", MaxDepth)
	}
}

// block parses the node at pos, whose column is beyond parent. Fresh says that
// a mapping or list of lines may begin here: not after "key: ".
func (p *parser) block(parent int, fresh bool) *Node {
	p.enter(p.pos)
	defer func() { p.depth-- }()
	if p.col() > 0 && fresh && bytes.IndexByte(p.src[p.bol:p.pos], '\t') >= 0 && len(bytes.TrimLeft(p.src[p.bol:p.pos], " \t")) == 0 {
		p.fail(p.bol, "a tab in the indentation; YAML wants blanks")
	}
	start, line := p.pos, p.bol
	anchor, tag := p.properties()
	if anchor+tag != "" {
		if p.endOfLine() {
			if !p.next() || p.col() <= parent && (p.peek(0) != '-' || p.col() < parent) {
				return p.named(&Node{Start: start, End: start}, anchor, tag)
			}
			return p.named(p.block(parent, true), anchor, tag)
		}
		if fresh && p.isKey() && line == p.bol { // the properties are the first key's
			if tag != "" {
				p.fail(start, "tags on keys are not supported")
			}
			p.pos = start
			return p.mapping(start - line)
		}
	}
	switch c := p.peek(0); {
	case c == '-' && gap(p.peek(1)):
		if !fresh {
			p.fail(p.pos, "a list item must begin on its own line")
		}
		return p.named(p.sequence(p.col()), anchor, tag)
	case c == '?' && gap(p.peek(1)):
		p.fail(p.pos, "keys written with '?' are not supported")
	case c == '|' || c == '>':
		return p.named(p.blockScalar(parent), anchor, tag)
	}
	if p.isKey() {
		if !fresh {
			p.fail(p.pos, "a second key on one line; put it on the next line, or the text in quotes")
		}
		return p.named(p.mapping(p.col()), anchor, tag)
	}
	n := p.inline(parent)
	if !p.endOfLine() {
		p.fail(p.pos, "unexpected text after %s", describe(n))
	}
	return p.named(n, anchor, tag)
}

func describe(n *Node) string {
	switch n.Style {
	case Single, Double:
		return "the closing quote"
	case Flow:
		return "the closing bracket"
	}
	return "the value"
}

// named gives n its anchor and tag.
func (p *parser) named(n *Node, anchor, tag string) *Node {
	if tag != "" {
		n.Tag = tag
	}
	if anchor != "" {
		if n.Style == Alias {
			p.fail(n.Start, "an alias with an anchor")
		}
		n.Anchor = anchor
		p.anchors[anchor] = n
	}
	return n
}

// properties reads anchor and tag before a node.
func (p *parser) properties() (anchor, tag string) {
	for {
		at := p.pos
		switch p.peek(0) {
		case '&':
			anchor = p.word()
		case '!':
			tag = "!" + p.word()
		default:
			return anchor, tag
		}
		if !p.rich {
			p.fail(at, "anchors, aliases and tags are not allowed in this file")
		}
		p.blanks()
	}
}

// word reads the name behind an indicator.
func (p *parser) word() string {
	p.pos++
	start := p.pos
	for !gap(p.peek(0)) && bytes.IndexByte([]byte(",[]{}"), p.peek(0)) < 0 {
		p.pos++
	}
	return string(p.src[start:p.pos])
}

// isKey tells whether a scalar on this line, beginning at pos, is followed by
// a colon. It moves nothing.
func (p *parser) isKey() bool {
	pos, bol, depth := p.pos, p.bol, p.depth
	defer func() { p.pos, p.bol, p.depth = pos, bol, depth }()
	switch c := p.peek(0); c {
	case '"', '\'':
		for p.pos++; !breaks(p.peek(0)); p.pos++ {
			if c == '"' && p.peek(0) == '\\' {
				p.pos++
			} else if p.peek(0) == c {
				if c == '\'' && p.peek(1) == c {
					p.pos++
					continue
				}
				p.pos++
				p.blanks()
				return p.peek(0) == ':' && gap(p.peek(1))
			}
		}
		return false
	case '[', '{', 0:
		return false
	case '*', '&':
		p.word()
		p.blanks()
		return p.peek(0) == ':' && gap(p.peek(1)) || c == '&' && p.isKey()
	}
	for ; !breaks(p.peek(0)); p.pos++ {
		switch p.peek(0) {
		case ':':
			if gap(p.peek(1)) {
				return true
			}
		case '#':
			if p.pos > pos && gap(p.src[p.pos-1]) {
				return false
			}
		}
	}
	return false
}

// mapping parses the pairs whose keys stand at column col.
func (p *parser) mapping(col int) *Node {
	n := &Node{Kind: Map, Style: Block, Start: p.pos}
	seen := map[string]bool{}
	for {
		key := p.key(nil)
		if seen[key.Text] && !(p.rich && key.Text == "<<") {
			p.fail(key.Start, "key %q stands twice in one map", key.Text)
		}
		seen[key.Text] = true
		p.pos++ // the colon
		value := p.valueAfter(col)
		n.Pairs = append(n.Pairs, Pair{key, value})
		n.End = value.End
		if !p.next() || p.col() < col {
			return n
		}
		if p.col() > col {
			p.fail(p.pos, "indented deeper than the key above it")
		}
		if !p.isKey() {
			p.fail(p.pos, "a key and a colon expected")
		}
	}
}

// valueAfter parses the value behind the colon of a key at column col.
func (p *parser) valueAfter(col int) *Node {
	colon := p.pos
	if !p.endOfLine() {
		return p.block(col, false)
	}
	if !p.next() {
		return &Node{Start: colon, End: colon}
	}
	isItem := p.peek(0) == '-' && gap(p.peek(1))
	if p.col() > col || p.col() == col && isItem {
		return p.block(col, true)
	}
	return &Node{Start: colon, End: colon}
}

// sequence parses the items whose dashes stand at column col.
func (p *parser) sequence(col int) *Node {
	n := &Node{Kind: List, Style: Block, Start: p.pos}
	for {
		dash := p.pos
		p.pos++
		item := &Node{Start: p.pos, End: p.pos}
		if !p.endOfLine() {
			item = p.block(col, true)
		} else if p.next() && p.col() > col {
			item = p.block(col, true)
		}
		n.Items = append(n.Items, item)
		n.End = max(item.End, dash+1)
		if !p.next() || p.col() < col {
			return n
		}
		if p.col() > col {
			p.fail(p.pos, "indented deeper than the item above it")
		}
		if p.peek(0) != '-' || !gap(p.peek(1)) {
			return n
		}
	}
}

// key parses a scalar key and stops at its colon. In a flow mapping, flow is
// what ends a plain one.
func (p *parser) key(flow []byte) *Node {
	anchor, _ := p.properties()
	var n *Node
	switch c := p.peek(0); {
	case c == '"' || c == '\'':
		n = p.quoted(-1)
	case c == '*' && p.rich:
		n = p.alias()
		n.Text = n.target.Text
		if n.target.Kind != String {
			p.fail(n.Start, "a key that is not a scalar")
		}
	default:
		n = p.plainLine(flow)
	}
	p.blanks()
	if !p.rich && n.Text == "<<" && n.Style == Plain {
		p.fail(n.Start, "merge keys are not allowed in this file")
	}
	return p.named(n, anchor, "")
}
