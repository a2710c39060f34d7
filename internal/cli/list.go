package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newList)

func newList(a *App) *cobra.Command {
	var opt work.ListOptions
	var size, hash bool
	cmd := &cobra.Command{
		Use:               "list [PATH]",
		Short:             "List the files of git and those that mlv tracks",
		GroupID:           "data",
		Aliases:           []string{"ls"},
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.complete(at(trackedPaths)),
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Path = strings.Join(args, "")
			list, err := p.List(ctx, opt)
			if err != nil {
				return err
			}
			return show(a, listResult{list}, func(p *Printer, r listResult) { printList(p, r.Files, size, hash) })
		}),
	}
	f := cmd.Flags()
	f.StringVar(&opt.Rev, "rev", "", "as `REV` records it")
	f.BoolVarP(&opt.Recursive, "recursive", "R", false, "also everything below")
	f.BoolVar(&opt.Tracked, "tracked", false, "only what mlv tracks")
	f.BoolVar(&opt.Tracked, "dvc-only", false, "the same, for users of DVC")
	f.BoolVar(&size, "size", false, "print sizes")
	f.BoolVar(&hash, "show-hash", false, "print hashes")
	_ = f.MarkHidden("dvc-only") // it stands above
	a.completeFlag(cmd, "rev", revisions)
	return cmd
}

type listResult struct {
	Files []work.Listed `json:"files"`
}

func printList(p *Printer, list []work.Listed, size, hash bool) {
	t := render.Table{Columns: []render.Column{{}}}
	if hash {
		t.Columns = append(t.Columns, render.Column{})
	}
	if size {
		t.Columns = append([]render.Column{{Right: true}}, t.Columns...)
	}
	for _, item := range list {
		var row []string
		if size {
			row = append(row, render.Size(item.Size))
		}
		if hash {
			row = append(row, item.Hash)
		}
		if item.Type == "directory" {
			item.Path += "/"
		}
		t.Add(append(row, item.Path)...)
	}
	p.Table(t)
}
