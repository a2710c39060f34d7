package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newCommit)

func newCommit(a *App) *cobra.Command {
	var opt work.CommitOptions
	cmd := &cobra.Command{
		Use:               "commit [TARGET...]",
		Short:             "Keep the content of tracked paths as it is now",
		GroupID:           "data",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.complete(targets),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Targets = args
			done, err := p.Commit(ctx, opt)
			if err != nil {
				return showDone(a, done, err, printCommitted)
			}
			due, err := a.stage(ctx, p, done.Stage)
			return showDone(a, done, err, func(p *Printer, r work.AddResult) {
				printCommitted(p, r)
				p.GitAdd(due)
			})
		}),
	}
	cmd.Flags().BoolVarP(&opt.Recursive, "recursive", "R", false, "a folder means everything tracked below it")
	dryRun(cmd, &opt.DryRun)
	return cmd
}

func printCommitted(p *Printer, r work.AddResult) {
	for _, added := range r.Added {
		if added.Change != "unchanged" {
			printAdded(p, added)
		}
	}
}
