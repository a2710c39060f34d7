package fsx

import "strings"

// aliasOfGit tells whether some file system takes name for ".git": in any
// case, as NTFS's short name git~1, with what NTFS drops from an end (dots,
// blanks, a stream after ':'), or with code points that HFS+ ignores. The
// list is that of git's own path checks (CVE-2014-9390, CVE-2019-1352).
func aliasOfGit(name string) bool {
	if len(name) < 4 { // nothing shorter than ".git"
		return false
	}
	return isGit(strings.Map(dropIgnored, name)) || isGit(ntfsName(name))
}

func isGit(name string) bool {
	return strings.EqualFold(name, ".git") || strings.EqualFold(name, "git~1")
}

// ntfsName returns the file that NTFS opens for name: the part before a
// stream, without trailing dots and blanks. A backslash separates there.
func ntfsName(name string) string {
	if i := strings.IndexAny(name, ":\\"); i >= 0 {
		name = name[:i]
	}
	return strings.TrimRight(name, " .")
}

// dropIgnored removes the code points that HFS+ ignores when it compares names.
func dropIgnored(r rune) rune {
	switch {
	case 0x200c <= r && r <= 0x200f, 0x202a <= r && r <= 0x202e, 0x206a <= r && r <= 0x206f, r == 0xfeff:
		return -1
	}
	return r
}
