package fsx

import (
	"strings"
	"unicode/utf8"
)

// aliasOfGit tells whether some file system takes name for ".git".
func aliasOfGit(name string) bool { return aliasOf(name, ".git") }

// Private tells whether some file system takes a component of p for ".mlv",
// where the person's own settings lie: nothing that a repository or a remote
// names may be written there.
func (p Path) Private() bool {
	for name := range strings.SplitSeq(string(p), "/") {
		if aliasOf(name, ".mlv") {
			return true
		}
	}
	return false
}

// aliasOf tells whether some file system takes name for dot, which begins with
// a dot, or splits it so that a part is. The rules are those of git's own
// path checks (CVE-2014-9390, CVE-2019-1352).
func aliasOf(name, dot string) bool {
	if len(name) < len(dot) {
		return false
	}
	switch name[0] {
	case '.', dot[1], dot[1] - 'a' + 'A', 0xe2, 0xef: // the last two begin what HFS+ ignores
	default:
		if strings.IndexByte(name, '\\') < 0 {
			return false // nearly every name, and asked for each file
		}
	}
	for part := range strings.SplitSeq(name, `\`) {
		if ntfsAlias(part, dot) || hfsAlias(part, dot) {
			return true
		}
	}
	return false
}

// ntfsAlias: NTFS ignores case, drops dots and blanks at the end and a stream
// after ':', and makes short names.
func ntfsAlias(name, dot string) bool {
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimRight(name, " .")
	return strings.EqualFold(name, dot) || strings.EqualFold(name, dot[1:]+"~1")
}

// hfsAlias: HFS+ ignores case and some code points. What follows a byte that
// isn't UTF-8 is ignored here, to be on the safe side as git is.
func hfsAlias(name, dot string) bool {
	for name != "" {
		r, n := utf8.DecodeRuneInString(name)
		if r == utf8.RuneError && n == 1 {
			break
		}
		name = name[n:]
		if hfsIgnores(r) {
			continue
		}
		if dot == "" || r != rune(dot[0]) && (r < 'A' || r > 'Z' || r-'A'+'a' != rune(dot[0])) {
			return false
		}
		dot = dot[1:]
	}
	return dot == ""
}

// hfsIgnores lists the code points that HFS+ ignores when it compares names.
func hfsIgnores(r rune) bool {
	switch {
	case 0x200c <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x206a <= r && r <= 0x206f, r == 0xfeff:
		return true
	}
	return false
}
