package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newPull)

func newPull(a *App) *cobra.Command {
	var opt work.PullOptions
	cmd := &cobra.Command{
		Use:               "pull [TARGET...]",
		Short:             "Get data from the remote and place it",
		GroupID:           "sync",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.complete(targets),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Targets = args
			done, err := p.Pull(ctx, opt)
			return showDone(a, done, err, func(p *Printer, r work.Pulled) {
				printFetched(p, r.Fetched, opt.PlaceOptions.DryRun)
				p.Changes(r.Changes)
				if r.Fetched.UpToDate && r.None() && err == nil {
					p.Line(upToDate)
				}
			})
		}),
	}
	a.syncFlags(cmd, &opt.SyncOptions)
	cmd.Flags().BoolVarP(&opt.Force, "force", "f", false, "overwrite changes that are saved nowhere")
	cmd.Flags().BoolVar(&opt.AllowMissing, "allow-missing", false, "content that is nowhere to be had is no failure")
	dryRun(cmd, &opt.PlaceOptions.DryRun)
	return cmd
}
