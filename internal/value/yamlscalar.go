package value

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// inline parses a flow collection, alias, quoted or plain scalar, which may
// go on over lines indented beyond parent.
func (p *parser) inline(parent int) *Node {
	switch c := p.peek(0); c {
	case '[', '{':
		return p.flow(parent)
	case '"', '\'':
		return p.quoted(parent)
	case '*':
		return p.alias()
	case '@', '`', '%', ',', ']', '}', '|', '>':
		p.fail(p.pos, "text may not begin with %q; put it in quotes", string(c))
	}
	return p.plain(parent, nil)
}

func (p *parser) alias() *Node {
	at := p.pos
	if !p.rich {
		p.fail(at, "anchors, aliases and tags are not allowed in this file; text that begins with '*' needs quotes")
	}
	name := p.word()
	target := p.anchors[name]
	if target == nil {
		p.fail(at, "no anchor &%s stands above", name)
	}
	return &Node{Kind: target.Kind, Style: Alias, Start: at, End: p.pos, Text: name, target: target}
}

// plainLine parses the part of a plain scalar on this line. In a flow
// collection, stop holds the bytes that end it.
func (p *parser) plainLine(stop []byte) *Node {
	start := p.pos
	end := start
	for !breaks(p.peek(0)) {
		c := p.peek(0)
		if c == '#' && p.pos > start && gap(p.src[p.pos-1]) || bytes.IndexByte(stop, c) >= 0 {
			break
		}
		if c == ':' && (gap(p.peek(1)) || bytes.IndexByte(stop, p.peek(1)) >= 0) {
			break
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			p.fail(p.pos, "control character")
		}
		p.pos++
		if c != ' ' && c != '\t' {
			end = p.pos
		}
	}
	p.pos = end
	return &Node{Kind: String, Style: Plain, Start: start, End: end, Text: string(p.src[start:end])}
}

// plain parses a plain scalar; its further lines are folded.
func (p *parser) plain(parent int, stop []byte) *Node {
	n := p.plainLine(stop)
	for {
		back, bol := p.pos, p.bol
		p.blanks()
		if !breaks(p.peek(0)) || p.pos >= len(p.src) {
			p.pos = back
			return n
		}
		lines := 0
		for p.pos < len(p.src) && breaks(p.peek(0)) {
			p.newline()
			lines++
			p.blanks()
		}
		ends := p.pos >= len(p.src) || p.col() <= parent && stop == nil || p.peek(0) == '#' || p.marker() ||
			bytes.IndexByte(stop, p.peek(0)) >= 0 || stop != nil && p.peek(0) == ':'
		if ends {
			p.pos, p.bol = back, bol
			return n
		}
		if stop == nil && p.isKey() {
			p.fail(p.pos, "a key in the middle of a text that began above; check the indentation")
		}
		more := p.plainLine(stop)
		n.Text += fold(lines) + more.Text
		n.End = more.End
	}
}

// fold is what a number of line breaks in flowing text stands for.
func fold(lines int) string {
	if lines == 1 {
		return " "
	}
	return strings.Repeat("\n", lines-1)
}

// quoted parses a scalar in quotes; -1 as parent allows any indentation.
func (p *parser) quoted(parent int) *Node {
	start, quote := p.pos, p.peek(0)
	var text []byte
	kept := 0 // text up to here stays: escaped blanks at a line's end do
	for p.pos++; ; {
		c := p.peek(0)
		switch {
		case p.pos >= len(p.src):
			p.fail(start, "this quote is never closed")
		case c == quote && quote == '\'' && p.peek(1) == quote:
			text = append(text, quote)
			p.pos += 2
		case c == quote:
			p.pos++
			style := Double
			if quote == '\'' {
				style = Single
			}
			return &Node{Kind: String, Style: style, Start: start, End: p.pos, Text: string(text)}
		case c == '\\' && quote == '"':
			text = p.escape(text)
			kept = len(text)
		case c == '\n' || c == '\r':
			for len(text) > kept && gap(text[len(text)-1]) {
				text = text[:len(text)-1]
			}
			text = append(text, fold(p.foldLines(start, parent))...)
			kept = len(text)
		case c < ' ' && c != '\t' || c == 0x7f:
			p.fail(p.pos, "control character")
		default:
			text = append(text, c)
			p.pos++
		}
	}
}

// foldLines passes over line breaks inside quotes and returns how many.
func (p *parser) foldLines(start, parent int) (lines int) {
	for p.pos < len(p.src) && (p.peek(0) == '\n' || p.peek(0) == '\r') {
		p.newline()
		if p.marker() {
			p.fail(start, "this quote is never closed")
		}
		p.blanks()
		lines++
	}
	if p.pos < len(p.src) && p.col() <= parent {
		p.fail(start, "this quote is not closed where its indentation ends")
	}
	return lines
}

// escapes are the single letters behind a backslash.
var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r", 'e': "\x1b",
	' ': " ", '"': "\"", '/': "/", '\\': "\\", 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// escape appends what the escape sequence at pos stands for.
func (p *parser) escape(text []byte) []byte {
	at, c := p.pos, p.peek(1)
	if s, ok := escapes[c]; ok {
		p.pos += 2
		return append(text, s...)
	}
	switch c {
	case '\n', '\r': // the break is no part of the text
		p.pos++
		p.newline()
		p.blanks()
		return text
	case 'x':
		return utf8.AppendRune(text, p.hexRune(at, 2))
	case 'U':
		return utf8.AppendRune(text, p.hexRune(at, 8))
	case 'u':
		r := p.hexRune(at, 4)
		if 0xd800 <= r && r < 0xdc00 && p.peek(0) == '\\' && p.peek(1) == 'u' { // JSON's pairs
			low := p.hexRune(p.pos, 4)
			if 0xdc00 <= low && low < 0xe000 {
				return utf8.AppendRune(text, 0x10000+(r-0xd800)<<10+(low-0xdc00))
			}
		}
		if 0xd800 <= r && r < 0xe000 {
			p.fail(at, "half of a surrogate pair")
		}
		return utf8.AppendRune(text, r)
	}
	p.fail(at, "unknown escape sequence; a backslash in double quotes is written \\\\")
	return nil
}

func (p *parser) hexRune(at, digits int) rune {
	p.pos += 2
	if p.pos+digits <= len(p.src) {
		n, err := strconv.ParseUint(string(p.src[p.pos:p.pos+digits]), 16, 32)
		if err == nil && n <= utf8.MaxRune {
			p.pos += digits
			return rune(n)
		}
	}
	p.fail(at, "escape sequence without its %d hex digits", digits)
	return 0
}

// blockScalar parses "|" or ">" and the lines below it.
func (p *parser) blockScalar(parent int) *Node {
	n := &Node{Kind: String, Style: Literal, Start: p.pos}
	if p.peek(0) == '>' {
		n.Style = Folded
	}
	p.pos++
	indent, chomp := -1, byte(0)
	for range 2 {
		switch c := p.peek(0); {
		case c == '+' || c == '-':
			chomp = c
			p.pos++
		case '1' <= c && c <= '9':
			indent = max(parent, 0) + int(c-'0')
			p.pos++
		}
	}
	if !p.endOfLine() {
		p.fail(p.pos, "unexpected text after %q", string(p.src[n.Start]))
	}
	n.End = p.pos
	lines := p.scalarLines(n, parent, indent)
	last := len(lines)
	for last > 0 && lines[last-1] == "" {
		last--
	}
	tail := len(lines) - last
	if n.Style == Folded {
		n.Text = foldBlock(lines[:last])
	} else {
		n.Text = strings.Join(lines[:last], "\n")
	}
	switch {
	case chomp == '+' && last > 0:
		n.Text += strings.Repeat("\n", tail+1)
	case chomp == '+':
		n.Text = strings.Repeat("\n", tail)
	case chomp == 0 && last > 0:
		n.Text += "\n"
	}
	return n
}

// scalarLines reads the lines of a block scalar without their indentation and
// sets the node's end behind the last that is not empty.
func (p *parser) scalarLines(n *Node, parent, indent int) (lines []string) {
	for p.pos < len(p.src) {
		back, backBol := p.pos, p.bol
		p.newline()
		if p.pos >= len(p.src) {
			p.pos, p.bol = back, backBol
			if p.src[len(p.src)-1] == '\n' {
				p.pos, p.bol = len(p.src), len(p.src)
			}
			break
		}
		for p.peek(0) == ' ' && (indent < 0 || p.col() < indent) {
			p.pos++
		}
		empty := breaks(p.peek(0))
		if !empty && (p.col() <= parent || indent >= 0 && p.col() < indent || p.marker()) {
			p.pos, p.bol = back, backBol
			break
		}
		if !empty && indent < 0 {
			indent = p.col()
		}
		start := p.pos
		for p.pos < len(p.src) && p.src[p.pos] != '\n' {
			p.pos++
		}
		line := bytes.TrimSuffix(p.src[start:p.pos], []byte("\r"))
		lines = append(lines, string(line))
		if len(line) > 0 {
			n.End = start + len(line)
		}
		p.pos = start + len(line)
	}
	return lines
}

// foldBlock joins the lines of a folded scalar: between two lines that are
// not indented a break is a blank.
func foldBlock(lines []string) string {
	var b strings.Builder
	spaced := func(s string) bool { return s != "" && (s[0] == ' ' || s[0] == '\t') }
	empty, before := 0, ""
	for i, line := range lines {
		if line == "" {
			empty++
			continue
		}
		switch {
		case i == empty: // leading empty lines
			b.WriteString(strings.Repeat("\n", empty))
		case spaced(line) || spaced(before):
			b.WriteString(strings.Repeat("\n", empty+1))
		case empty == 0:
			b.WriteByte(' ')
		default:
			b.WriteString(strings.Repeat("\n", empty))
		}
		b.WriteString(line)
		empty, before = 0, line
	}
	return b.String()
}
