package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mlv-dev/mlv/internal/spec"
)

func newRemoteModify(a *App) *cobra.Command {
	level := spec.AtProject
	var unset bool
	cmd := &cobra.Command{
		Use:               "modify NAME KEY [VALUE]",
		Short:             "Change a setting of a remote",
		ValidArgsFunction: a.complete(at(remoteNames, remoteFields, remoteValues)),
		Args: func(cmd *cobra.Command, args []string) error {
			if unset {
				return cobra.ExactArgs(2)(cmd, args)
			}
			return cobra.ExactArgs(3)(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			if !unset {
				return s.SetRemote(level, a.Dir, args[0], args[1], args[2])
			}
			had, err := s.UnsetRemote(level, args[0], args[1])
			if err == nil && !had {
				err = errNo
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&unset, "unset", false, "remove the setting")
	levelFlags(cmd, &level, "write into")
	return cmd
}

// remoteValues returns the values that a setting of a remote may have.
func remoteValues(_ context.Context, _ *App, args []string) []string {
	return valuesOf("remotes.NAME." + args[1])
}

func newRemoteRename(a *App) *cobra.Command {
	return &cobra.Command{
		Use:               "rename OLD NEW",
		Short:             "Rename a remote",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.complete(at(remoteNames)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			return s.RenameRemote(args[0], args[1])
		},
	}
}

func newRemoteRemove(a *App) *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME",
		Short:             "Forget a remote",
		Aliases:           []string{"rm"},
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.complete(at(remoteNames)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			return s.RemoveRemote(args[0])
		},
	}
}
