package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/review"
	"github.com/mlv-dev/mlv/internal/work"
)

// alone answers mlv without a command: in a project with three lines of status
// and what to do next, elsewhere with the commands.
func (a *App) alone(root *cobra.Command) error {
	if _, err := work.Find(a.Dir); err != nil {
		return a.page(root.Context(), overview(root))
	}
	return a.inProject(func(ctx context.Context, p *work.Project, _ []string) error {
		s, err := review.Look(ctx, p, review.StatusOptions{})
		if err != nil {
			return err
		}
		return show(a, aloneResult{p.Root.Dir(), s.Outputs, len(p.Spec.Stages()), s.Next(), s}, printAlone)
	})(root, nil)
}

type aloneResult struct {
	Root    string         `json:"root"`
	Outputs int            `json:"outputs"`
	Stages  int            `json:"stages"`
	Next    string         `json:"next"`
	Status  *review.Status `json:"status"`
}

func printAlone(p *Printer, r aloneResult) {
	p.Line("%s: %s, %s", r.Root, render.Count(r.Outputs, "output"), render.Count(r.Stages, "stage"))
	w := &r.Status.Uncommitted
	var parts []string
	if n := len(w.Added) + len(w.Modified) + len(w.Deleted) + len(w.Unknown); n > 0 {
		parts = append(parts, render.Count(n, "path")+" changed and not recorded")
	}
	if stale := len(r.Status.Stages); stale > 0 {
		parts = append(parts, render.Count(stale, "stage")+" stale")
	}
	if n := len(r.Status.NotInCache); n > 0 {
		parts = append(parts, render.Count(n, "output")+" not in the cache")
	}
	if len(parts) == 0 {
		parts = []string{"nothing has changed"}
	}
	p.Line("%s", sentence(parts))
	p.Line("next: %s", r.Next)
}
