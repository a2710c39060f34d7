package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newCheckIgnore)

func newCheckIgnore(a *App) *cobra.Command {
	return &cobra.Command{
		Use:               "check-ignore PATH...",
		Short:             "Tell which paths .mlvignore names",
		GroupID:           "plumbing",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: files,
		RunE: a.inProject(func(_ context.Context, p *work.Project, args []string) error {
			ignored, err := p.Ignored(args)
			if err != nil {
				return err
			}
			if err := show(a, ignoredPaths{ignored}, func(p *Printer, r ignoredPaths) {
				for _, name := range r.Ignored {
					p.Line("%s", name)
				}
			}); err != nil {
				return err
			}
			if len(ignored) == 0 {
				return errNo
			}
			return nil
		}),
	}
}

type ignoredPaths struct {
	Ignored []string `json:"ignored"`
}
