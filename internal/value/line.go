package value

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file holds the one-line spelling of values in files that mlv writes.
// YAML 1.1, YAML 1.2 and the JSON-like lists in it all read it the same way.

// String returns the spelling of v that AppendLine appends.
func (v Value) String() string { return string(v.AppendLine(nil)) }

// AppendLine appends the one spelling of v: an equal value gives equal bytes.
// Only a string outside a list may stand plain.
func (v Value) AppendLine(b []byte) []byte {
	if v.kind == String {
		return AppendString(b, v.str)
	}
	return v.appendInner(b)
}

func (v Value) appendInner(b []byte) []byte {
	switch v.kind {
	case Bool:
		return strconv.AppendBool(b, v.num == 1)
	case Int:
		if v.str != "" {
			return append(b, v.str...)
		}
		return strconv.AppendInt(b, int64(v.num), 10)
	case Float:
		return append(b, formatFloat(math.Float64frombits(v.num))...)
	case String:
		return AppendQuoted(b, v.str)
	case List:
		b = append(b, '[')
		for i, item := range v.list {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = item.appendInner(b)
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, f := range sorted(v.fields) {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(AppendQuoted(b, f.Key), ": "...)
			b = f.Value.appendInner(b)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// formatFloat spells f as Python's repr does, always with a point, which
// YAML 1.1 needs to see a float.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	if e, _ := strconv.Atoi(exponent); e < -4 || e >= 16 {
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		return mantissa + "e" + exponent
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// AppendString appends s plain where every YAML reads it as that string, else
// quoted.
func AppendString(b []byte, s string) []byte {
	if isPlain(s) {
		return append(b, s...)
	}
	return AppendQuoted(b, s)
}

// isPlain tells whether s matches
//
//	(\.\./)*[A-Za-z_/]([A-Za-z0-9_/.+=@%, -]*[A-Za-z0-9_/.+=@%-])?
//
// and is none of the words that YAML 1.1 takes for null or booleans.
func isPlain(s string) bool {
	for strings.HasPrefix(s, "../") {
		s = s[3:]
	}
	if s == "" || !letter(s[0]) && s[0] != '_' && s[0] != '/' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !letter(c) && !digit(c) && strings.IndexByte("_/.+=@%, -", c) < 0 {
			return false
		}
	}
	if last := s[len(s)-1]; last == ' ' || last == ',' {
		return false
	}
	switch len(s) {
	case 1, 2, 3, 4, 5:
		switch strings.ToLower(s) {
		case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
			return false
		}
	}
	return true
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }

// AppendQuoted appends s as a JSON string. Escaped are the quote, the
// backslash, control characters and those that some YAML reader takes for a
// line break or refuses.
func AppendQuoted(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff', r == '\ufffe', r == '\uffff':
			b = append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
