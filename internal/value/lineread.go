package value

import (
	"errors"
	"fmt"
	"strings"
)

// ParseLine reads what AppendLine writes. It also reads some other spellings:
// who wants only the one compares with AppendLine's.
func ParseLine(s string) (Value, error) {
	p := lineParser{s: s}
	if s == "" {
		return Value{}, errors.New("a value is missing")
	}
	if s[0] != '"' && s[0] != '[' && s[0] != '{' {
		return resolve(s)
	}
	v, err := p.value(0)
	if err == nil && p.s != "" {
		err = fmt.Errorf("unexpected %q", p.s)
	}
	return v, err
}

// CutKey cuts a plain or quoted key and its colon from the front of a line.
func CutKey(line string) (key, rest string, err error) {
	if strings.HasPrefix(line, `"`) {
		key, rest, err = CutQuoted(line)
		if err != nil {
			return "", "", err
		}
		rest, ok := strings.CutPrefix(rest, ":")
		if !ok {
			return "", "", errors.New("a colon expected behind the key")
		}
		return key, rest, nil
	}
	key, rest, ok := strings.Cut(line, ":")
	if !ok || key == "" {
		return "", "", errors.New("a key and a colon expected")
	}
	return key, rest, nil
}

// CutQuoted cuts a JSON string from the front of s and returns what it says.
func CutQuoted(s string) (text, rest string, err error) {
	if s == "" || s[0] != '"' {
		return "", "", errors.New("a quote expected")
	}
	if end := strings.IndexAny(s[1:], `"\`); end >= 0 && s[1+end] == '"' {
		return s[1 : 1+end], s[2+end:], nil
	}
	for end := 1; end < len(s); end++ {
		switch s[end] {
		case '\\':
			end++
		case '"':
			text, err := unquote(s[:end+1])
			return text, s[end+1:], err
		}
	}
	return "", "", errors.New("a quote is never closed")
}

// unquote returns what a quoted string says, by the rules of YAML, of which
// JSON's are a part.
func unquote(quoted string) (string, error) {
	doc, err := ParseYAML("", []byte(quoted))
	if err != nil || doc.Root.Style != Double {
		return "", fmt.Errorf("%s is not a quoted string", quoted)
	}
	return doc.Root.Text, nil
}

// A lineParser reads the JSON-like inside of lists.
type lineParser struct{ s string }

func (p *lineParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.s, prefix)
	p.s = rest
	return ok
}

func (p *lineParser) value(depth int) (Value, error) {
	switch {
	case depth > MaxDepth:
		return Value{}, fmt.Errorf("nested deeper than %d levels", MaxDepth)
	case p.s == "":
		return Value{}, errors.New("a value is missing")
	case p.s[0] == '"':
		text, rest, err := CutQuoted(p.s)
		p.s = rest
		return OfString(text), err
	case p.take("["):
		items := []Value{}
		for !p.take("]") {
			if len(items) > 0 && !p.take(", ") {
				return Value{}, errors.New(`", " or "]" expected`)
			}
			v, err := p.value(depth + 1)
			if err != nil {
				return Value{}, err
			}
			items = append(items, v)
		}
		return OfList(items...), nil
	case p.take("{"):
		return p.fields(depth)
	}
	word := p.s
	if end := strings.IndexAny(word, ",]}"); end >= 0 {
		word = word[:end]
	}
	p.s = p.s[len(word):]
	v, err := resolve(word)
	if err == nil && v.Kind() == String {
		err = fmt.Errorf("%q in a list needs quotes", word)
	}
	return v, err
}

func (p *lineParser) fields(depth int) (Value, error) {
	var fields []Field
	for !p.take("}") {
		if len(fields) > 0 && !p.take(", ") {
			return Value{}, errors.New(`", " or "}" expected`)
		}
		key, rest, err := CutQuoted(p.s)
		if err != nil {
			return Value{}, err
		}
		p.s = rest
		if !p.take(": ") {
			return Value{}, errors.New(`": " expected`)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if len(fields) > 0 && fields[len(fields)-1].Key >= key {
			return Value{}, fmt.Errorf("key %q out of order", key)
		}
		fields = append(fields, Field{key, v})
	}
	return OfMap(fields...), nil
}
