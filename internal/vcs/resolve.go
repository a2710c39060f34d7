package vcs

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
)

// Resolve returns the commit that a user's revision names: what
// "git rev-parse REV^{commit}" finds, in git's order of preference.
//
// What the text names is settled here for hashes, abbreviations, branches,
// tags, remote branches, HEAD, @, ~n, ^n, ^{commit} and ^{}. The rest of
// gitrevisions(7) is the git program's. A revision that names nothing is
// errs.Usage, with the nearest names; one of HEAD before the first commit is
// ErrNoCommits.
func (r *Repo) Resolve(ctx context.Context, rev string) (Commit, error) {
	parsed, ours, err := parseRevision(rev)
	if err != nil {
		return Commit{}, err
	}
	if !ours {
		if r.program == nil {
			return Commit{}, needsGit("revision " + rev)
		}
		parsed = revision{base: rev}
	}
	c, err := r.walk(ctx, parsed, ours)
	return c, r.explain(ctx, rev, parsed, err)
}

// walk goes from a revision's base its steps. The base is git's to read unless
// it is ours.
func (r *Repo) walk(ctx context.Context, rev revision, ours bool) (Commit, error) {
	h, err := Hash(""), errAbsent
	if ours && r.native != nil {
		h, err = r.base(ctx, rev.base)
	}
	if errors.Is(err, errAbsent) && r.program != nil {
		h, err = r.program.resolve(ctx, rev.base)
	}
	if err != nil {
		return Commit{}, err
	}
	c, err := r.commit(ctx, h)
	for _, s := range rev.steps {
		for i := 0; err == nil && s.parent > 0 && i < s.times; i++ {
			c, err = r.parent(ctx, c, s.parent)
		}
	}
	return c, err
}

// parent returns the n-th parent of c.
func (r *Repo) parent(ctx context.Context, c Commit, n int) (Commit, error) {
	have, err := r.parents(ctx, c)
	switch {
	case err != nil:
		return Commit{}, err
	case n <= len(have):
		return r.commit(ctx, have[n-1])
	case n <= len(c.Parents):
		return Commit{}, r.absent(ctx, c.Parents[n-1])
	case len(c.Parents) == 0:
		return Commit{}, usageOf("commit %s is the first, without a parent", c.Hash.Short())
	}
	return Commit{}, usageOf("commit %s has no parent number %d", c.Hash.Short(), n)
}

func usageOf(format string, args ...any) error { return errs.New(errs.Usage, "", format, args...) }

// base settles a name without steps: a whole hash, else a reference, else an
// abbreviated hash.
func (r *Repo) base(ctx context.Context, name string) (Hash, error) {
	if lower := strings.ToLower(name); len(lower) == r.config.hashLen && isHex(lower) {
		return Hash(lower), nil
	}
	for _, full := range []string{name, "refs/" + name, "refs/tags/" + name, "refs/heads/" + name, "refs/remotes/" + name, "refs/remotes/" + name + "/HEAD"} {
		h, err := r.native.ref(full)
		if err == nil || !errors.Is(err, errAbsent) {
			return h, err
		}
	}
	if prefix, ok := abbreviation(name, r.config.hashLen); ok && (r.program == nil || !r.native.heavy()) {
		return r.unique(ctx, prefix)
	}
	return "", errAbsent
}

// unique returns the only commit, or tag of one, whose hash begins with
// prefix. Other objects do not make it ambiguous, as in git.
func (r *Repo) unique(ctx context.Context, prefix string) (Hash, error) {
	found, err := r.native.match(prefix)
	if err != nil {
		return "", err
	}
	var commits []string
	for _, h := range found {
		switch _, err := r.commit(ctx, h); {
		case err == nil:
			commits = append(commits, string(h))
		case errors.As(err, new(errNotCommit)):
		default:
			return "", err
		}
	}
	switch {
	case len(commits) == 1:
		return Hash(commits[0]), nil
	case len(commits) > 1:
		return "", &errs.Error{
			Kind: errs.Usage, Hint: "give more digits", Candidates: commits,
			Err: errors.New("begins the hashes of several commits"),
		}
	case len(found) > 0:
		return found[0], nil // commit says what it is instead
	}
	return "", errAbsent
}

// explain turns the failure to resolve rev into what a person can act on.
func (r *Repo) explain(ctx context.Context, rev string, parsed revision, err error) error {
	var not errNotCommit
	switch {
	case err == nil:
		return nil
	case errors.As(err, &not):
		return usage(rev, "names a %s, not a commit", not.kind)
	case !errors.Is(err, errAbsent):
		if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind == errs.Usage {
			return &errs.Error{Kind: errs.Usage, Hint: e.Hint, Candidates: e.Candidates, Err: usage(rev, "%w", e.Err).Err}
		}
		return err
	}
	if branch, berr := r.Branch(ctx); berr == nil && branch != "" {
		if at := "refs/heads/" + branch; parsed.base == "HEAD" || parsed.base == branch || parsed.base == at {
			return ErrNoCommits
		}
	}
	unknown := usage(rev, "is unknown")
	unknown.Candidates = r.nearest(ctx, parsed.base)
	return unknown
}

// nearest returns up to three branches and tags whose names are like name.
func (r *Repo) nearest(ctx context.Context, name string) []string {
	var near []string
	for _, list := range []func(context.Context) ([]string, error){r.Branches, r.Tags, r.RemoteBranches} {
		names, err := list(ctx)
		if err != nil {
			return nil // only a help: the error told is the first one
		}
		for _, other := range names {
			if alike(name, other) {
				near = append(near, other)
			}
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return distance(name, a) - distance(name, b) })
	return near[:min(len(near), 3)]
}

// alike tells whether b may be meant by a: a part of it, or mistyped by a
// letter in three.
func alike(a, b string) bool {
	if len(a) >= 3 && strings.Contains(b, a) {
		return true
	}
	return len(a) < 100 && len(b) < 100 && distance(a, b) <= (len(a)+2)/3
}

// distance is Levenshtein's, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := min(row[j], row[j+1]) + 1
			if a[i] == b[j] {
				next = min(next, diagonal)
			} else {
				next = min(next, diagonal+1)
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
