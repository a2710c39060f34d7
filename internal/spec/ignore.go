package spec

import (
	"bytes"
	"strings"

	"github.com/mlv-dev/mlv/internal/fsx"
)

// GitIgnoreName is the file in which git looks for what it shall not track.
const GitIgnoreName = ".gitignore"

// maxIgnore is the most bytes that an ignore file may have.
const maxIgnore = 4 << 20

// An Ignore holds the rules of ignore files: git's syntax and meaning, in
// .gitignore and .mlvignore alike. It is not changed once made; nil has no
// rules.
type Ignore struct {
	above *Ignore
	dir   fsx.Path // the rules are about what lies below it
	rules []rule   // as written
	fold  bool     // ASCII letters match in either case
}

// FoldCase returns no rules yet; those laid over it match ASCII letters in
// either case, as git's do where core.ignoreCase is set.
func FoldCase() *Ignore { return &Ignore{fold: true} }

// A rule is one line of an ignore file.
type rule struct {
	pattern string
	negated bool // "!": what matches is not ignored
	folder  bool // it matches folders only
	base    bool // it has no slash: it matches the name alone
}

// With returns the rules of i and, over them, those of an ignore file that
// stands in dir.
func (i *Ignore) With(dir fsx.Path, content []byte) *Ignore {
	rules := parseRules(content)
	if len(rules) == 0 {
		return i
	}
	fold := i != nil && i.fold
	if fold {
		for n := range rules {
			rules[n].pattern = lowerPattern(rules[n].pattern)
		}
	}
	return &Ignore{above: i, dir: dir, rules: rules, fold: fold}
}

func parseRules(content []byte) (rules []rule) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	for line := range bytes.SplitSeq(content, []byte("\n")) {
		if r, ok := parseRule(string(bytes.TrimSuffix(line, []byte("\r")))); ok {
			rules = append(rules, r)
		}
	}
	return rules
}

func parseRule(line string) (r rule, ok bool) {
	if line == "" || line[0] == '#' {
		return r, false
	}
	line = trimBlanks(line)
	line, r.negated = strings.CutPrefix(line, "!")
	line, r.folder = strings.CutSuffix(line, "/")
	r.base = !strings.Contains(line, "/")
	r.pattern = strings.TrimPrefix(line, "/")
	return r, r.pattern != ""
}

// trimBlanks cuts blanks off the end that no backslash protects.
func trimBlanks(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			if i++; i >= len(line) {
				return line
			}
		}
		end = i + 1
	}
	return line[:end]
}

// Match tells whether the rules ignore path itself: the last one that matches
// decides. It does not look at the folders above, of which a caller that walks
// down knows already; Ignored does.
func (i *Ignore) Match(path fsx.Path, folder bool) bool {
	for ; i != nil; i = i.above {
		if i.dir != "" && (!path.Under(i.dir) || path == i.dir) {
			continue
		}
		below := string(path.Rel(i.dir))
		if i.fold {
			below = lower(below)
		}
		for n := len(i.rules) - 1; n >= 0; n-- {
			if i.rules[n].match(below, folder) {
				return !i.rules[n].negated
			}
		}
	}
	return false
}

// Ignored tells whether path or a folder above it is ignored. In an ignored
// folder nothing can be brought back.
func (i *Ignore) Ignored(path fsx.Path, folder bool) bool {
	if i == nil {
		return false
	}
	for n := range len(path) {
		if path[n] == '/' && i.Match(path[:n], true) {
			return true
		}
	}
	return i.Match(path, folder)
}

// lower returns s with small ASCII letters.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// lowerPattern does so to a pattern. A capital behind a backslash stays one
// and so matches nothing: git has it so.
func lowerPattern(s string) string {
	var b strings.Builder
	for s != "" {
		if s[0] == '\\' && len(s) > 1 {
			b.WriteString(s[:2])
			s = s[2:]
			continue
		}
		b.WriteString(lower(s[:1]))
		s = s[1:]
	}
	return strings.ReplaceAll(b.String(), "[:upper:]", "[:alpha:]")
}

func (r *rule) match(path string, folder bool) bool {
	if r.folder && !folder {
		return false
	}
	if r.base {
		return wild(r.pattern, path[strings.LastIndexByte(path, '/')+1:])
	}
	return wild(r.pattern, path)
}

// Glob tells whether a pattern matches the whole of a path, by the rules of
// ignore files: a '*' stays within a component, "**" is any number of them.
func Glob(pattern, path string) bool { return wild(pattern, path) }

// wild tells whether a pattern matches the whole of text. '*' and '?' do not
// match a slash; "**" between slashes or ends matches any number of folders.
// A failed attempt goes back to the last '*', beyond a slash to the last "**",
// never to earlier ones, which could not match better: the time is bounded by
// the product of the lengths.
func wild(pattern, text string) bool {
	p, t := 0, 0
	star, starText := -1, 0   // behind the last '*'; where its match ends
	globe, globeText := -1, 0 // the same for the last "**/"
	for t < len(text) || p < len(pattern) {
		if p < len(pattern) {
			c := pattern[p]
			if c == '*' {
				end := p
				for end < len(pattern) && pattern[end] == '*' {
					end++
				}
				whole := end-p >= 2 && (p == 0 || pattern[p-1] == '/')
				switch {
				case whole && end == len(pattern):
					return true
				case whole && pattern[end] == '/':
					p = end + 1
					globe, globeText, star = p, t, -1
				default:
					p = end
					star, starText = p, t
				}
				continue
			}
			if t < len(text) {
				if n, ok := one(pattern[p:], text[t]); ok {
					p += n
					t++
					continue
				}
			}
		}
		switch {
		case star >= 0 && starText < len(text) && text[starText] != '/':
			starText++
			p, t = star, starText
		case globe >= 0 && strings.IndexByte(text[globeText:], '/') >= 0:
			globeText += strings.IndexByte(text[globeText:], '/') + 1
			p, t, star = globe, globeText, -1
		default:
			return false
		}
	}
	return true
}

// one matches one byte of text against the head of a pattern, which is not
// '*', and returns how long that is.
func one(pattern string, c byte) (n int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, c != '/'
	case '[':
		return class(pattern, c)
	case '\\':
		return 2, len(pattern) > 1 && pattern[1] == c
	}
	return 1, pattern[0] == c
}

// class matches c against "[...]". A class that is not closed matches nothing.
func class(pattern string, c byte) (n int, ok bool) {
	i := 1
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	matched := false
	for first := true; ; first = false {
		if i >= len(pattern) {
			return 0, false
		}
		if pattern[i] == ']' && !first {
			return i + 1, matched != negated && c != '/'
		}
		if strings.HasPrefix(pattern[i:], "[:") {
			if end := strings.IndexByte(pattern[i+2:], ']'); end >= 0 && end > 0 && pattern[i+2+end-1] == ':' {
				in, known := named(pattern[i+2:i+2+end-1], c)
				if !known {
					return 0, false
				}
				matched = matched || in
				i += 2 + end + 1
				continue
			}
		}
		low, next := classByte(pattern, i)
		if next > len(pattern) {
			return 0, false
		}
		i = next
		high := low
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			high, i = classByte(pattern, i+1)
			if i > len(pattern) {
				return 0, false
			}
		}
		matched = matched || low <= c && c <= high
	}
}

// classByte returns the byte at i of a class, after a backslash if there is
// one, and where the next begins; beyond the end if there is none.
func classByte(pattern string, i int) (c byte, next int) {
	if pattern[i] == '\\' {
		i++
	}
	if i >= len(pattern) {
		return 0, i + 1
	}
	return pattern[i], i + 1
}

// named tells whether c is in a class like [:alpha:], of ASCII alone.
func named(name string, c byte) (in, known bool) {
	lower, upper, digit := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9'
	graph := '!' <= c && c <= '~'
	switch name {
	case "alnum":
		return lower || upper || digit, true
	case "alpha":
		return lower || upper, true
	case "blank":
		return c == ' ' || c == '\t', true
	case "cntrl":
		return c < ' ' || c == 0x7f, true
	case "digit":
		return digit, true
	case "graph":
		return graph, true
	case "lower":
		return lower, true
	case "print":
		return graph || c == ' ', true
	case "punct":
		return graph && !lower && !upper && !digit, true
	case "space":
		return c == ' ' || '\t' <= c && c <= '\r', true
	case "upper":
		return upper, true
	case "xdigit":
		return digit || 'a' <= c|0x20 && c|0x20 <= 'f', true
	}
	return false, false
}
