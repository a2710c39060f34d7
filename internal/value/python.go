package value

import (
	"fmt"
	"slices"
	"strings"
)

// ReadPython returns the parameters that a Python file defines: names at its
// top level that are given a literal, those in classes as maps, and in a
// class's __init__ what self.NAME is given. The last assignment counts.
// Everything else in the file is passed over, and nothing is executed.
func ReadPython(name string, src []byte) (Value, error) {
	p := &pyParser{name: name, src: src}
	module := &pyScope{indent: -1}
	scopes := []*pyScope{module}
	for {
		line, ok, err := p.logicalLine()
		if err != nil {
			return Value{}, err
		}
		if !ok {
			break
		}
		for len(scopes) > 1 && line.indent <= scopes[len(scopes)-1].indent {
			scopes = scopes[:len(scopes)-1]
		}
		top := scopes[len(scopes)-1]
		if top.body < 0 || len(scopes) == 1 {
			top.body = line.indent
		}
		if len(scopes) == 1 && line.indent > 0 || line.indent != top.body {
			continue // inside if, for, with, def
		}
		if inner := top.statement(line); inner != nil {
			scopes = append(scopes, inner)
		}
	}
	return module.value(), nil
}

// A pyScope is the module, a class, or the __init__ of one.
type pyScope struct {
	indent int // of its own line
	body   int // of its statements; -1: none seen yet
	init   bool
	fields []Field
	inner  []pyInner
}

type pyInner struct {
	name  string
	scope *pyScope
}

func (s *pyScope) set(name string, v Value) {
	for i := range s.fields {
		if s.fields[i].Key == name {
			s.fields[i].Value = v
			return
		}
	}
	s.fields = append(s.fields, Field{name, v})
}

func (s *pyScope) value() Value {
	for _, in := range s.inner {
		if in.scope.init { // its names are the class's
			for _, f := range in.scope.fields {
				s.set(f.Key, f.Value)
			}
			continue
		}
		s.set(in.name, in.scope.value())
	}
	return OfMap(s.fields...)
}

// statement takes in one logical line and returns the scope that it opens.
func (s *pyScope) statement(line pyLine) *pyScope {
	text := line.text
	if rest, ok := strings.CutPrefix(text, "class "); ok {
		rest = strings.TrimLeft(rest, " \t")
		name := rest[:pyName(rest)]
		colon := pyFind(rest, ':')
		if name == "" || colon < 0 {
			return nil
		}
		in := &pyScope{indent: line.indent, body: -1}
		s.inner = append(s.inner, pyInner{name, in})
		for part := range pySplit(rest[colon+1:]) {
			in.assign(part)
		}
		return in
	}
	if rest, ok := strings.CutPrefix(text, "def "); ok {
		rest = strings.TrimLeft(rest, " \t")
		if rest[:pyName(rest)] != "__init__" {
			return nil
		}
		in := &pyScope{indent: line.indent, body: -1, init: true}
		s.inner = append(s.inner, pyInner{"", in})
		return in
	}
	for part := range pySplit(text) {
		s.assign(part)
	}
	return nil
}

// assign takes in "NAME = literal" and "NAME: type = literal".
func (s *pyScope) assign(text string) {
	text = strings.TrimSpace(text)
	if s.init {
		rest, ok := strings.CutPrefix(text, "self.")
		if !ok {
			return
		}
		text = rest
	}
	n := pyName(text)
	name, rest := text[:n], strings.TrimLeft(text[n:], " \t")
	if name == "" || rest == "" {
		return
	}
	if rest[0] == ':' {
		equals := pyFind(rest, '=')
		if equals < 0 {
			return
		}
		rest = rest[equals:]
	}
	if rest[0] != '=' || strings.HasPrefix(rest, "==") {
		return
	}
	lit := pyLiteral{s: rest[1:]}
	v, ok := lit.value(0)
	if ok && lit.peek() == ',' { // a tuple without brackets
		items := []Value{v}
		for ok && lit.take(',') && lit.peek() != 0 {
			v, ok = lit.value(0)
			items = append(items, v)
		}
		v = OfList(items...)
	}
	if ok && lit.peek() == 0 {
		s.set(name, v)
	}
}

// pyName returns how long the name is that s begins with.
func pyName(s string) int {
	for i := range len(s) {
		if c := s[i]; !letter(c) && c != '_' && c < 0x80 && (i == 0 || !digit(c)) {
			return i
		}
	}
	return len(s)
}

// pyFind returns where c stands in s outside brackets and strings, or -1.
func pyFind(s string, c byte) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\'', '"':
			end, _ := pyStringEnd(s, i)
			i = end - 1
			continue
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if s[i] == c && depth == 0 {
			return i
		}
	}
	return -1
}

// pySplit yields the statements of a line.
func pySplit(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			i := pyFind(s, ';')
			if i < 0 {
				yield(s)
				return
			}
			if !yield(s[:i]) {
				return
			}
			s = s[i+1:]
		}
	}
}

// pyStringEnd returns where the string that begins at the quote s[i] ends, and
// whether it does.
func pyStringEnd(s string, i int) (end int, closed bool) {
	quote := s[i : i+1]
	if strings.HasPrefix(s[i:], strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	for i += len(quote); i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], quote):
			return i + len(quote), true
		case s[i] == '\n' && len(quote) == 1:
			return i, false
		}
	}
	return len(s), false
}

// A pyLine is a logical line: physical ones joined inside brackets and after a
// backslash, without comments.
type pyLine struct {
	indent int
	text   string
}

type pyParser struct {
	name string
	src  []byte
	pos  int
}

func (p *pyParser) logicalLine() (line pyLine, ok bool, err error) {
	s := string(p.src[p.pos:])
	if p.pos == 0 {
		s = strings.TrimPrefix(s, "\ufeff")
		p.pos = len(p.src) - len(s)
	}
	for {
		if s == "" {
			return line, false, nil
		}
		end := strings.IndexByte(s, '\n')
		if end < 0 {
			end = len(s)
		}
		if first := strings.TrimSpace(s[:end]); first != "" && first[0] != '#' {
			break
		}
		end = min(end+1, len(s))
		s, p.pos = s[end:], p.pos+end
	}
	text, length, err := p.join(s)
	p.pos += length
	return pyLine{pyIndent(s), strings.TrimSpace(text)}, true, err
}

// join returns the logical line that s begins with, and how long it is in the
// file.
func (p *pyParser) join(s string) (line string, length int, err error) {
	fail := func(at int, message string) (string, int, error) {
		return "", 0, errorAt(p.name, p.src, p.pos+at, "", message)
	}
	var text strings.Builder
	var open []int
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\'' || c == '"':
			end, closed := pyStringEnd(s, i)
			if !closed {
				return fail(i, "this string is never closed")
			}
			text.WriteString(s[i:end])
			i = end - 1
			continue
		case c == '#':
			for i < len(s) && s[i] != '\n' {
				i++
			}
			i--
			continue
		case c == '\\' && strings.HasPrefix(strings.TrimLeft(s[i+1:], "\r"), "\n"):
			i += strings.IndexByte(s[i:], '\n')
			c = ' '
		case strings.IndexByte("([{", c) >= 0:
			open = append(open, i)
		case strings.IndexByte(")]}", c) >= 0:
			if len(open) == 0 {
				return fail(i, "this bracket was never opened")
			}
			open = open[:len(open)-1]
		case c == '\n' && len(open) > 0, c == '\r':
			c = ' '
		}
		if c == '\n' {
			break
		}
		text.WriteByte(c)
	}
	if len(open) > 0 {
		return fail(open[len(open)-1], "this bracket is never closed")
	}
	return text.String(), min(i+1, len(s)), nil
}

// pyIndent returns the column of the first letter; a tab goes to the next
// multiple of eight.
func pyIndent(s string) (n int) {
	for i := range len(s) {
		switch s[i] {
		case ' ':
			n++
		case '\t':
			n = n/8*8 + 8
		default:
			return n
		}
	}
	return n
}

// A pyLiteral parses literals. What is none ends it with ok = false.
type pyLiteral struct{ s string }

// peek returns what stands next behind blanks, 0 at the end.
func (p *pyLiteral) peek() byte {
	p.s = strings.TrimLeft(p.s, " \t")
	if p.s == "" {
		return 0
	}
	return p.s[0]
}

func (p *pyLiteral) take(c byte) bool {
	if p.peek() != c || c == 0 {
		return false
	}
	p.s = p.s[1:]
	return true
}

func (p *pyLiteral) value(depth int) (v Value, ok bool) {
	if depth > MaxDepth {
		return v, false
	}
	switch c := p.peek(); {
	case c == '[':
		return p.list(']', depth)
	case c == '(':
		return p.list(')', depth)
	case c == '{':
		return p.dict(depth)
	case c == '\'' || c == '"':
		return p.text()
	case c == '-' || c == '+':
		p.s = p.s[1:]
		if v, ok = p.value(depth + 1); ok && c == '-' {
			return negate(v)
		}
		return v, ok && (v.Kind() == Int || v.Kind() == Float)
	case digit(c) || c == '.':
		return p.number()
	}
	n := pyName(p.s)
	word := p.s[:n]
	if n > 0 && n <= 2 && len(p.s) > n && (p.s[n] == '\'' || p.s[n] == '"') {
		return p.text()
	}
	p.s = p.s[n:]
	switch word {
	case "None":
		return Value{}, true
	case "True", "False":
		return OfBool(word == "True"), true
	}
	return v, false
}

func negate(v Value) (Value, bool) {
	switch v.Kind() {
	case Int:
		i := v.BigInt()
		return OfBig(i.Neg(i)), true
	case Float:
		f, _ := v.Float64()
		return OfFloat(-f), true
	}
	return v, false
}

func (p *pyLiteral) list(closing byte, depth int) (Value, bool) {
	p.s = p.s[1:]
	items := []Value{}
	comma := false
	for !p.take(closing) {
		if len(items) > 0 && !comma {
			return Value{}, false
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return v, false
		}
		items = append(items, v)
		comma = p.take(',')
	}
	if closing == ')' && len(items) == 1 && !comma { // brackets around a value
		return items[0], true
	}
	return OfList(items...), true
}

// dict parses a dict, or a set as a list.
func (p *pyLiteral) dict(depth int) (Value, bool) {
	p.s = p.s[1:]
	var fields []Field
	var items []Value
	for !p.take('}') {
		v, ok := p.value(depth + 1)
		if !ok {
			return v, false
		}
		if p.take(':') {
			key := v.Text()
			if v.Kind() != String {
				key = v.String()
			}
			if v, ok = p.value(depth + 1); !ok || slices.ContainsFunc(fields, func(f Field) bool { return f.Key == key }) {
				return v, false
			}
			fields = append(fields, Field{key, v})
		} else {
			items = append(items, v)
		}
		if !p.take(',') && p.peek() != '}' {
			return Value{}, false
		}
	}
	if len(items) > 0 {
		return OfList(items...), len(fields) == 0
	}
	return OfMap(fields...), true
}

func (p *pyLiteral) number() (Value, bool) {
	n := 0
	for n < len(p.s) && (digit(p.s[n]) || letter(p.s[n]) || p.s[n] == '_' || p.s[n] == '.' ||
		(p.s[n] == '-' || p.s[n] == '+') && p.s[n-1]|0x20 == 'e' && !strings.HasPrefix(p.s, "0x")) {
		n++
	}
	text := strings.ReplaceAll(p.s[:n], "_", "")
	p.s = p.s[n:]
	low := strings.ToLower(text)
	var v Value
	err := fmt.Errorf("%q is not a number", text)
	switch {
	case strings.HasPrefix(low, "0x"):
		v, err = parseBig(low[2:], 16)
	case strings.HasPrefix(low, "0o"):
		v, err = parseBig(low[2:], 8)
	case strings.HasPrefix(low, "0b"):
		v, err = parseBig(low[2:], 2)
	case allOf(low, "0123456789") || isFloat(low):
		v, err = resolve(low)
	}
	return v, err == nil && v.Kind() != String
}

// text parses strings that stand one after another. Bytes and f-strings are no
// literals here.
func (p *pyLiteral) text() (Value, bool) {
	var text strings.Builder
	for {
		n := pyName(p.s)
		prefix := strings.ToLower(p.s[:n])
		if len(p.s) == n || p.s[n] != '\'' && p.s[n] != '"' {
			break
		}
		if prefix != "" && prefix != "r" && prefix != "u" {
			return Value{}, false
		}
		end, closed := pyStringEnd(p.s, n)
		if !closed {
			return Value{}, false
		}
		width := 1
		if end-n >= 6 && strings.HasPrefix(p.s[n:], strings.Repeat(p.s[n:n+1], 3)) {
			width = 3
		}
		inside := p.s[n+width : end-width]
		if prefix != "r" {
			var ok bool
			if inside, ok = pyUnescape(inside); !ok {
				return Value{}, false
			}
		}
		text.WriteString(inside)
		p.s = p.s[end:]
		p.peek()
	}
	return OfString(text.String()), true
}
