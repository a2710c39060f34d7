package vcs

import (
	"strconv"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
)

// A revision is a user's text, read.
type revision struct {
	base  string // a hash, an abbreviation or the name of a reference
	steps []step
}

// A step leads from one commit to another.
type step struct {
	parent int // which parent, from 1; 0: the commit itself
	times  int
}

// maxSteps bounds the numbers in a revision: no history is longer.
const maxSteps = 1 << 31

// parseRevision reads what git calls a revision (gitrevisions(7)), as far as
// references and ancestry go:
//
//	name  @  name~3  name^2  name^{commit}  name^{}  in any sequence
//
// ok is false for what only the git program can answer: reflog (@{1}), dates,
// messages (:/text, ^{/text}). An error says that the text names no commit at
// all, whoever reads it.
func parseRevision(s string) (rev revision, ok bool, err error) {
	if err := plausible(s); err != nil {
		return revision{}, false, err
	}
	if strings.Contains(s, "@{") || strings.HasPrefix(s, ":/") {
		return revision{}, false, nil
	}
	base, rest := s, ""
	if i := strings.IndexAny(s, "~^"); i >= 0 {
		base, rest = s[:i], s[i:]
	}
	if base == "@" {
		base = "HEAD"
	}
	if !validRefName(base) && base != "HEAD" {
		return revision{}, false, usage(s, "is not a revision")
	}
	rev.base = base
	for rest != "" {
		var next step
		if next, rest, ok = cutStep(rest); !ok {
			return revision{}, false, nil
		}
		rev.steps = append(rev.steps, next)
	}
	return rev, true, nil
}

// plausible refuses what names no single commit, with the reason.
func plausible(s string) error {
	switch {
	case s == "":
		return usage(s, "is empty")
	case s[0] == '-':
		return usage(s, "begins with a dash, so it is not a revision")
	case strings.ContainsAny(s, "\x00\n\r"):
		return usage(s, "has a control character")
	case strings.HasPrefix(s, ":/"):
		return nil
	case strings.HasPrefix(s, "^"):
		return usage(s, "excludes a revision; one revision is wanted")
	case strings.Contains(beforeBrace(s), ".."):
		return usage(s, "is a range; one revision is wanted")
	case strings.Contains(beforeBrace(s), ":"):
		return usage(s, "names a file at a revision; one revision is wanted")
	}
	return nil
}

// beforeBrace returns s up to the first brace: within one, any text goes.
func beforeBrace(s string) string {
	before, _, _ := strings.Cut(s, "{")
	return before
}

// cutStep reads one ~n, ^n, ^{commit} or ^{} at the beginning of s.
func cutStep(s string) (next step, rest string, ok bool) {
	op, rest := s[0], s[1:]
	for _, kind := range []string{"{commit}", "{}"} {
		if after, found := strings.CutPrefix(rest, kind); found && op == '^' {
			return step{0, 1}, after, true
		}
	}
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	n := 1
	if digits > 0 {
		var err error
		if n, err = strconv.Atoi(rest[:digits]); err != nil || n >= maxSteps {
			return step{}, "", false
		}
	}
	rest = rest[digits:]
	if rest != "" && rest[0] != '~' && rest[0] != '^' {
		return step{}, "", false
	}
	if op == '~' {
		return step{1, n}, rest, true
	}
	return step{n, 1}, rest, true
}

// usage is the error of a revision that names no commit.
func usage(rev, format string, args ...any) *errs.Error {
	return errs.New(errs.Usage, "see 'mlv help revisions'", "revision %q "+format, append([]any{rev}, args...)...)
}

// abbreviation returns the digits of s if it abbreviates a hash: at least
// four, in any case, or those at the end of what "git describe" prints.
func abbreviation(s string, hashLen int) (string, bool) {
	if i := strings.LastIndex(s, "-g"); i > 0 {
		s = s[i+2:]
	}
	s = strings.ToLower(s)
	return s, len(s) >= 4 && len(s) <= hashLen && isHex(s)
}
