package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/review"
	"github.com/mlv-dev/mlv/internal/ui"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newStatus)

func newStatus(a *App) *cobra.Command {
	var opt review.StatusOptions
	var asked bool
	cmd := &cobra.Command{
		Use:               "status [TARGET...]",
		Short:             "Tell what differs from the last commit",
		GroupID:           "data",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.complete(targets),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Targets = args
			s, err := review.Look(ctx, p, opt)
			if s == nil {
				return err
			}
			if err := errors.Join(err, show(a, s, printStatus)); err != nil {
				return err
			}
			return a.verdict(asked, s.Changed())
		}),
	}
	f := cmd.Flags()
	f.BoolVarP(&opt.Recursive, "recursive", "R", false, "a folder means everything tracked below it")
	f.BoolVar(&opt.Untracked, "untracked", false, "also list files that neither git nor mlv tracks")
	f.BoolVar(&opt.Unchanged, "unchanged", false, "also list what has not changed")
	exitCode(cmd, &asked)
	return cmd
}

func printStatus(p *Printer, s *review.Status) {
	if c := s.Committed; c != nil && !c.Empty() {
		p.Line("%s", p.Paint(ui.Strong, "recorded since the last commit; 'git commit' keeps it:"))
		p.As(format{}, changesTable(c, false, format{}))
	}
	if w := s.Uncommitted; len(w.Modified)+len(w.Added)+len(w.Deleted)+len(w.Unknown) > 0 {
		p.Line("%s", p.Paint(ui.Strong, "changed and not recorded; 'mlv commit' records it, 'mlv checkout' undoes it:"))
		p.Paths(ui.Warn, "M", w.Modified)
		p.Paths(ui.Good, "A", w.Added)
		p.Paths(ui.Bad, "D", w.Deleted)
		p.Paths(ui.Warn, "?", w.Unknown)
	}
	for _, part := range []struct {
		title string
		paths []string
	}{
		{"not in the cache; 'mlv fetch' gets it:", s.NotInCache},
		{"tracked by neither git nor mlv:", s.Untracked},
		{"unchanged:", s.Unchanged},
	} {
		if len(part.paths) > 0 {
			p.Line("%s", p.Paint(ui.Strong, part.title))
			p.Paths(ui.Dim, " ", part.paths)
		}
	}
	printStale(p, s.Stages)
	if !s.Changed() && len(s.NotInCache) == 0 {
		p.Line("nothing has changed")
	}
}
