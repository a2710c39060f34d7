package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newMove)

func newMove(a *App) *cobra.Command {
	var opt work.MoveOptions
	cmd := &cobra.Command{
		Use:               "move SRC DST",
		Short:             "Rename a tracked file or folder",
		GroupID:           "data",
		Aliases:           []string{"mv"},
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.complete(at(trackedPaths)),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.From, opt.To = args[0], args[1]
			done, err := p.Move(ctx, opt)
			if err != nil {
				return err
			}
			due, err := a.stage(ctx, p, done.Stage)
			return showDone(a, done, err, func(p *Printer, m work.Moved) {
				p.Line("moved %s to %s", m.From, m.To)
				p.GitAdd(due)
			})
		}),
	}
	cmd.Flags().BoolVarP(&opt.Force, "force", "f", false, "replace what stands at DST")
	return cmd
}
