package cli

import (
	"bufio"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/errs"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newCheckIgnore)

// ignoreView says which of the results are printed, and how.
type ignoreView struct{ details, all, others, stdin bool }

func newCheckIgnore(a *App) *cobra.Command {
	var view ignoreView
	cmd := &cobra.Command{
		Use:               "check-ignore PATH...",
		Short:             "Tell which paths mlv leaves alone",
		GroupID:           "plumbing",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: files,
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			if view.stdin == (len(args) > 0) {
				return errs.New(errs.Usage, "run 'mlv check-ignore -h'", "give paths, or --stdin")
			}
			for lines := bufio.NewScanner(a.In); view.stdin && lines.Scan(); {
				args = append(args, lines.Text())
			}
			list, err := p.CheckIgnore(ctx, args)
			if err != nil {
				return err
			}
			any := false
			for _, item := range list {
				any = any || item.Ignored
			}
			if err := show(a, ignoredResult{list}, view.print); err != nil || any {
				return err
			}
			return errNo
		}),
	}
	f := cmd.Flags()
	f.BoolVarP(&view.details, "details", "d", false, "print the line that decides")
	f.BoolVarP(&view.all, "all", "a", false, "with -d, print all lines that match")
	f.BoolVarP(&view.others, "non-matching", "n", false, "with -d, print also what no line matches")
	f.BoolVar(&view.stdin, "stdin", false, "read the paths from stdin, one a line")
	return cmd
}

type ignoredResult struct {
	Paths []work.Ignored `json:"paths"`
}

func (v ignoreView) print(p *Printer, r ignoredResult) {
	for _, item := range r.Paths {
		rules := item.Rules
		switch {
		case !v.details && item.Ignored:
			p.Line("%s", item.Path)
		case v.details && len(rules) == 0 && v.others:
			p.Line("::\t%s", item.Path)
		case v.details && len(rules) > 0:
			if !v.all {
				rules = rules[len(rules)-1:]
			}
			for _, rule := range rules {
				p.Line("%s\t%s", fmt.Sprintf("%s:%d:%s", rule.File, rule.Line, rule.Text), item.Path)
			}
		}
	}
}
