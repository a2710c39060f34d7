package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newPush)

func newPush(a *App) *cobra.Command {
	var opt work.SyncOptions
	cmd := &cobra.Command{
		Use:               "push [TARGET...]",
		Short:             "Send data to the remote",
		GroupID:           "sync",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.complete(targets),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Targets = args
			done, err := p.Push(ctx, opt)
			return showDone(a, done, err, func(p *Printer, r work.Pushed) { printPushed(p, r, opt.DryRun, err) })
		}),
	}
	a.syncFlags(cmd, &opt)
	cmd.Flags().BoolVar(&opt.Verify, "verify", false, "check all that the remote should have, and send again what it lost")
	dryRun(cmd, &opt.DryRun)
	return cmd
}

func printPushed(p *Printer, r work.Pushed, dry bool, err error) {
	if r.Checked > 0 {
		p.Line("%s checked, %s damaged", render.Count(r.Checked, "object"), render.Number(int64(r.Damaged)))
	}
	verb := "pushed"
	if dry {
		verb = "to push"
	}
	printMoved(p, verb, r.Files, r.Bytes, "to", r.Remotes)
	if r.UpToDate && err == nil {
		p.Line(upToDate)
	}
}
