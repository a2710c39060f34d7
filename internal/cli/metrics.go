package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/review"
	"github.com/mlv-dev/mlv/internal/ui"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newMetrics)

func newMetrics(a *App) *cobra.Command {
	return group("metrics", "Look at the numbers that say how good a model is", "review",
		newMetricsShow(a), a.valueDiff("Metric", "Compare metrics of two revisions", review.MetricsDiff))
}

func newMetricsShow(a *App) *cobra.Command {
	var as format
	var rev string
	precision := digits
	cmd := &cobra.Command{
		Use:               "show [TARGET...]",
		Short:             "Show metrics",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: files,
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			shown, err := review.MetricsShow(ctx, p, []string{rev}, args)
			if err != nil {
				return err
			}
			err = showDVC(a, shown, func(p *Printer, s *review.Shown) { p.As(as, metricsTable(s, precision)) })
			a.warn(problems(shown))
			return err
		}),
	}
	cmd.Flags().StringVar(&rev, "rev", "", "as `REV` has them")
	as.mdFlag(cmd)
	as.csvFlag(cmd)
	cmd.Flags().IntVar(&precision, "precision", digits, "round to `N` significant digits")
	a.completeFlag(cmd, "rev", revisions)
	return cmd
}

func metricsTable(s *review.Shown, precision int) render.Table {
	t := render.Table{Columns: render.Columns("Path", "Metric", "Value>")}
	for _, rev := range s.Revs {
		for _, l := range rev.Leaves() {
			t.Add(l.File, l.Key, valueText(l.New, precision))
		}
	}
	return t
}

func problems(s *review.Shown) (list []review.Problem) {
	for _, rev := range s.Revs {
		for _, f := range rev.Files {
			if f.Err != nil {
				list = append(list, review.Problem{Rev: rev.Rev, Path: f.Path, Err: f.Err})
			}
		}
	}
	return list
}

// warn says which files could not be read; the others were shown.
func (a *App) warn(list []review.Problem) {
	for _, p := range list {
		fmt.Fprintf(a.Err, "%s %s at %s: %s\n", a.screen.Err.Paint(ui.Warn, "warning:"), render.Safe(p.Path), render.Safe(p.Rev), render.Safe(p.Err.Error()))
	}
}
