package value

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/mlv-dev/mlv/internal/errs"
)

// ReadJSON returns the value of a JSON file, as Python's writers make them:
// NaN, Infinity and -Infinity are floats. A number without point and exponent
// is an integer of any size. Duplicate keys are an error.
func ReadJSON(name string, src []byte) (v Value, err error) {
	p := &jsonParser{name: name, src: src}
	// Syntax errors end the parse by a panic, caught here and nowhere else.
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*errs.Error)
			if !ok {
				panic(r)
			}
			v, err = Value{}, e
		}
	}()
	if bytes.HasPrefix(src, []byte("\ufeff")) {
		p.pos = 3
	}
	v = p.value(0)
	if p.space(); p.pos < len(src) {
		p.fail(p.pos, "unexpected text after the value")
	}
	return v, nil
}

type jsonParser struct {
	name string
	src  []byte
	pos  int
}

func (p *jsonParser) fail(at int, format string, args ...any) {
	panic(errorAt(p.name, p.src, at, "", fmt.Sprintf(format, args...)))
}

// space passes over white space and returns what stands there, 0 at the end.
func (p *jsonParser) space() byte {
	for ; p.pos < len(p.src); p.pos++ {
		switch c := p.src[p.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (p *jsonParser) value(depth int) Value {
	if depth > MaxDepth {
		p.fail(p.pos, "nested deeper than %d levels", MaxDepth)
	}
	switch c := p.space(); {
	case c == '"':
		return OfString(p.text())
	case c == '[':
		return p.list(depth)
	case c == '{':
		return p.object(depth)
	case c == '-' || digit(c) || letter(c):
		return p.word()
	case c == 0:
		p.fail(p.pos, "a value is missing")
	}
	p.fail(p.pos, "unexpected %q", string(rune(p.src[p.pos])))
	return Value{}
}

// word reads a number or one of the words that stand for a value.
func (p *jsonParser) word() Value {
	start := p.pos
	for p.pos < len(p.src) && (letter(p.src[p.pos]) || digit(p.src[p.pos]) || bytes.IndexByte([]byte("+-."), p.src[p.pos]) >= 0) {
		p.pos++
	}
	word := string(p.src[start:p.pos])
	switch word {
	case "null":
		return Value{}
	case "true", "false":
		return OfBool(word == "true")
	case "NaN":
		return OfFloat(math.NaN())
	case "Infinity":
		return OfFloat(math.Inf(1))
	case "-Infinity":
		return OfFloat(math.Inf(-1))
	}
	switch integer, ok := jsonNumber(word); {
	case !ok:
		p.fail(start, "%q is not a JSON value", word)
	case integer:
		v, err := parseInt(word)
		if err != nil {
			p.fail(start, "%s", err)
		}
		return v
	}
	f, _ := strconv.ParseFloat(word, 64) // out of range: infinite, as in Python
	return OfFloat(f)
}

// jsonNumber tells whether s is a number of JSON, and an integer.
func jsonNumber(s string) (integer, ok bool) {
	i := 0
	digits := func() bool {
		start := i
		for i < len(s) && digit(s[i]) {
			i++
		}
		return i > start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	zero := i < len(s) && s[i] == '0'
	start := i
	if !digits() || zero && i > start+1 {
		return false, false
	}
	integer = true
	if i < len(s) && s[i] == '.' {
		i++
		if integer = false; !digits() {
			return false, false
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		integer = false
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return false, false
		}
	}
	return integer, i == len(s)
}

func (p *jsonParser) list(depth int) Value {
	start := p.pos
	p.pos++
	items := []Value{}
	for {
		c := p.space()
		switch {
		case c == ']':
			p.pos++
			return OfList(items...)
		case c == 0:
			p.fail(start, "this bracket is never closed")
		case len(items) > 0 && c != ',':
			p.fail(p.pos, "a comma or \"]\" expected")
		case len(items) > 0:
			p.pos++
		}
		items = append(items, p.value(depth+1))
	}
}

func (p *jsonParser) object(depth int) Value {
	start := p.pos
	p.pos++
	var fields []Field
	seen := map[string]bool{}
	for {
		c := p.space()
		switch {
		case c == '}':
			p.pos++
			return OfMap(fields...)
		case c == 0:
			p.fail(start, "this bracket is never closed")
		case len(fields) > 0 && c != ',':
			p.fail(p.pos, "a comma or \"}\" expected")
		case len(fields) > 0:
			p.pos++
		}
		if p.space() != '"' {
			p.fail(p.pos, "a key in double quotes expected")
		}
		at := p.pos
		key := p.text()
		if seen[key] {
			p.fail(at, "key %q stands twice in one object", key)
		}
		seen[key] = true
		if p.space() != ':' {
			p.fail(p.pos, "a colon expected")
		}
		p.pos++
		fields = append(fields, Field{key, p.value(depth + 1)})
	}
}

// text reads a string. Half of a surrogate pair, which Python writes but no
// text can hold, becomes U+FFFD.
func (p *jsonParser) text() string {
	start := p.pos
	var b []byte
	for p.pos++; ; {
		if p.pos >= len(p.src) {
			p.fail(start, "this quote is never closed")
		}
		switch c := p.src[p.pos]; {
		case c == '"':
			p.pos++
			return string(b)
		case c == '\\':
			b = utf8.AppendRune(b, p.escape())
		case c < ' ':
			p.fail(p.pos, "control character in a string")
		default:
			b = append(b, c)
			p.pos++
		}
	}
}

func (p *jsonParser) escape() rune {
	at := p.pos
	p.pos += 2
	if p.pos <= len(p.src) {
		switch c := p.src[at+1]; c {
		case '"', '\\', '/':
			return rune(c)
		case 'b':
			return '\b'
		case 'f':
			return '\f'
		case 'n':
			return '\n'
		case 'r':
			return '\r'
		case 't':
			return '\t'
		case 'u':
			high := p.hex(at)
			if high < 0xd800 || high >= 0xdc00 || !bytes.HasPrefix(p.src[p.pos:], []byte(`\u`)) {
				return high // a lone half is no valid rune: AppendRune writes U+FFFD
			}
			back := p.pos
			p.pos += 2
			if low := p.hex(back); 0xdc00 <= low && low < 0xe000 {
				return 0x10000 + (high-0xd800)<<10 + (low - 0xdc00)
			}
			p.pos = back
			return utf8.RuneError
		}
	}
	p.fail(at, "unknown escape sequence")
	return 0
}

func (p *jsonParser) hex(at int) rune {
	if p.pos+4 <= len(p.src) {
		if n, err := strconv.ParseUint(string(p.src[p.pos:p.pos+4]), 16, 16); err == nil {
			p.pos += 4
			return rune(n)
		}
	}
	p.fail(at, "escape sequence without its 4 hex digits")
	return 0
}

// MarshalJSON spells v so that every JSON reader takes it: floats that are not
// finite are the strings "NaN", "Infinity" and "-Infinity".
func (v Value) MarshalJSON() ([]byte, error) { return v.appendJSON(nil), nil }

func (v Value) appendJSON(b []byte) []byte {
	switch v.kind {
	case Float:
		switch f := math.Float64frombits(v.num); {
		case math.IsNaN(f):
			return append(b, `"NaN"`...)
		case math.IsInf(f, 1):
			return append(b, `"Infinity"`...)
		case math.IsInf(f, -1):
			return append(b, `"-Infinity"`...)
		}
	case List:
		b = append(b, '[')
		for i, item := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendJSON(b)
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, f := range v.fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(AppendQuoted(b, f.Key), ':')
			b = f.Value.appendJSON(b)
		}
		return append(b, '}')
	}
	return v.appendInner(b)
}
