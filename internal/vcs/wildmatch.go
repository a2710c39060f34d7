package vcs

import "strings"

// wildmatch matches a path with a pattern of git's: "*" and "?" stop at "/",
// "**" between slashes stands for any folders, "[a-z]" is a class, "\" takes
// the next character as it is.
func wildmatch(pattern, name string) bool {
	var m matcher
	return m.match(pattern, name)
}

// A matcher remembers which rests did not match: a pattern of many stars may
// come with a cloned repository, and would else take exponential time.
type matcher struct{ failed map[[2]int]bool }

func (m *matcher) match(pattern, name string) bool {
	for pattern != "" {
		switch c := pattern[0]; c {
		case '*':
			return m.star(pattern, name)
		case '?':
			if name == "" || name[0] == '/' {
				return false
			}
			pattern, name = pattern[1:], name[1:]
		case '[':
			if name == "" || name[0] == '/' {
				return false
			}
			in, rest, ok := matchClass(pattern[1:], name[0])
			if !ok || !in {
				return false
			}
			pattern, name = rest, name[1:]
		default:
			if c == '\\' && len(pattern) > 1 {
				pattern = pattern[1:]
			}
			if name == "" || name[0] != pattern[0] {
				return false
			}
			pattern, name = pattern[1:], name[1:]
		}
		// A "**" between slashes stands for no folder, too.
		if strings.HasPrefix(pattern, "/**/") && m.match(pattern[3:], name) {
			return true
		}
	}
	return name == ""
}

// star matches where pattern begins with one star or more.
func (m *matcher) star(pattern, name string) bool {
	key := [2]int{len(pattern), len(name)}
	if m.failed[key] {
		return false
	}
	rest := strings.TrimLeft(pattern, "*")
	deep := len(pattern)-len(rest) == 2 && (rest == "" || rest[0] == '/')
	for i := 0; ; i++ {
		if m.match(rest, name[i:]) {
			return true
		}
		if i == len(name) || name[i] == '/' && !deep {
			break
		}
	}
	if m.failed == nil {
		m.failed = map[[2]int]bool{}
	}
	m.failed[key] = true
	return false
}

// inClass tells whether c is in a named class, as [[:digit:]].
func inClass(name string, c byte) bool {
	lower, upper, digit := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
	graph := c > ' ' && c < 0x7f
	switch name {
	case "alnum":
		return lower || upper || digit
	case "alpha":
		return lower || upper
	case "blank":
		return c == ' ' || c == '\t'
	case "cntrl":
		return c < ' ' || c == 0x7f
	case "digit":
		return digit
	case "graph":
		return graph
	case "lower":
		return lower
	case "print":
		return graph || c == ' '
	case "punct":
		return graph && !lower && !upper && !digit
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "upper":
		return upper
	case "xdigit":
		return digit || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	}
	return false
}

// matchClass tells whether c is in the class that pattern begins with, behind
// its bracket, and returns what follows it. ok is false if it has no end.
func matchClass(pattern string, c byte) (in bool, rest string, ok bool) {
	not := false
	if pattern != "" && (pattern[0] == '!' || pattern[0] == '^') {
		not, pattern = true, pattern[1:]
	}
	for first := true; pattern != ""; first = false {
		if pattern[0] == ']' && !first {
			return in != not, pattern[1:], true
		}
		if named, after, found := cutNamed(pattern); found {
			in, pattern = in || inClass(named, c), after
			continue
		}
		var lo byte
		lo, pattern = literal(pattern)
		hi := lo
		if len(pattern) > 1 && pattern[0] == '-' && pattern[1] != ']' {
			hi, pattern = literal(pattern[1:])
		}
		in = in || lo <= c && c <= hi
	}
	return false, "", false
}

func cutNamed(pattern string) (name, rest string, ok bool) {
	if !strings.HasPrefix(pattern, "[:") {
		return "", "", false
	}
	return strings.Cut(pattern[2:], ":]")
}

// literal cuts one character, which a backslash may lead.
func literal(pattern string) (c byte, rest string) {
	if pattern[0] == '\\' && len(pattern) > 1 {
		pattern = pattern[1:]
	}
	return pattern[0], pattern[1:]
}
