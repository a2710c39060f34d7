package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newAdd)

func newAdd(a *App) *cobra.Command {
	var opt work.AddOptions
	cmd := &cobra.Command{
		Use:               "add PATH...",
		Short:             "Track files and folders, and keep their content",
		GroupID:           "data",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: files,
		RunE: a.inProject(func(ctx context.Context, p *work.Project, args []string) error {
			opt.Paths = args
			done, err := p.Add(ctx, opt)
			if err != nil {
				return err
			}
			due, err := a.stage(ctx, p, done.Stage)
			return showDone(a, done, err, func(p *Printer, r work.AddResult) {
				for _, added := range r.Added {
					printAdded(p, added)
				}
				if !opt.DryRun {
					p.GitAdd(due)
				}
			})
		}),
	}
	f := cmd.Flags()
	f.StringVarP(&opt.Out, "out", "o", "", "copy the one file or folder to `PATH`, and track it there")
	f.BoolVar(&opt.Glob, "glob", false, "PATH may hold *, ?, [...] and **")
	f.BoolVar(&opt.NoCommit, "no-commit", false, "write the pointer, but keep no content")
	f.BoolVarP(&opt.Force, "force", "f", false, "with -o, replace what stands at PATH")
	f.StringVar(&opt.Desc, "desc", "", "write `TEXT` into the pointer as its description")
	a.jobsFlag(cmd, "read `N` files at once")
	dryRun(cmd, &opt.DryRun)
	_ = cmd.RegisterFlagCompletionFunc("out", files) // it stands above
	return cmd
}

func printAdded(p *Printer, a work.Added) {
	size := render.Size(a.Size)
	if a.Files != 1 {
		size = render.Count(a.Files, "file") + ", " + size
	}
	p.Line("%s %s: %s", a.Change, a.Path, size)
}

// files completes names of the file system.
func files(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// dryRun declares --dry-run, which DVC calls --dry.
func dryRun(cmd *cobra.Command, p *bool) {
	cmd.Flags().BoolVar(p, "dry-run", false, "print what would be done, and do nothing")
	cmd.Flags().BoolVar(p, "dry", false, "the same, for users of DVC")
	_ = cmd.Flags().MarkHidden("dry") // it stands above
}
