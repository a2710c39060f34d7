package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newCheckout)

func newCheckout(a *App) *cobra.Command {
	var opt work.CheckoutOptions
	cmd := &cobra.Command{
		Use:               "checkout [TARGET...]",
		Short:             "Make the files what the pointers say",
		GroupID:           "data",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.complete(targets),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Targets = args
			changes, err := p.Checkout(ctx, opt)
			return showDone(a, changes, err, (*Printer).Changes)
		}),
	}
	f := cmd.Flags()
	f.BoolVarP(&opt.Force, "force", "f", false, "overwrite changes that are saved nowhere")
	f.BoolVarP(&opt.Recursive, "recursive", "R", false, "a folder means everything tracked below it")
	f.BoolVar(&opt.Relink, "relink", false, "place files that are right already anew")
	f.BoolVar(&opt.AllowMissing, "allow-missing", false, "content that is missing here is no failure")
	dryRun(cmd, &opt.DryRun)
	return cmd
}
