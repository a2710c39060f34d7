package value

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// pyUnescape returns what the inside of a Python string stands for. It is
// false for named characters and halves of surrogate pairs.
func pyUnescape(s string) (string, bool) {
	if !strings.Contains(s, `\`) {
		return s, true
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if simple := strings.IndexByte(`\'"abfnrtv`, s[i]); simple >= 0 {
			b = append(b, "\\'\"\a\b\f\n\r\t\v"[simple])
			continue
		}
		width := 0
		switch s[i] {
		case '\n':
			continue
		case 'x':
			width = 2
		case 'u':
			width = 4
		case 'U':
			width = 8
		case 'N':
			return "", false
		case '0', '1', '2', '3', '4', '5', '6', '7':
			end := i
			for end < len(s) && end < i+3 && '0' <= s[end] && s[end] <= '7' {
				end++
			}
			n, _ := strconv.ParseUint(s[i:end], 8, 32)
			b = utf8.AppendRune(b, rune(n))
			i = end - 1
			continue
		default: // unknown ones stay as they are
			b = append(b, '\\', s[i])
			continue
		}
		if i+width >= len(s) {
			return "", false
		}
		n, err := strconv.ParseUint(s[i+1:i+1+width], 16, 32)
		if err != nil || !utf8.ValidRune(rune(n)) || n > utf8.MaxRune {
			return "", false
		}
		b = utf8.AppendRune(b, rune(n))
		i += width
	}
	return string(b), true
}
