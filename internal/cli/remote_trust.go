package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func newRemoteTrust(a *App) *cobra.Command {
	var revoke bool
	cmd := &cobra.Command{
		Use:               "trust [NAME]",
		Short:             "Agree that data may be pushed to a remote",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.complete(at(remoteNames)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			r, err := s.TrustRemote(strings.Join(args, ""), !revoke)
			if err != nil {
				return err
			}
			return show(a, trustResult{viewRemote(r), !revoke}, func(p *Printer, t trustResult) {
				if t.Trusted {
					p.Line("this project's data may be pushed to %s", t.URL)
				} else {
					p.Line("this project's data may no longer be pushed to %s", t.URL)
				}
			})
		},
	}
	cmd.Flags().BoolVar(&revoke, "revoke", false, "take the trust back")
	return cmd
}

type trustResult struct {
	remoteView
	Trusted bool `json:"trusted"`
}
