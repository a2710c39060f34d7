package review

import (
	"context"
	"strings"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/work"
)

// Range returns the two revisions that the arguments of a command which
// compares mean: none: HEAD and the working tree; "A": A and the working tree;
// "A B" and "A..B": both; "A...B": what B did since it left A. As everywhere
// here, From "" is HEAD, To "" the working tree.
func Range(ctx context.Context, p *work.Project, args []string) (from, to string, err error) {
	switch {
	case len(args) > 2:
		return "", "", errs.New(errs.Usage, "see 'mlv help revisions'", "%d revisions are given; two can be compared", len(args))
	case len(args) == 2:
		return args[0], args[1], nil
	case len(args) == 0:
		return "", "", nil
	}
	if a, b, ok := strings.Cut(args[0], "..."); ok {
		if p.Repo == nil {
			return "", "", errs.New(errs.Usage, "", "%s: the project lives without git", args[0])
		}
		b = orHEAD(b)
		base, err := p.Repo.MergeBase(ctx, orHEAD(a), b)
		return string(base.Hash), b, err
	}
	if a, b, ok := strings.Cut(args[0], ".."); ok {
		return a, orHEAD(b), nil
	}
	return args[0], "", nil
}

func orHEAD(rev string) string {
	if rev == "" {
		return "HEAD"
	}
	return rev
}
