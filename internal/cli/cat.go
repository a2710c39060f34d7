package cli

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newCat)

func newCat(a *App) *cobra.Command {
	opt := work.CatOptions{Len: -1}
	cmd := &cobra.Command{
		Use:               "cat PATH",
		Short:             "Print a tracked file",
		GroupID:           "data",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.complete(at(trackedPaths)),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Path = args[0]
			a.unwatch() // the bytes go to the screen
			return p.Cat(ctx, opt, a.Out)
		}),
	}
	cmd.Flags().StringVar(&opt.Rev, "rev", "", "as `REV` records it")
	cmd.Flags().Var((*rangeValue)(&opt), "range", "only the bytes `A-B`, without B; either may be left out")
	a.completeFlag(cmd, "rev", revisions)
	return cmd
}

// A rangeValue is the bytes from A up to B, as "A-B".
type rangeValue work.CatOptions

func (r *rangeValue) Set(s string) error {
	from, to, ok := strings.Cut(s, "-")
	first, err := strconv.ParseUint("0"+from, 10, 63)
	last, err2 := strconv.ParseUint("0"+to, 10, 63)
	if !ok || err != nil || err2 != nil || to != "" && last < first || s == "-" {
		return errors.New("a range is like 0-4096, 100- or -100")
	}
	r.Off, r.Len = int64(first), -1
	if to != "" {
		r.Len = int64(last - first)
	}
	return nil
}

func (r *rangeValue) Type() string   { return "range" }
func (r *rangeValue) String() string { return "" }
