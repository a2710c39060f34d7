package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newInit)

func newInit(a *App) *cobra.Command {
	var opt work.InitOptions
	cmd := &cobra.Command{
		Use:               "init [DIR]",
		Short:             "Make a folder an mlv project",
		GroupID:           "start",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: folders,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt.Options = a.options(cmd.Context())
			for _, dir := range args {
				opt.Dir = under(a.Dir, dir)
			}
			made, err := work.Init(cmd.Context(), opt)
			if err != nil {
				return err
			}
			return show(a, made, func(p *Printer, r work.InitResult) {
				p.Line("%s is an mlv project now", r.Dir)
				p.GitAdd(r.Stage)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opt.NoGit, "no-git", false, "work without git")
	f.BoolVar(&opt.NoGit, "no-scm", false, "the same, for users of DVC")
	f.BoolVar(&opt.Subdir, "subdir", false, "in a folder below the repository's top")
	f.StringVar(&opt.Remote, "remote", "", "add `URL` as the default remote")
	f.BoolVarP(&opt.Force, "force", "f", false, "write what is missing in a project that exists")
	_ = f.MarkHidden("no-scm") // it stands above
	return cmd
}

// under returns name as seen from dir.
func under(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
