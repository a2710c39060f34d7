package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newFetch)

func newFetch(a *App) *cobra.Command {
	var opt work.SyncOptions
	cmd := &cobra.Command{
		Use:               "fetch [TARGET...]",
		Short:             "Get data from the remote into the cache",
		GroupID:           "sync",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.complete(targets),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Targets = args
			done, err := p.Fetch(ctx, opt)
			return showDone(a, done, err, func(p *Printer, r work.Fetched) {
				printFetched(p, r, opt.DryRun)
				if r.UpToDate && err == nil {
					p.Line(upToDate)
				}
			})
		}),
	}
	a.syncFlags(cmd, &opt)
	dryRun(cmd, &opt.DryRun)
	return cmd
}

func printFetched(p *Printer, r work.Fetched, dry bool) {
	verb := "fetched"
	if dry {
		verb = "to fetch"
	}
	printMoved(p, verb, r.Files, r.Bytes, "from", r.Remotes)
}
