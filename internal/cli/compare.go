package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
)

// exitCode declares --exit-code, which -q implies.
func exitCode(cmd *cobra.Command, p *bool) {
	cmd.Flags().BoolVar(p, "exit-code", false, "end with 3 if anything differs; -q implies it")
}

// verdict is the error of a command that is asked whether anything differs.
func (a *App) verdict(asked, differs bool) error {
	if differs && (asked || a.Quiet) {
		return errNo
	}
	return nil
}

// A format is how a table is printed.
type format struct{ md, csv bool }

// mdFlag declares --md.
func (f *format) mdFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.md, "md", false, "print a Markdown table")
}

// csvFlag declares --csv.
func (f *format) csvFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.csv, "csv", false, "print CSV")
}

// As prints a table in a format.
func (p *Printer) As(f format, t render.Table) {
	switch { // an error of the stream comes at the end
	case f.md:
		_ = t.Markdown(p)
	case f.csv:
		_ = t.CSV(p)
	case len(t.Rows) > 0:
		_ = t.Text(p)
	}
}

// targetsFlag declares --targets.
func (a *App) targetsFlag(cmd *cobra.Command, list *[]string, f completer) {
	cmd.Flags().StringArrayVar(list, "targets", nil, "only `PATH`; may be repeated")
	a.completeFlag(cmd, "targets", f)
}

// ranges completes the revisions of a command that compares.
func ranges(ctx context.Context, a *App, args []string) []string {
	if len(args) > 1 || len(args) == 1 && strings.Contains(args[0], "..") {
		return nil
	}
	return revisions(ctx, a, args)
}
