package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/pipeline"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newRepro)

func newRepro(a *App) *cobra.Command {
	var opt pipeline.ReproOptions
	cmd := &cobra.Command{
		Use:               "repro [TARGET...]",
		Short:             "Run the stages that are stale",
		GroupID:           "pipeline",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: a.complete(targets),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) (err error) {
			opt.Targets = args
			a.narrate(&opt)
			stages, err := pipeline.Open(p, a.whoRuns())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stages.Close()) }()
			done, err := stages.Repro(ctx, opt)
			due, stageErr := a.stage(ctx, p, done.Stage)
			return showDone(a, done, errors.Join(err, stageErr), func(p *Printer, r pipeline.ReproResult) {
				printRepro(p, r, opt.DryRun)
				p.GitAdd(due)
			})
		}),
	}
	f := cmd.Flags()
	f.BoolVarP(&opt.Force, "force", "f", false, "run stages even if nothing has changed")
	f.BoolVarP(&opt.Single, "single-item", "s", false, "run only the targets, not what they need")
	f.BoolVar(&opt.Downstream, "downstream", false, "run the targets and what depends on them")
	f.BoolVarP(&opt.KeepGoing, "keep-going", "k", false, "after a failure go on with what does not depend on it")
	f.BoolVar(&opt.NoRunCache, "no-run-cache", false, "run even what an earlier run answers")
	f.BoolVar(&opt.NoCommit, "no-commit", false, "keep no content of the outs")
	dryRun(cmd, &opt.DryRun)
	return cmd
}
