package cli

import (
	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newRoot)

func newRoot(a *App) *cobra.Command {
	return &cobra.Command{
		Use:     "root",
		Short:   "Print the project's folder",
		GroupID: "plumbing",
		RunE: func(*cobra.Command, []string) error {
			dir, err := work.Find(a.Dir)
			if err != nil {
				return err
			}
			return show(a, rootResult{dir}, func(p *Printer, r rootResult) { p.Line("%s", r.Root) })
		},
	}
}

type rootResult struct {
	Root string `json:"root"`
}
