package cli

import (
	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/spec"
	"github.com/mlv-dev/mlv/internal/work"
)

var _ = register(newRemote)

func newRemote(a *App) *cobra.Command {
	return group("remote", "Say where data is shared", "sync",
		newRemoteAdd(a), newRemoteList(a), newRemoteDefault(a), newRemoteModify(a),
		newRemoteRename(a), newRemoteRemove(a), newRemoteTrust(a))
}

func newRemoteAdd(a *App) *cobra.Command {
	opt := work.AddRemoteOptions{Level: spec.AtProject}
	cmd := &cobra.Command{
		Use:               "add NAME URL",
		Short:             "Add a remote",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.complete(nothing),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			opt.Name, opt.URL, opt.Dir = args[0], args[1], a.Dir
			added, err := s.AddRemote(opt)
			if err != nil {
				return err
			}
			return show(a, viewRemote(added), func(p *Printer, r remoteView) {
				p.Line("added remote %s: %s", r.Name, r.URL)
			})
		},
	}
	cmd.Flags().BoolVarP(&opt.Default, "default", "d", false, "make it the default remote")
	cmd.Flags().BoolVarP(&opt.Force, "force", "f", false, "replace a remote of that name")
	cmd.Flags().StringArrayVar(&opt.Set, "set", nil, "also set `KEY=VALUE` of the remote; may be repeated")
	levelFlags(cmd, &opt.Level, "write into")
	return cmd
}

// A remoteView is a remote as it is shown.
type remoteView struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Default bool   `json:"default"`
	Level   string `json:"level"`
}

func viewRemote(r spec.Remote) remoteView {
	return remoteView{r.Name, r.URL, r.Default, r.Level.String()}
}
