package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/object"
	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/review"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newDiff)

func newDiff(a *App) *cobra.Command {
	var opt review.DiffOptions
	var as format
	var hash, asked bool
	cmd := &cobra.Command{
		Use:               "diff [REVISIONS]",
		Short:             "Show which data changed between two revisions",
		GroupID:           "data",
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: a.complete(ranges),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) (err error) {
			if opt.From, opt.To, err = review.Range(ctx, p, args); err != nil {
				return err
			}
			changes, err := review.Diff(ctx, p, opt)
			if err != nil {
				return err
			}
			err = showDVC(a, changes, func(p *Printer, c *review.Changes) { p.As(as, changesTable(c, hash, as)) })
			if err != nil {
				return err
			}
			return a.verdict(asked, !changes.Empty())
		}),
	}
	a.targetsFlag(cmd, &opt.Targets, trackedPaths)
	as.mdFlag(cmd)
	cmd.Flags().BoolVar(&hash, "show-hash", false, "print hashes, too")
	exitCode(cmd, &asked)
	return cmd
}

func changesTable(c *review.Changes, hash bool, as format) render.Table {
	t := render.Table{Columns: render.Columns("", "")}
	if as.md {
		t.Columns = render.Columns("Change", "Path")
	}
	if hash {
		t.Columns = append([]render.Column{{Name: map[bool]string{true: "Hash"}[as.md]}}, t.Columns...)
	}
	add := func(what, path string, id object.ID) {
		if hash {
			t.Add(id.String()[:8], what, path)
			return
		}
		t.Add(what, path)
	}
	for _, v := range c.Added {
		add("added", v.Path, v.Hash)
	}
	for _, v := range c.Deleted {
		add("deleted", v.Path, v.Hash)
	}
	for _, v := range c.Modified {
		add("modified", v.Path, v.Hash.New)
	}
	for _, v := range c.Renamed {
		add("renamed", v.Path.Old+" → "+v.Path.New, v.Hash)
	}
	for _, v := range c.NotInCache {
		add("not in cache", v.Path, v.Hash)
	}
	return t
}
