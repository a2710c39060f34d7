package cli

import (
	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/render"
	"github.com/mlv-dev/mlv/internal/spec"
)

func newRemoteList(a *App) *cobra.Command {
	var names bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the remotes",
		RunE: func(*cobra.Command, []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			result := remotesResult{Remotes: []remoteView{}}
			for _, r := range s.Config.Remotes() {
				result.Remotes = append(result.Remotes, viewRemote(r))
			}
			return show(a, result, func(p *Printer, r remotesResult) { printRemotes(p, r.Remotes, names) })
		},
	}
	cmd.Flags().BoolVar(&names, "name-only", false, "print the names alone, one a line")
	return cmd
}

type remotesResult struct {
	Remotes []remoteView `json:"remotes"`
}

func printRemotes(p *Printer, list []remoteView, names bool) {
	t := render.Table{Columns: render.Columns("", "", "")}
	for _, r := range list {
		if names {
			p.Line("%s", r.Name)
			continue
		}
		t.Add(r.Name, r.URL, map[bool]string{true: "(default)"}[r.Default])
	}
	p.Table(t)
}

func newRemoteDefault(a *App) *cobra.Command {
	level := spec.AtProject
	cmd := &cobra.Command{
		Use:               "default [NAME]",
		Short:             "Print or choose the default remote",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.complete(at(remoteNames)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			if len(args) > 0 {
				_, err := s.SetDefaultRemote(level, args[0])
				return err
			}
			r, ok := s.DefaultRemote()
			if !ok {
				return errNo
			}
			return show(a, viewRemote(r), func(p *Printer, r remoteView) { p.Line("%s", r.Name) })
		},
	}
	levelFlags(cmd, &level, "write into")
	return cmd
}
