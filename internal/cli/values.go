package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/review"
	"github.com/mlv-dev/mlv/internal/value"
	"github.com/mlv-dev/mlv/internal/work"
)

// digits is how many significant digits of a number are shown.
const digits = 5

// valueDiff returns the command that compares values, as diff finds them.
func (a *App) valueDiff(noun, short string, diff func(context.Context, *work.Project, review.ValueOptions) (*review.ValueDiff, error)) *cobra.Command {
	var opt review.ValueOptions
	var as format
	var asked bool
	precision := digits
	cmd := &cobra.Command{
		Use:               "diff [REVISIONS]",
		Short:             short,
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: a.complete(ranges),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) (err error) {
			if opt.From, opt.To, err = review.Range(ctx, p, args); err != nil {
				return err
			}
			d, err := diff(ctx, p, opt)
			if err != nil {
				return err
			}
			if err := showDVC(a, d, func(p *Printer, d *review.ValueDiff) { p.As(as, diffTable(d, noun, precision)) }); err != nil {
				return err
			}
			a.warn(d.Problems)
			return a.verdict(asked, len(d.Changes) > 0)
		}),
	}
	a.targetsFlag(cmd, &opt.Targets, nothing)
	cmd.Flags().BoolVar(&opt.All, "all", false, "also what did not change")
	as.mdFlag(cmd)
	as.csvFlag(cmd)
	cmd.Flags().IntVar(&precision, "precision", digits, "round to `N` significant digits")
	exitCode(cmd, &asked)
	return cmd
}

func diffTable(d *review.ValueDiff, noun string, precision int) render.Table {
	t := render.Table{Columns: render.Columns("Path", noun, d.From+">", d.To+">", "Change>")}
	for _, c := range d.Changes {
		t.Add(c.File, c.Key, valueText(c.Old, precision), valueText(c.New, precision), valueText(c.Diff, precision))
	}
	return t
}

// valueText returns a value as a person reads it; "-" for none. A text that
// reads like another type stands in quotes.
func valueText(v *value.Value, precision int) string {
	switch {
	case v == nil:
		return "-"
	case v.Kind() == value.Float:
		f, _ := v.Float64()
		return strconv.FormatFloat(f, 'g', precision, 64)
	}
	return v.String()
}
