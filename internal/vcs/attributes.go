package vcs

import (
	"slices"
	"strings"
)

// What an attribute is set to, where that is no text.
const (
	attrSet   = "\x00set"
	attrUnset = "\x00unset"
	attrNone  = "\x00none" // "!name": as if nothing had set it
)

// An attrRule is one line of a gitattributes file.
type attrRule struct {
	pattern string
	whole   bool // matched with the path from the file's folder, not with the last name
	attrs   []attr
}

type attr struct{ name, value string }

// attributes are the rules of one file, for the paths below its folder.
type attributes struct {
	folder string // empty: the top; else with a slash at its end
	rules  []attrRule
	macros map[string][]attr
}

// parseAttributes reads a gitattributes file. Lines that git refuses are left
// out, as git leaves them out after its warning.
func parseAttributes(folder string, b []byte) attributes {
	a := attributes{folder: folder, macros: map[string][]attr{}}
	for line := range strings.Lines(strings.TrimPrefix(string(b), "\ufeff")) {
		line = strings.Trim(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, rest := cutPattern(line)
		attrs := parseAttrs(rest)
		if name, ok := strings.CutPrefix(pattern, "[attr]"); ok {
			if folder == "" {
				a.macros[name] = attrs
			}
			continue
		}
		if pattern == "" || pattern[0] == '!' || strings.HasSuffix(pattern, "/") {
			continue // a folder has no attributes
		}
		whole := strings.Contains(pattern, "/")
		a.rules = append(a.rules, attrRule{strings.TrimPrefix(pattern, "/"), whole, attrs})
	}
	return a
}

// cutPattern splits a line behind its pattern, which may be quoted as in C.
func cutPattern(line string) (pattern, rest string) {
	if line[0] == '"' {
		if p, rest, ok := unquote(line); ok {
			return p, rest
		}
	}
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return line, ""
	}
	return line[:i], line[i:]
}

// unquote reads the C string that s begins with.
func unquote(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], true
		case c != '\\':
			b.WriteByte(c)
		case i+1 == len(s):
			return "", "", false
		default:
			i++
			if n := strings.IndexByte("abtnvfr", s[i]); n >= 0 {
				b.WriteByte(byte(7 + n))
			} else if s[i] >= '0' && s[i] <= '3' && i+2 < len(s) {
				b.WriteByte((s[i]-'0')<<6 | (s[i+1]-'0')<<3 | (s[i+2] - '0'))
				i += 2
			} else {
				b.WriteByte(s[i])
			}
		}
	}
	return "", "", false
}

// parseAttrs reads "text -diff eol=lf !ident".
func parseAttrs(s string) []attr {
	var attrs []attr
	for word := range strings.FieldsSeq(s) {
		name, value, ok := strings.Cut(word, "=")
		switch {
		case word[0] == '-':
			attrs = append(attrs, attr{word[1:], attrUnset})
		case word[0] == '!':
			attrs = append(attrs, attr{word[1:], attrNone})
		case ok:
			attrs = append(attrs, attr{name, value})
		default:
			attrs = append(attrs, attr{word, attrSet})
		}
	}
	return attrs
}

// binaryMacro is the one that git has built in.
var binaryMacro = []attr{{"diff", attrUnset}, {"merge", attrUnset}, {"text", attrUnset}}

// attributesOf returns what files, the lowest in rank first, say of a path.
func attributesOf(files []attributes, path string, fold bool) map[string]string {
	macros := map[string][]attr{"binary": binaryMacro}
	for _, f := range files {
		for name, attrs := range f.macros {
			macros[name] = attrs
		}
	}
	set := map[string]string{}
	for _, f := range slices.Backward(files) {
		rel, ok := strings.CutPrefix(path, f.folder)
		if !ok {
			continue
		}
		for _, rule := range slices.Backward(f.rules) {
			if rule.matches(rel, fold) {
				apply(set, macros, rule.attrs)
			}
		}
	}
	return set
}

// apply adds attrs, the last first, to what higher rules have set.
func apply(set map[string]string, macros map[string][]attr, attrs []attr) {
	for _, a := range slices.Backward(attrs) {
		if _, done := set[a.name]; done {
			continue
		}
		set[a.name] = a.value
		if more := macros[a.name]; a.value == attrSet && len(more) > 0 {
			apply(set, macros, more)
		}
	}
}

func (rule attrRule) matches(path string, fold bool) bool {
	if !rule.whole {
		path = path[strings.LastIndexByte(path, '/')+1:]
	}
	pattern := rule.pattern
	if fold {
		pattern, path = strings.ToLower(pattern), strings.ToLower(path)
	}
	if rest, ok := strings.CutPrefix(pattern, "**/"); ok && wildmatch(rest, path) {
		return true
	}
	return wildmatch(pattern, path)
}
