package vcs

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/mlv-dev/mlv/internal/errs"
)

// A Commit is what a commit object says.
type Commit struct {
	Hash    Hash      `json:"hash"`
	Tree    Hash      `json:"tree"`
	Parents []Hash    `json:"parents"` // as recorded, also where a shallow clone lacks them
	Author  string    `json:"author"`  // the name
	Email   string    `json:"email"`   // the author's
	Time    time.Time `json:"time"`    // of committing, in the committer's zone
	Subject string    `json:"subject"` // the first paragraph of the message, on one line
}

// commit reads the commit that h names, an annotated tag followed to it.
func (r *Repo) commit(ctx context.Context, h Hash) (Commit, error) {
	for range maxTags {
		o, err := r.object(ctx, h)
		if errors.Is(err, errAbsent) {
			return Commit{}, r.absent(ctx, h)
		}
		if err != nil {
			return Commit{}, err
		}
		switch o.kind {
		case "commit":
			return parseCommit(h, string(o.content))
		case "tag":
			to, ok := strings.CutPrefix(string(o.content), "object ")
			to, _, _ = strings.Cut(to, "\n")
			if !ok || len(to) != len(h) || !isHex(to) {
				return Commit{}, errs.At(errs.Corrupt, string(h), "run 'git fsck'", "broken tag object")
			}
			h = Hash(to)
		default:
			return Commit{}, errNotCommit{h, o.kind}
		}
	}
	return Commit{}, errs.At(errs.Corrupt, string(h), "", "more than %d tags of tags", maxTags)
}

// maxTags bounds how many tags of tags are followed.
const maxTags = 32

// absent is the error of a commit that ought to be here.
func (r *Repo) absent(ctx context.Context, h Hash) error {
	hint := "run 'git fsck'"
	if shallow, err := r.Shallow(ctx); err == nil && shallow {
		hint = "run 'git fetch --unshallow'"
	}
	return errs.New(errs.Missing, hint, "commit %s is not in the repository", h.Short())
}

// errNotCommit says that a hash names something else.
type errNotCommit struct {
	h    Hash
	kind string
}

func (e errNotCommit) Error() string { return e.h.Short() + " is a " + e.kind + ", not a commit" }

// parseCommit reads the text of a commit object.
func parseCommit(h Hash, text string) (Commit, error) {
	c := Commit{Hash: h}
	head, message, _ := strings.Cut(text, "\n\n")
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "tree":
			c.Tree = Hash(value)
		case "parent":
			c.Parents = append(c.Parents, Hash(value))
		case "author":
			c.Author, c.Email, _ = parsePerson(value)
		case "committer":
			_, _, c.Time = parsePerson(value)
		}
	}
	for _, name := range append([]Hash{c.Tree}, c.Parents...) {
		if len(name) != len(h) || !isHex(string(name)) {
			return Commit{}, errs.At(errs.Corrupt, string(h), "run 'git fsck'", "broken commit object")
		}
	}
	paragraph, _, _ := strings.Cut(strings.TrimLeft(message, "\n"), "\n\n")
	c.Subject = strings.ToValidUTF8(strings.Join(strings.Fields(paragraph), " "), "\uFFFD")
	return c, nil
}

// parsePerson reads "Name <mail> seconds zone". What is broken is left out:
// histories hold such lines, and git reads them.
func parsePerson(s string) (name, email string, when time.Time) {
	name, rest, ok := strings.Cut(s, "<")
	if !ok {
		return strings.TrimSpace(name), "", time.Time{}
	}
	email, rest, _ = strings.Cut(rest, ">")
	if fields := strings.Fields(rest); len(fields) > 0 {
		if seconds, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
			when = time.Unix(seconds, 0).In(zone(fields[1:]))
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(name), "\uFFFD"), email, when
}

// zone reads "+0130".
func zone(fields []string) *time.Location {
	if len(fields) == 0 {
		return time.UTC
	}
	n, err := strconv.Atoi(fields[0])
	if err != nil || n <= -2400 || n >= 2400 {
		return time.UTC
	}
	return time.FixedZone("", (n/100*60+n%100)*60)
}

// Head returns the commit of HEAD. The error is ErrNoCommits before the first.
func (r *Repo) Head(ctx context.Context) (Commit, error) { return r.Resolve(ctx, "HEAD") }

// parents returns the parents of c that the repository has: a shallow clone
// ends at some commits.
func (r *Repo) parents(ctx context.Context, c Commit) ([]Hash, error) {
	shallow, err := r.boundary(ctx)
	if err != nil || shallow[c.Hash] {
		return nil, err
	}
	return c.Parents, nil
}
