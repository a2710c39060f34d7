package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newRemove)

func newRemove(a *App) *cobra.Command {
	var opt work.RemoveOptions
	cmd := &cobra.Command{
		Use:               "remove TARGET...",
		Short:             "Stop tracking files and folders",
		GroupID:           "data",
		Aliases:           []string{"rm"},
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.complete(trackedPaths),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Targets = args
			done, err := p.Remove(ctx, opt)
			if err != nil {
				return err
			}
			due, err := a.stage(ctx, p, done.Stage)
			return showDone(a, done, err, func(p *Printer, r work.RemoveResult) {
				for _, path := range r.Removed {
					p.Line("removed %s", path)
				}
				for _, path := range r.Deleted {
					p.Line("deleted %s", path)
				}
				p.GitAdd(due)
			})
		}),
	}
	cmd.Flags().BoolVar(&opt.Outs, "outs", false, "also delete the data from the working tree")
	cmd.Flags().BoolVarP(&opt.Force, "force", "f", false, "with --outs, even changes that are saved nowhere")
	return cmd
}
